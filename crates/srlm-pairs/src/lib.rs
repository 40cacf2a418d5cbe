#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod anchor;
mod candidates;
mod config;
mod consistency;
mod counts;
mod error;
mod filter;
mod future;
mod perfect;
mod ranked;
mod safety;
mod select;
mod side_stages;
mod spin;
mod stage;
mod strategy;
mod unpaired;

// What it takes to call `select_pairs`, for programs that have no other crate of this workspace.
pub use srlm_artifact::{Aggregation, FinishReason, PairRow, Place};

pub use anchor::anchor;
pub use candidates::{Candidate, PromptCandidates, candidates_by_prompt};
pub use config::{LabelWeights, PairsConfig, Strategy};
pub use consistency::{RankConsistency, rank_consistency, weigh};
pub use counts::SelectionCounts;
pub use error::Error;
pub use future::{FutureCounts, FutureGuided, future_guided};
pub use perfect::{Perfect, PerfectConfig, PerfectCounts, perfect};
pub use safety::{SafetyCounts, SafetyReward, with_safety};
pub use select::{Selection, select_pairs};
pub use side_stages::{Judged, run_future_guided, run_perfect, run_spin, run_unpaired};
pub use spin::{Spin, SpinCounts, spin};
pub use stage::{Inputs, run};
pub use unpaired::{UnpairedConfig, UnpairedCounts, UnpairedOf, UnpairedResponses, unpaired};
