#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]
#![recursion_limit = "256"]

mod error;
mod objective;
mod stage;

pub use error::Error;
pub use objective::{Example, HeldOutLoss, ResponseLoss, held_out_loss};
pub use srlm_settings::{LossOn, SftConfig};
pub use stage::{Inputs, examples, run};
