//! Why there is no text.

use std::path::PathBuf;

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
    /// The requests are in a file, to be answered elsewhere.
    #[error("wrote {n} requests to {path}; have them answered, then run again with the results")]
    Emitted {
        /// The file.
        path: PathBuf,
        /// Samples asked for.
        n: usize,
    },
    /// Results of a batch are absent or cannot be used.
    #[error("{n} of {n_samples} samples have no result{}: {}; {remedy}", reasons(*n_failed, *n_changed), few(first, *n), remedy = NO_RESULT)]
    NoResult {
        /// How many have none.
        n: usize,
        /// How many were looked for.
        n_samples: usize,
        /// How many of those without one have an answer that is a failure.
        n_failed: usize,
        /// How many of those without one have an answer to another request of this id.
        n_changed: usize,
        /// The first few, and why where that is known.
        first: Vec<String>,
    },
    /// A file of kept samples, requests or results.
    #[error(transparent)]
    File(#[from] srlm_artifact::Error),
}

const NO_RESULT: &str =
    "write the requests again with these results at hand: only those without one are written";

fn reasons(n_failed: usize, n_changed: usize) -> String {
    let told = [(n_failed, "failed"), (n_changed, "answer another request of the same id")];
    let told: Vec<_> =
        told.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    if told.is_empty() { String::new() } else { format!(" ({})", told.join(", ")) }
}

fn few(first: &[String], n: usize) -> String {
    let more = if n > first.len() { ", ..." } else { "" };
    first.join(", ") + more
}
