//! What can go wrong with a model.

/// Why a model could not be loaded or saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The files are wrong.
    #[error(transparent)]
    Checkpoint(#[from] srlm_checkpoint::Error),
}
