#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod back;
mod command;
mod config;
mod error;
mod hand_over;
mod numbers;
mod render;
mod rows;
mod training;

pub use back::{Verified, begin_model, take_back, verify};
pub use config::{Device, ExternalConfig, Sharding, Tool};
pub use error::Error;
pub use hand_over::{Data, HandOver, Inputs, hand_over};
pub use render::{Rendered, render};
pub use rows::pair as pair_row;
pub use training::{Table, Training};
