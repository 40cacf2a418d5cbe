//! Why preference training stops.

/// Why the reference or DPO stage failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting cannot be.
    #[error(transparent)]
    Settings(#[from] srlm_settings::Error),
    /// A pair cannot be rendered.
    #[error("pair {chosen_id} over {rejected_id}")]
    Pair {
        /// Its chosen response.
        chosen_id: String,
        /// Its rejected response.
        rejected_id: String,
        /// Why.
        #[source]
        source: Box<srlm_model::ConversationError>,
    },
    /// A response cannot be rendered.
    #[error("response {response_id}")]
    Response {
        /// Its id.
        response_id: String,
        /// Why.
        #[source]
        source: Box<srlm_model::ConversationError>,
    },
    /// The reference log-probabilities are not those of the responses.
    #[error(
        "unpaired-ref-logps have no row for response {response_id}: compute them again from these responses"
    )]
    NoReferenceOf {
        /// The response.
        response_id: String,
    },
    /// The reference log-probabilities are not those of the pairs.
    #[error(
        "ref-logps have no row for pair {chosen_id} over {rejected_id}: compute them again from these pairs"
    )]
    NoReference {
        /// The pair's chosen response.
        chosen_id: String,
        /// The pair's rejected response.
        rejected_id: String,
    },
    /// The log-probabilities have to be computed and no model was given.
    #[error("ref-logps are not up to date and no reference model is loaded")]
    NoModel,
    /// An artifact could not be read or written.
    #[error(transparent)]
    Artifact(#[from] srlm_artifact::Error),
    /// A model could not be loaded or saved.
    #[error(transparent)]
    Model(#[from] srlm_model::Error),
    /// The loop stopped.
    #[error(transparent)]
    Train(#[from] srlm_train::Error),
    /// Asked to stop; what was done is kept.
    #[error("interrupted")]
    Interrupted,
}
