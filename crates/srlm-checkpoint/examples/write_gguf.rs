//! Writes a model as a GGUF file: `write_gguf MODEL FILE.gguf [f32|f16|bf16|q8_0|q4_0]`.

use std::error::Error;
use std::path::Path;

use srlm_checkpoint::{Checkpoint, GgufFormat, GgufOptions, write_gguf};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, file, rest @ ..] = args.as_slice() else {
        return Err("two paths are needed: MODEL FILE.gguf".into());
    };
    let format = rest.first().map_or("f32", String::as_str);
    let format =
        GgufFormat::from_name(format).ok_or("formats are f32, f16, bf16, q8_0 and q4_0")?;
    let name = Path::new(model).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    write_gguf(
        &Checkpoint::open(Path::new(model))?,
        Path::new(file),
        &GgufOptions { format, name },
    )?;
    Ok(())
}
