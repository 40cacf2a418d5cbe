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
    /// An evaluation holds NaN or an infinity, which JSON cannot.
    #[error("the evaluation of {model} holds a number that is not finite: check its held-out loss")]
    NotFinite {
        /// The model evaluated.
        model: String,
        /// Where reading it back fails.
        #[source]
        source: serde_json::Error,
    },
}
