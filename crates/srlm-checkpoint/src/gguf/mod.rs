//! GGUF files: header, configuration, tensors and the tokenizer's tables.
//!
//! # Source
//! `docs/gguf.md` of ggml, and llama.cpp's `convert_hf_to_gguf.py` for what it changes on the way in.

mod config;
mod header;
mod metadata;
mod names;
mod reader;
mod rope;
mod value;
mod weights;

#[cfg(test)]
mod tests;

pub(crate) use self::config::read as read_config;
pub(crate) use self::header::Header;
pub(crate) use self::metadata::Metadata;
pub(crate) use self::weights::read as read_weights;
