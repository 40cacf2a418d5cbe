//! What can go wrong.

use std::path::PathBuf;

/// Why an evaluation or a report could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting has no meaning.
    #[error("{key} = {value}: {remedy}")]
    Config {
        /// The key.
        key: &'static str,
        /// Its value.
        value: String,
        /// What to write instead.
        remedy: &'static str,
    },
    /// An artifact folder could not be read or written.
    #[error(transparent)]
    Artifact(#[from] srlm_artifact::Error),
    /// A file could not be read or written.
    #[error("cannot access {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// `eval.json` is not an evaluation.
    #[error("invalid evaluation at {path}")]
    Evaluation {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A row that a user gave cannot be used.
    #[error("{place}: `{key}` {problem}; {remedy}")]
    Row {
        /// The file with the line, or with the place in it.
        place: PathBuf,
        /// The column.
        key: String,
        /// What is wrong with its value.
        problem: String,
        /// What to write instead.
        remedy: &'static str,
    },
    /// Two models have no prompt to compare them on.
    #[error(
        "no prompt has two different answers: {n_unmatched} prompts have one model's only, on {n_identical} both say \
         the same; give answers to the same prompts"
    )]
    NothingToCompare {
        /// Prompts with the answer of one model only.
        n_unmatched: u64,
        /// Prompts with one text from both.
        n_identical: u64,
    },
    /// Nobody says what a prompt's text is.
    #[error("prompt {prompt_id:?} has no text in either file; give the prompts")]
    NoPromptText {
        /// The prompt.
        prompt_id: String,
    },
    /// An evaluation holds NaN or an infinity, which JSON cannot.
    #[error("the evaluation of {model} holds a number that is not finite: check its held-out loss")]
    NotFinite {
        /// The model evaluated.
        model: String,
        /// Where reading it back fails.
        #[source]
        source: serde_json::Error,
    },
    /// A row of another program's file is not what that program writes.
    #[error("invalid row {row} of {path}")]
    ForeignRow {
        /// The file.
        path: PathBuf,
        /// The row, from 1; 0 where the file as a whole is no list.
        row: usize,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A table of another program is not what that program writes.
    #[error("{path}:{line}: {problem}")]
    Table {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong, with the column.
        problem: &'static str,
    },
    /// Nothing in a run has this id or text.
    #[error("no prompt or dropped text {query:?} in {run_dir}; {}", close_ones(close))]
    UnknownPrompt {
        /// What was asked for.
        query: String,
        /// The run.
        run_dir: PathBuf,
        /// Ids and texts that are much like it, up to 5.
        close: Vec<String>,
    },
    /// Several ids or texts begin with this.
    #[error("{query:?} begins {n} prompt ids or texts; give more of it: {}", some.join(", "))]
    AmbiguousPrompt {
        /// What was asked for.
        query: String,
        /// How many.
        n: usize,
        /// The first of them, up to 5.
        some: Vec<String>,
    },
}

fn close_ones(close: &[String]) -> String {
    match close {
        [] => "the ids are in iter-T/prompts/prompts.jsonl".to_owned(),
        close => format!("close are: {}", close.join(", ")),
    }
}
