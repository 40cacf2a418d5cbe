//! Why there is no text.

/// Why nothing could be generated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request itself cannot be served.
    #[error("request {id}: {reason}")]
    Request {
        /// The request's id.
        id: String,
        /// What is wrong, and the remedy.
        reason: String,
    },
    /// The engine failed.
    #[error("generating with {engine} failed")]
    Engine {
        /// Which engine.
        engine: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The generator ended without an error and without all samples.
    #[error(
        "{engine} gave no sample {sample_index} for request {request}; run again to go on from the last whole group"
    )]
    MissingSample {
        /// The generator's identity.
        engine: String,
        /// The request's id.
        request: String,
        /// Place of the sample in the request.
        sample_index: usize,
    },
    /// The caller's callback or signal asked to stop.
    #[error("interrupted")]
    Interrupted,
}
