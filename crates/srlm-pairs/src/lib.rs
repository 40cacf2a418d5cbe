#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod candidates;
mod config;
mod error;
mod select;
mod stage;

pub use candidates::{Candidate, PromptCandidates, candidates_by_prompt};
pub use config::PairsConfig;
pub use error::Error;
pub use select::{Selection, SelectionCounts, select_pairs};
pub use stage::{Inputs, run};
