#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]
#![recursion_limit = "256"]

mod conversation;
mod dropout;
mod engine;
mod error;
mod folder;
mod layers;
pub mod lora;
mod model;
mod ops;
mod packed;
mod quantized;
mod rope;
mod training;
mod weights;

// What it takes to answer a prompt, for programs that have no other crate of this workspace.
pub use burn::tensor::Device;
pub use srlm_generate::{Generate, Sampling};

pub use conversation::{Conversation, ConversationError};
pub use dropout::Dropout;
pub use engine::{Engine, EngineConfig, Event, Serving, Throughput, TokenScore};
pub use error::Error;
pub use layers::{Attention, Layer, Linear, Mlp, RmsNorm};
pub use lora::LoraAdapter;
pub use model::{Embedding, Model};
pub use ops::{adamw_step, sum_of_squares};
pub use packed::{PackedSequences, Scored};
pub use quantized::QuantizedMatrix;
pub use srlm_kernels::{AdamW, Layout};
pub use srlm_settings::{LoraConfig, Precision};
pub use training::TrainingPass;
pub use weights::TensorSource;
