#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod config;
pub mod eft;
mod error;
mod expected;
mod front_matter;
mod health;
mod judged;
mod judgment;
mod mean;
pub mod meta;
mod number;
mod one;
mod pattern;
mod recipe;
mod rubric;
mod scale;
mod score;
mod shorten;
mod stage;
mod statement;
mod template;
mod training;
mod verdict;
pub mod verify;

pub use config::{JudgeConfig, Unfinished};
pub use error::{Error, RubricProblem};
pub use health::{Action, Breach, HealthConfig, breaches, read_health};
pub use judged::{JudgedPrompt, JudgedResponse, judged_prompts};
pub use mean::{mean_expected_scores, mean_scores};
pub use one::{Judged, judge};
pub use rubric::Rubric;
pub use score::{ParseFailure, parse_score};
pub use srlm_artifact::{Correlation, JudgeHealth, scores};
// What it takes to judge, for programs that have no other crate of this workspace.
pub use srlm_artifact::{JudgmentRow, Prompt};
pub use srlm_generate::{Generate, Sampling, Scripted};
pub use stage::{Inputs, merge, requests, run};
pub use training::{TrainingExample, training_example};
pub use verdict::{Verdict, parse_verdict};
