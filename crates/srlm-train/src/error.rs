//! Why training stops.

use std::path::PathBuf;

/// Why training could not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting cannot be.
    #[error(transparent)]
    Settings(#[from] srlm_settings::Error),
    /// There is nothing to learn from.
    #[error("no example is left to train on")]
    NoExamples,
    /// The loss or the gradient is no number.
    #[error("{what} is {value} at step {step}, examples {examples}: lower the learning rate or look at these rows; the last checkpoint is kept", examples = .examples.join(", "))]
    NotFinite {
        /// `loss` or `gradient norm`.
        what: &'static str,
        /// What it was.
        value: f64,
        /// Optimizer step, from 1.
        step: u32,
        /// Ids of the step's examples.
        examples: Vec<String>,
    },
    /// Asked to stop; a checkpoint was written.
    #[error("interrupted")]
    Interrupted,
    /// Checkpoints could not be compared.
    #[error("validation after step {step}")]
    Validation {
        /// Optimizer step, from 1.
        step: u32,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The settings ask for a judge where there is none.
    #[error(
        "validation.by = \"judge\" has no judge here: train by `iterate` or `sft` and `dpo`, or take validation.by = \"loss\""
    )]
    NoJudge,
    /// A checkpoint could not be written or read.
    #[error("checkpoint {path}")]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
