//! Real and broken models, read as a user's would be.

#![allow(clippy::unwrap_used)]

mod broken;
mod folders;
mod gguf;
#[cfg(feature = "download")]
mod hub;
mod models;
mod ollama;
#[cfg(feature = "download")]
mod package;
mod save;
mod smollm2;
mod sources;
mod spm;
#[cfg(feature = "download")]
mod stand_in;
mod tiny;
