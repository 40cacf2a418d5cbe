//! Benchmarks that need no judge, counted as lm-evaluation-harness counts them.
//!
//! This module turns rows of public data sets into questions and a model's answers into scores; the
//! caller has the model. There are three kinds of [`Item`]: a choice between continuations, one
//! continuation, and a text to generate.
//!
//! ```
//! use serde_json::json;
//! use srlm_eval::Bootstrap;
//! use srlm_eval::benchmarks::{Benchmark, Likelihood, Metric, summary};
//!
//! let row = json!({"goal": "To open a jar,", "sol1": "tap the lid.", "sol2": "sing.", "label": 0});
//! let items = Benchmark::Piqa.items([row], &[])?;
//! let pair = &items[0].pairs()[1];
//! assert_eq!((&*pair.context, &*pair.continuation), ("Question: To open a jar,\nAnswer:", " sing."));
//!
//! // The caller sums the log-probabilities of each continuation's tokens after its context.
//! let likelihood = |sum| Likelihood { sum, greedy: false };
//! let score = items[0].score(&[likelihood(-20.0), likelihood(-15.0)]);
//! let summary = summary(&[score], &Bootstrap::default());
//! assert_eq!(summary.metrics[&Metric::Acc].estimate.value, 0.0); // -15 is above -20,
//! assert_eq!(summary.metrics[&Metric::AccNorm].estimate.value, 1.0); // but -15 / 5 is below -20 / 12.
//! # Ok::<(), srlm_eval::benchmarks::RowError>(())
//! ```
//!
//! # What the caller keeps
//! - **Tokens of a pair.** [`Pair::for_tokenizer`] moves the white space at the end of the context
//!   to the continuation. The two are then tokenized as one text, the context also alone, and the
//!   continuation's tokens are those after the first `n`, where `n` is the number of the context's.
//!   Without a context, the token for the beginning (or, where there is none, for the end) of a
//!   text stands for it. A pair that is too long loses tokens on the left.
//! - **Log-likelihood.** The sum of the natural logarithms of the probabilities of the
//!   continuation's tokens; `greedy` says whether each of them was the likeliest.
//! - **Generation.** Greedy, until a stop string or [`MAX_NEW_TOKENS`]. Whether the stop string is
//!   in the response does not matter.
//! - **Whole texts.** [`rolling_windows`] says what is fed and what is predicted.
//!
//! # Source
//! lm-evaluation-harness 0.4.13 (Gao et al. 2024). Checked against its own task files in
//! `tests/benchmarks.rs`. Which metrics it prints for which benchmark is in [`Benchmark::metrics`].

mod answer;
mod benchmark;
mod choice;
mod document;
mod item;
mod lettered;
mod open;
mod perplexity;
mod python;
mod row;
mod score;
mod summary;
mod wikitext;
mod windows;

pub use answer::AnswerRule;
pub use benchmark::{Benchmark, MAX_NEW_TOKENS};
pub use item::{Item, Pair};
pub use perplexity::{PageLikelihood, Perplexities, perplexities};
pub use row::RowError;
pub use score::{ItemScore, Likelihood, Metric};
pub use summary::{Measured, Summary, summary};
pub use wikitext::wikitext_text;
pub use windows::{Window, rolling_windows};
