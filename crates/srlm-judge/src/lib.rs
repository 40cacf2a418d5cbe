#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod config;
pub mod eft;
mod error;
mod front_matter;
mod judged;
mod mean;
pub mod meta;
mod plain_input;
mod recipe;
mod rubric;
mod score;
mod stage;
mod statement;
mod template;
mod training;
mod verdict;

pub use config::JudgeConfig;
pub use error::{Error, RubricProblem};
pub use judged::{JudgedPrompt, JudgedResponse, judged_prompts};
pub use mean::mean_scores;
pub use rubric::Rubric;
pub use score::{ParseFailure, parse_score};
pub use stage::{Inputs, run};
pub use training::{TrainingExample, training_example};
pub use verdict::{Verdict, parse_verdict};
