#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod dpo;
mod error;
mod lora;
mod loss_type;
mod named_loss;
mod precision;
mod sft;
mod train;
mod validation;

pub use dpo::DpoConfig;
pub use error::Error;
pub use lora::LoraConfig;
pub use loss_type::{LossType, UnpairedLoss};
pub use named_loss::NamedLoss;
pub use precision::Precision;
pub use sft::{LossOn, SftConfig};
pub use train::{Decay, Order, TrainConfig, TrainEngine, TrainRuntime};
pub use validation::{ValidateBy, ValidationConfig};
