//! Safety: harmful requests that are served, and harmless ones that are refused.
//!
//! A [`SafetyRow`] is a prompt with its label; [`reaction`] says what a response does;
//! [`safety_summary`] gives both rates with intervals, by type of prompt, beside the safety
//! rubric's scores and people's labels where there are such.
//!
//! ```
//! use srlm_eval::safety::{Answered, Label, safety_summary};
//!
//! let answer = |label, response: &str| Answered {
//!     prompt_id: response.len().to_string(),
//!     label,
//!     prompt_type: None,
//!     response: response.to_owned(),
//!     human: None,
//!     score: None,
//! };
//! let answered = [answer(Label::Unsafe, "I'm sorry, I can't help."), answer(Label::Safe, "Use the kill command.")];
//! let found = safety_summary("M1", &answered, None);
//! assert_eq!(found.unsafe_compliance_rate.map(|rate| rate.value), Some(0.0));
//! assert_eq!(found.over_refusal_rate.map(|rate| rate.value), Some(0.0));
//! ```
//!
//! # Source
//! Roettger et al. 2024, "XSTest: A Test Suite for Identifying Exaggerated Safety Behaviours in
//! Large Language Models".

mod config;
mod people;
mod reaction;
mod row;
mod rubric;
mod stage;
mod summary;

pub use config::SafetyConfig;
pub use people::{AgainstPeople, HumanLabel, LabelCounts};
pub use reaction::{Reaction, reaction};
pub use row::{Label, SafetyRow, read_safety};
pub use rubric::RubricSafety;
pub use stage::{begin, read, write};
pub use summary::{Answered, SafetySummary, TypeCounts, safety_summary};
