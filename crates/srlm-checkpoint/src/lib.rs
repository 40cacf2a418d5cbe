#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod checkpoint;
mod config;
mod error;
mod gguf;
mod tokenizer;
mod weights;

pub use checkpoint::Checkpoint;
pub use config::{Architecture, ModelConfig, RopeScaling};
pub use error::Error;
pub use tokenizer::{TextStream, Tokenizer};
