//! Saves a model as a Hugging Face folder: `save_folder MODEL DIR [f32|f16|bf16]
//! [MAX_SHARD_BYTES]`.

use std::error::Error;
use std::path::Path;

use srlm_checkpoint::{Checkpoint, Dtype, FolderWriter, SaveOptions};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, dir, rest @ ..] = args.as_slice() else {
        return Err("two paths are needed: MODEL DIR".into());
    };
    let mut options = SaveOptions::default();
    for arg in rest {
        match arg.as_str() {
            "f32" => options.dtype = Dtype::F32,
            "f16" => options.dtype = Dtype::F16,
            "bf16" => options.dtype = Dtype::Bf16,
            bytes => options.max_shard_bytes = bytes.parse()?,
        }
    }
    let checkpoint = Checkpoint::open(Path::new(model))?;
    let tensors: Vec<_> = checkpoint.config.tensors().collect();
    let mut writer = FolderWriter::create(
        Path::new(dir),
        &checkpoint.config,
        &checkpoint.tokenizer,
        &tensors,
        options,
    )?;
    for (name, _) in &tensors {
        writer.tensor(name, &checkpoint.tensor(name)?.1)?;
    }
    writer.finish()?;
    Ok(())
}
