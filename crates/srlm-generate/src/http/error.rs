//! What can go wrong between the client and the server.

/// Why a server gave no text. API keys never show in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// A setting cannot be used.
    #[error("`{key}` is {value}; {remedy}")]
    Config {
        /// The setting.
        key: &'static str,
        /// Its value.
        value: String,
        /// What it must be.
        remedy: &'static str,
    },
    /// The API key cannot stand in a header.
    #[error(
        "the API key is empty, or has a character other than visible ASCII; check how it was read"
    )]
    ApiKey,
    /// The server could not be reached, or broke off.
    #[error(
        "no whole answer from {url}; check that the server runs, raise `timeout_seconds` or lower `concurrency`"
    )]
    Transport {
        /// The address.
        url: String,
        /// What the connection ended with.
        #[source]
        source: Box<ureq::Error>,
    },
    /// The server refused.
    #[error("{url} answered {status}: {body}")]
    Status {
        /// The address.
        url: String,
        /// HTTP status.
        status: u16,
        /// The beginning of what it said.
        body: String,
    },
    /// The server answered with something else than a completion.
    #[error("the answer of {url} {problem}: {body}")]
    Answer {
        /// The address.
        url: String,
        /// What is wrong with it.
        problem: String,
        /// Its beginning.
        body: String,
        /// Where it is not JSON of the right form: serde's reason.
        #[source]
        source: Option<serde_json::Error>,
    },
    /// The server was not ready in time.
    #[error(
        "{url} was not ready within {seconds} s; start the server, or raise `ready_timeout_seconds`"
    )]
    NotReady {
        /// The address.
        url: String,
        /// The setting `ready_timeout_seconds`.
        seconds: f64,
        /// What the last attempt ended with.
        #[source]
        last: Box<HttpError>,
    },
    /// The server serves other models.
    #[error("{url} does not serve `{model}` but {served:?}; set `model` to one of them")]
    Model {
        /// The address.
        url: String,
        /// The setting `model`.
        model: String,
        /// What is served.
        served: Vec<String>,
    },
}
