//! Why supervised fine-tuning stops.

/// Why the stage failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting cannot be.
    #[error(transparent)]
    Settings(#[from] srlm_settings::Error),
    /// An example cannot be rendered.
    #[error("example {prompt_id}")]
    Example {
        /// Its id.
        prompt_id: String,
        /// Why.
        #[source]
        source: srlm_model::ConversationError,
    },
    /// An artifact could not be read or written.
    #[error(transparent)]
    Artifact(#[from] srlm_artifact::Error),
    /// A model could not be loaded or saved.
    #[error(transparent)]
    Model(#[from] srlm_model::Error),
    /// The loop stopped.
    #[error(transparent)]
    Train(#[from] srlm_train::Error),
}
