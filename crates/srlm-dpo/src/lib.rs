#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]
#![recursion_limit = "256"]

mod error;
mod groups;
mod lengths;
mod loss;
mod objective;
pub mod reference;
mod stage;
pub mod unpaired;

pub use error::Error;
pub use loss::{LossSettings, PairLogps, PreferenceLoss, preference_loss};
pub use objective::{PairExample, PreferenceObjective};
pub use srlm_settings::{DpoConfig, LossType, NamedLoss, UnpairedLoss};
pub use stage::{Inputs, run};
