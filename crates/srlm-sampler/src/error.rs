//! What can go wrong while prompts and responses are written.

use std::path::PathBuf;

/// Why a stage has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting cannot be used.
    #[error("`{key}` is {value}; {remedy}")]
    Config {
        /// The setting, as the configuration file names it.
        key: String,
        /// Its value.
        value: String,
        /// What it must be.
        remedy: &'static str,
    },
    /// There is too little to show the model.
    #[error(
        "{found} of {n_seeds} seed prompts are single user turns of at most {max_words} words, {needed} are needed; \
         give more seeds, raise `max_demonstration_words` or lower `seed_demonstrations`"
    )]
    TooFewSeeds {
        /// Seeds that can be shown.
        found: usize,
        /// Seeds given.
        n_seeds: usize,
        /// The setting `max_demonstration_words`.
        max_words: u32,
        /// `seed_demonstrations + generated_demonstrations`.
        needed: usize,
    },
    /// The filters left too little of what the model wrote.
    #[error(
        "only {kept} prompts of at least {min_count} after {rounds} rounds: {accounting}; raise `max_rounds`, loosen \
         the filter that drops most, or lower `min_count`"
    )]
    TooFewPrompts {
        /// Prompts accepted.
        kept: u64,
        /// The setting `min_count`.
        min_count: u32,
        /// Rounds asked for.
        rounds: u32,
        /// How many prompts were generated, and how many were dropped for which reason.
        accounting: String,
    },
    /// The generator failed.
    #[error(transparent)]
    Generate(srlm_generate::Error),
    /// Reading or writing an artifact failed.
    #[error(transparent)]
    Artifact(#[from] srlm_artifact::Error),
    /// The record of an interrupted attempt cannot be used.
    #[error("cannot {action} {path}")]
    Checkpoint {
        /// What was tried: `read`, `append to`.
        action: &'static str,
        /// The record.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The caller asked to stop; what is done is saved.
    #[error("interrupted; run again to go on")]
    Interrupted,
}

impl From<srlm_generate::Error> for Error {
    fn from(error: srlm_generate::Error) -> Self {
        match error {
            srlm_generate::Error::Interrupted => Self::Interrupted,
            error => Self::Generate(error),
        }
    }
}
