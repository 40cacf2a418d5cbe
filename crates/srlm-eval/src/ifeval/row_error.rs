//! Why rows cannot be read.

use std::path::PathBuf;

/// Why a row could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RowError {
    /// A file could not be read.
    #[error("cannot read {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A line of a file is no row.
    #[error("invalid row at {path}:{line}")]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Why.
        #[source]
        source: Box<RowError>,
    },
    /// The text is not JSON with the fields of a row.
    #[error("not a row with key, prompt, instruction_id_list and kwargs")]
    Json(#[from] serde_json::Error),
    /// The lists do not match.
    #[error(
        "row {key}: {n_ids} instruction ids but {n_kwargs} kwargs: give each instruction its own"
    )]
    Lengths {
        /// The row.
        key: u64,
        /// Entries of `instruction_id_list`.
        n_ids: usize,
        /// Entries of `kwargs`.
        n_kwargs: usize,
    },
    /// No such type of instruction.
    #[error("row {key}: unknown instruction {id:?}: use one of the 25 types of IFEval")]
    UnknownInstruction {
        /// The row.
        key: u64,
        /// The instruction.
        id: String,
    },
    /// An argument is absent, null or has no meaning.
    #[error("row {key}: {id} needs {argument}: {remedy}")]
    Argument {
        /// The row.
        key: u64,
        /// The instruction.
        id: String,
        /// The argument.
        argument: &'static str,
        /// What to write.
        remedy: &'static str,
    },
    /// A keyword is no regular expression.
    #[error("row {key}: {id} has an invalid pattern: escape its special characters")]
    Pattern {
        /// The row.
        key: u64,
        /// The instruction.
        id: String,
        /// Why.
        #[source]
        source: Box<regex::Error>,
    },
}
