#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]
#![recursion_limit = "256"]

mod checkpoint;
mod ema;
mod error;
mod machine;
mod objective;
mod optimizer;
mod stage;
mod step;
mod trainer;
mod validation;

pub use error::Error;
pub use machine::Machine;
pub use objective::{Measures, Objective, StepNumbers};
pub use optimizer::gradient_norm;
pub use srlm_settings::{
    Decay, Order, Precision, TrainConfig, TrainEngine, TrainRuntime, ValidateBy, ValidationConfig,
};
pub use stage::{Course, Start, run};
pub use trainer::{Hooks, OnStep, Settings, Trained, train};
pub use validation::{Validate, ValidateError};
