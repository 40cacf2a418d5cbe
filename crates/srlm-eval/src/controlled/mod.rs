//! Comparisons with length held fixed, ratings over many models, and how texts vary.
//!
//! ```
//! use srlm_eval::Bootstrap;
//! use srlm_eval::controlled::{LengthControl, LengthPair, length_controlled_win_rate};
//!
//! // The new model wins exactly where its response is the longer one.
//! let pairs: Vec<LengthPair> = (0..40)
//!     .map(|i| LengthPair { preference: f64::from(i % 2), new_length: 100 + 50 * (i % 2) as u64, old_length: 125 })
//!     .collect();
//! let found = length_controlled_win_rate(&pairs, &LengthControl::default(), &Bootstrap::default()).expect("pairs");
//! assert!(found.length_weight > 1.0 && found.controlled.covers(0.5));
//! ```

mod bleu;
mod bradley_terry;
mod diversity;
mod lasso;
mod length_bias;
mod length_control;
mod logistic;
mod refusal;

pub use bradley_terry::{BradleyTerry, Match, Rating, ratings};
pub use diversity::{Diversity, diversity};
pub(crate) use lasso::cross_validated;
pub use length_bias::{LengthBias, LengthBin, Scored, length_bias};
pub use length_control::{
    LengthControl, LengthControlled, LengthMatched, LengthPair, length_controlled_win_rate,
    length_matched_win_rate,
};
pub(crate) use logistic::{Observation, sigmoid};
pub use refusal::is_refusal;
