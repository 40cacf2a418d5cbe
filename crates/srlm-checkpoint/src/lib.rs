#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod chat_template;
mod checkpoint;
mod config;
mod error;
mod export;
mod folder;
mod gguf;
mod hash;
mod safetensors;
mod save;
mod source;
mod tokenizer;
mod weights;

pub use checkpoint::Checkpoint;
pub use config::{Architecture, ModelConfig, RopeScaling};
pub use error::Error;
pub use export::{CardTable, ModelCard, OllamaSettings, modelfile};
pub use gguf::{GgufFormat, GgufOptions, write_gguf};
pub use safetensors::{Dtype, NamedTensor, read_safetensors, write_safetensors};
pub use save::{FolderWriter, SaveOptions};
pub use source::{Source, SourceOptions, resolve};
pub use tokenizer::{TextStream, Tokenizer};
pub use weights::StoredMatrix;
