//! Answers a prompt: `outside-model PATH`, a Hugging Face folder or a GGUF file.
use std::path::Path;

use srlm_model::{Device, Engine, Generate, Sampling};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: outside-model PATH")?;
    let mut engine = Engine::open(Path::new(&path), &Device::flex())?;
    let sampling = Sampling { max_tokens: 48, temperature: 0.0, ..Sampling::default() };
    let answer = engine.answer("Name three colors.", &sampling, 42)?;
    println!("{answer}");
    assert!(!answer.is_empty());
    Ok(())
}
