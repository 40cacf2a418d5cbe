//! IFEval: instructions that a program can check, 25 types of them, strict and loose.
//!
//! A [`Row`] is a prompt with its instructions, parsed once. [`check`] says which of them a
//! response follows;
//! [`summary`] gives the four accuracies of the paper with intervals.
//!
//! ```
//! use srlm_eval::{Bootstrap, ifeval};
//!
//! let row = ifeval::Row::parse(
//!     r#"{"key": 1, "prompt": "Say hello without commas.", "instruction_id_list": ["punctuation:no_comma"],
//!         "kwargs": [{"num_words": null}]}"#,
//! )?;
//! let verdicts = ifeval::check(&row, "Hello, you");
//! assert_eq!((&verdicts.strict, &verdicts.loose), (&vec![false], &vec![false]));
//! let found = ifeval::summary(&[verdicts], &Bootstrap::default()).expect("one response");
//! assert_eq!(found.prompt_strict.value, 0.0);
//! # Ok::<(), ifeval::RowError>(())
//! ```
//!
//! # Source
//! Zhou et al. 2023, "Instruction-Following Evaluation for Large Language Models". The verdicts are
//! those of the official checker with NLTK 3.9.1 and langdetect 1.0.9;
//! `tests/fixtures/ifeval_reference.py` compares them. Where the official checker draws at random
//! (an argument is absent, a letter is none of a to z), this one refuses the row or takes the
//! argument as written. Three things differ by design: language draws are seeded; a forbidden word
//! next to a vulgar fraction, a superscript or a combining mark has its end where Rust sees one;
//! what Python's `re` knows and the `regex` crate does not (look-around) is refused in keywords.

mod arguments;
mod check;
mod form;
mod instruction;
mod json;
mod language;
mod parts;
mod pattern;
mod punkt;
mod punkt_token;
mod python;
mod row;
mod row_error;
mod summary;
mod treebank;
mod wording;

pub use check::{Verdicts, check};
pub use instruction::{Instruction, Relation};
pub use pattern::Pattern;
pub use row::{Row, read};
pub use row_error::RowError;
pub use summary::{Summary, summary};
