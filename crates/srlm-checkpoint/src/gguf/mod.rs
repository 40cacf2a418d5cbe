//! GGUF files: header, configuration, tensors and the tokenizer's tables.
//!
//! # Source
//! `docs/gguf.md` of ggml, and llama.cpp's `convert_hf_to_gguf.py` for what it changes on the way
//! in.

mod config;
mod format;
mod header;
mod metadata;
mod names;
mod quantize;
mod reader;
mod rope;
mod value;
mod weights;
mod write;
mod write_header;
mod write_metadata;
mod write_tokenizer;

#[cfg(test)]
mod tests;

pub(crate) use self::config::read as read_config;
pub use self::format::GgufFormat;
pub(crate) use self::header::Header;
pub(crate) use self::metadata::Metadata;
pub(crate) use self::weights::read as read_weights;
pub use self::write::{GgufOptions, write_gguf};
