//! Building judging examples (EFT) from responses that people ranked and a model judged.
//!
//! The SFT baseline judges ranked responses; where the order of its mean scores agrees with
//! people's, its judgments become examples of good judging. [`build`] is the rule, [`run`] the
//! stage.
//!
//! # Source
//! Yuan et al. 2024, section 3.1.1. The paper does not state how many judgments a response gets,
//! how ties count, which of several judgments becomes the target, and how many of the most common
//! score are discarded; each item here says what we do.

mod agree;
mod build;
mod config;
mod counts;
mod examples;
mod stage;
mod target;
mod thin;

pub use build::{EftScores, EftSelection, build};
pub(crate) use config::check_share;
pub use config::{EftConfig, ScoreTies};
pub use counts::EftCounts;
pub use stage::{EftArtifacts, Inputs, Out, run};
pub(crate) use target::rationale;
pub(crate) use thin::thin;
