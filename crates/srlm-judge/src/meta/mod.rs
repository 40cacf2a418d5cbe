//! Training data for the judge itself (Meta-Rewarding): a model compares its own judgments two by
//! two, and the best judgment of a response is paired with the worst.
//!
//! 1. [`choose_response`] picks, for each prompt, the response that its judgments disagree about
//!    most.
//! 2. [`run`] asks which of each two of that response's judgments is better, in both orders, and
//!    writes the artifact `battles`.
//! 3. [`position_weights`] weighs wins by where the winner stood; [`strengths`] makes one number of
//!    each judgment's wins; [`judge_pairs`] pairs the strongest with the weakest. [`run_pairs`]
//!    writes the artifact `pairs`.
//!
//! # Source
//! Wu et al. 2024, "Meta-Rewarding Language Models", arXiv 2407.19594.

mod battles;
mod choose;
mod config;
mod extremes;
mod pairs;
mod pairs_stage;
mod rubric;
mod stage;
mod strength;
mod weights;

pub use battles::battle_requests;
pub use choose::choose_response;
pub use config::{BattlesConfig, JudgePairsConfig};
pub use pairs::{JudgePairs, JudgePairsCounts, judge_pairs};
pub use pairs_stage::{PairsInputs, run_pairs};
pub use rubric::{MetaRubric, parse_winner};
pub use stage::{Inputs, run};
pub use strength::{strengths, win_rates};
pub use weights::{PositionWeights, position_weights};
