#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]
#![recursion_limit = "256"]

mod checkpoint;
mod config;
mod error;
mod machine;
mod objective;
mod optimizer;
mod trainer;

pub use config::{Decay, TrainConfig, TrainEngine, TrainRuntime};
pub use error::Error;
pub use machine::Machine;
pub use objective::{Measures, Objective};
pub use optimizer::gradient_norm;
pub use trainer::{OnStep, train};
