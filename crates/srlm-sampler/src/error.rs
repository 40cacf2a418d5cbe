//! What can go wrong while prompts and responses are written.

use std::path::PathBuf;

use srlm_artifact::Shard;

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
    /// A part of the generated prompts was asked for.
    #[error(
        "prompts cannot be generated as shard {shard}: each round shows the model prompts of the rounds before; \
         generate them whole, and shard the stages that answer and judge them"
    )]
    Sequential {
        /// The part.
        shard: Shard,
    },
    /// The generator failed.
    #[error(transparent)]
    Generate(srlm_generate::Error),
    /// Reading or writing an artifact failed.
    #[error(transparent)]
    Artifact(#[from] srlm_artifact::Error),
    /// The pool has too few prompts that were not drawn before.
    #[error(
        "only {left} prompts of at least {min_count} are left in the pool: {pool} in all, {duplicate} of them \
         duplicates, {taken_before} in earlier iterations; give a larger `pool`, or lower `count` or `min_count`"
    )]
    PoolExhausted {
        /// Prompts that can be drawn.
        left: u64,
        /// The setting `min_count`.
        min_count: u32,
        /// Rows of the pool.
        pool: u64,
        /// Rows whose text an earlier row has.
        duplicate: u64,
        /// Texts that an earlier iteration has.
        taken_before: u64,
    },
    /// A row of the pool has no value to balance by.
    #[error(
        "`balance_by` is {column:?}, but prompt {prompt_id} of the pool has no text, number or truth value in that \
         column; complete the column, or leave `balance_by` empty"
    )]
    Unbalanced {
        /// The setting `balance_by`.
        column: String,
        /// The row.
        prompt_id: String,
    },
    /// A file that the stage keeps beside the rows cannot be used.
    #[error("cannot {action} {path}")]
    Io {
        /// What was tried: `read`, `append to`, `write`.
        action: &'static str,
        /// The file.
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
