//! Why a call gets no answer.

use axum::http::StatusCode;
use serde_json::{Value, json};

/// What a client is told instead of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
    /// The key that it is about.
    param: Option<String>,
    /// What programs know it by.
    code: Option<&'static str>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), param: None, code: None }
    }

    /// A call that cannot be served as it is.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// A value that cannot be served: what is said of it follows its key.
    pub(crate) fn of(key: &str, must: impl AsRef<str>) -> Self {
        Self { param: Some(key.to_owned()), ..Self::bad(format!("{key} {}", must.as_ref())) }
    }

    pub(crate) fn no_such_model(asked: &str, name: &str) -> Self {
        let message =
            format!("there is no model {asked:?} here, but {name:?}; --name gives it another name");
        let (param, code) = (Some("model".to_owned()), Some("model_not_found"));
        Self { param, code, ..Self::new(StatusCode::NOT_FOUND, message) }
    }

    pub(crate) fn too_long(key: &str, n_tokens: usize, context: usize) -> Self {
        let message = format!("has {n_tokens} tokens, the model's context {context}: shorten it");
        Self { code: Some("context_length_exceeded"), ..Self::of(key, message) }
    }

    /// A text that is too long whatever its tokens are.
    pub(crate) fn too_many_bytes(key: &str, n_bytes: usize, most: usize) -> Self {
        let message =
            format!("has {n_bytes} bytes, for the model's context at most {most}: shorten it");
        Self { code: Some("context_length_exceeded"), ..Self::of(key, message) }
    }

    /// The server ends before the answer.
    pub(crate) fn stopping() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the server stops")
    }

    /// The engine is gone without a word.
    pub(crate) fn broken() -> Self {
        Self::failed("the engine broke down before the answer was there")
    }

    /// Asking again will not help.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    }

    pub(crate) fn body(&self) -> Value {
        let kind =
            if self.status.is_server_error() { "server_error" } else { "invalid_request_error" };
        json!({ "error": { "message": self.message, "type": kind, "param": self.param, "code": self.code } })
    }
}
