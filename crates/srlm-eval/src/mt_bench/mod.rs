//! MT-Bench: FastChat's files of questions, answers, judge prompts and judgments.
//!
//! [`matches()`] pairs questions with answers and fills the judge prompts; whoever judges gets
//! [`Match::conversations`], and
//! [`Match::judged`] reads what it wrote into a row of `model_judgment`. [`read_judgments`] reads
//! such rows, also FastChat's own, and [`summary`] gives its figures with intervals.
//!
//! ```
//! use srlm_eval::{Bootstrap, mt_bench};
//!
//! let file = tempfile::NamedTempFile::new()?;
//! let row = |turn: u32, score: f64| format!(
//!     r#"{{"question_id": 81, "model": "m1", "judge": ["j", "single-v1"], "user_prompt": "", "judgment": "",
//!          "score": {score}, "turn": {turn}, "tstamp": 0.0}}"#
//! ).replace('\n', " ");
//! std::fs::write(file.path(), [row(1, 7.0), row(2, 4.0), row(2, -1.0)].join("\n"))?;
//! let found = mt_bench::summary(&mt_bench::read_judgments(file.path())?, &Default::default(), &Bootstrap::default());
//! let scores = &found.scores[0];
//! assert_eq!((scores.n_judgments, scores.n_without_score), (3, 1));
//! assert_eq!(scores.average.expect("two scores").value, 5.5);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Source
//! Zheng et al. 2023, "Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena"; FastChat 0.2.36,
//! `fastchat/llm_judge`.

mod error;
mod files;
mod judgment;
mod matches;
mod reading;
mod summary;
mod template;

pub use error::MatchError;
pub use files::{Answers, JudgePrompt, Question, categories, read_answers, read_questions};
pub use judgment::{Judgment, PairJudgment, SingleJudgment, Winner, read_judgments};
pub use matches::{Match, Mode, matches};
pub use summary::{Opponents, Scores, Summary, Wins, summary};
