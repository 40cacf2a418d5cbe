//! People's judgment of two models, side by side and blind.
//!
//! [`study`] makes one page of two models' answers to the same prompts, in an order and with sides
//! drawn from a seed, and the key that says whose answer stood where. People rate on the page;
//! [`read_ratings`] checks what they saved against the key, and [`human_summary`] gives win rates
//! with intervals, the raters' agreement with each other, and that of a judge with them.
//!
//! ```
//! use srlm_eval::human::{Answer, Answers, StudyConfig, study};
//!
//! let side = |name: &str, response: &str| Answers {
//!     name: name.to_owned(),
//!     content_hash: None,
//!     answers: vec![Answer {
//!         prompt_id: "sky".to_owned(),
//!         response_id: None,
//!         prompt: Some("Why is the sky blue?".to_owned()),
//!         response: response.to_owned(),
//!     }],
//! };
//! let (a, b) = (side("M1", "Air scatters blue light."), side("M2", "It mirrors the sea."));
//! let made = study(&a, &b, &StudyConfig::default())?;
//! assert!(made.page.contains("Air scatters blue light.") && !made.page.contains("M2"));
//! # Ok::<(), srlm_eval::Error>(())
//! ```

mod agreement;
mod answers;
mod judge;
mod key;
mod page;
mod ratings;
mod study;
mod summary;

pub use agreement::{PairAgreement, RaterAgreement};
pub use answers::{Answer, Answers, read_answers};
pub use judge::{JudgeAgreement, JudgeVerdicts, judge_by_comparisons, judge_by_scores};
pub use key::{Key, KeyItem, ModelKey, Side, read_key};
pub use ratings::{RaterFile, Rating, Verdict, read_ratings};
pub use study::{Study, StudyConfig, study};
pub use summary::{HumanSummary, Note, RaterSummary, VerdictCounts, human_summary};
