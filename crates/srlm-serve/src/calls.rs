//! What each address answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::Sse;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::Settings;
use crate::api::{Asked, Form, Head, Refusal};
use crate::stream::Lines;
use crate::worker::{Job, Update};

/// The longest body.
const MOST_BYTES: usize = 64 << 20;

/// What every call sees.
struct Shared {
    settings: Settings,
    jobs: UnboundedSender<Job>,
    n_calls: AtomicU64,
}

/// The addresses; calls for text become jobs.
pub(crate) fn router(settings: Settings, jobs: UnboundedSender<Job>) -> Router {
    Router::new()
        .route("/health", get(|| async { "ok" }))
        .route("/v1/models", get(models))
        .route("/v1/chat/completions", post(chat))
        .route("/v1/completions", post(text))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .with_state(Arc::new(Shared { settings, jobs, n_calls: AtomicU64::new(0) }))
}

async fn unknown() -> Refusal {
    let message = "there are /v1/models, /v1/chat/completions, /v1/completions and /health";
    Refusal::new(StatusCode::NOT_FOUND, message)
}

async fn wrong_method() -> Refusal {
    let message = "completions are asked for with POST, models and health with GET";
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, message)
}

async fn models(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    shared.check_key(&headers)?;
    let model = json!({ "id": shared.settings.name, "object": "model", "created": now(), "owned_by": "srlm" });
    Ok(answer(StatusCode::OK, &json!({ "object": "list", "data": [model] })))
}

type Sent = Result<Bytes, BytesRejection>;

async fn chat(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    sent: Sent,
) -> Result<Response, Refusal> {
    shared.complete(Form::Chat, &headers, sent).await
}

async fn text(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    sent: Sent,
) -> Result<Response, Refusal> {
    shared.complete(Form::Text, &headers, sent).await
}

impl Shared {
    fn check_key(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let Some(key) = &self.settings.api_key else { return Ok(()) };
        let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        if given.and_then(|given| given.strip_prefix("Bearer ")) == Some(key.as_str()) {
            return Ok(());
        }
        Err(Refusal::new(
            StatusCode::UNAUTHORIZED,
            "the header Authorization: Bearer KEY lacks the right key",
        ))
    }

    async fn complete(
        &self,
        form: Form,
        headers: &HeaderMap,
        sent: Sent,
    ) -> Result<Response, Refusal> {
        self.check_key(headers)?;
        let sent = sent.map_err(|error| Refusal::new(error.status(), error.body_text()))?;
        let asked = Asked::read(form, &sent, &self.settings.name, self.settings.max_tokens)?;
        let n_call = self.n_calls.fetch_add(1, Ordering::Relaxed);
        let prefix = if form == Form::Chat { "chatcmpl" } else { "cmpl" };
        let head = Head {
            form,
            id: format!("{prefix}-{n_call}"),
            created: now(),
            model: self.settings.name.clone(),
        };
        let (stream, stream_usage) = (asked.stream, asked.stream_usage);
        // Far apart, so that the samples of one call and those of the next have seeds of their own.
        let seed = asked.seed.unwrap_or_else(|| self.settings.seed.wrapping_add(n_call << 32));
        let (updates, mut told) = unbounded_channel();
        self.jobs.send(Job { asked, seed, updates }).map_err(|_| Refusal::broken())?;
        let (prompt_tokens, n_choices) = match told.recv().await {
            Some(Update::Begun { prompt_tokens, n_choices }) => (prompt_tokens, n_choices),
            Some(Update::Refused(refusal)) => return Err(refusal),
            _ => return Err(Refusal::broken()),
        };
        if stream {
            let lines = Lines::new(head, told, n_choices, stream_usage.then_some(prompt_tokens));
            return Ok(Sse::new(lines).into_response());
        }
        whole(&head, told, n_choices, prompt_tokens).await
    }
}

/// The answer in one piece, once the last sample is there.
async fn whole(
    head: &Head,
    mut told: UnboundedReceiver<Update>,
    n_choices: usize,
    prompt_tokens: usize,
) -> Result<Response, Refusal> {
    let mut choices = Vec::new();
    while let Some(update) = told.recv().await {
        match update {
            Update::Choice(choice) => choices.push(choice),
            Update::Failed(refusal) => return Err(refusal),
            Update::Begun { .. } | Update::Piece(_) | Update::Refused(_) => {}
        }
    }
    if choices.len() < n_choices {
        return Err(Refusal::broken());
    }
    Ok(answer(StatusCode::OK, &head.answer(choices, prompt_tokens)))
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        answer(self.status, &self.body())
    }
}

fn answer(status: StatusCode, body: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
