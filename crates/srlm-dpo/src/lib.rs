#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]
#![recursion_limit = "256"]

mod config;
mod error;
mod lengths;
mod loss;
mod objective;
pub mod reference;
mod stage;
pub mod unpaired;

pub use config::DpoConfig;
pub use error::Error;
pub use loss::{LossSettings, LossType, PairLogps, PreferenceLoss, preference_loss};
pub use objective::{PairExample, PreferenceObjective};
pub use stage::{Inputs, run};
