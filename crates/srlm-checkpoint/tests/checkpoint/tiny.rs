//! Tiny random models, one a family.

use srlm_checkpoint::Checkpoint;

use crate::models::vectors;

#[test]
fn open() {
    for name in ["tiny_llama_f32.gguf", "tiny_qwen2_f32.gguf"] {
        let Some(path) = vectors(name) else { return };
        let checkpoint = Checkpoint::open(&path).unwrap();
        eprintln!("{:?}", checkpoint.config);
        for n in checkpoint.tensor_names() { checkpoint.tensor(&n).unwrap(); }
    }
}
