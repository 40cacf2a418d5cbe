//! What each address answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::sse::Sse;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::Settings;
use crate::api::{Asked, Form, Head, Refusal};
use crate::origin;
use crate::stream::Lines;
use crate::worker::{Job, Update};

/// Bytes of a permit of the memory for bodies.
const PERMIT: usize = 1024;

/// What every call sees.
struct Shared {
    settings: Settings,
    jobs: UnboundedSender<Job>,
    n_calls: AtomicU64,
    /// Memory for the bodies of all calls together.
    memory: Semaphore,
}

/// The addresses; calls for text become jobs.
pub(crate) fn router(settings: Settings, jobs: UnboundedSender<Job>) -> Router {
    let max_body = settings.limits.max_body_bytes;
    let local = settings.address.ip().is_loopback();
    let memory = Semaphore::new(permits(settings.limits.max_memory_bytes));
    Router::new()
        .route("/health", get(|| async { "ok" }))
        .route("/v1/models", get(models))
        .route("/v1/models/{*name}", get(model))
        .route("/v1/chat/completions", post(chat))
        .route("/v1/completions", post(text))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(max_body))
        .layer(from_fn_with_state(local, origin::check))
        .with_state(Arc::new(Shared { settings, jobs, n_calls: AtomicU64::new(0), memory }))
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
    Ok(answer(StatusCode::OK, &json!({ "object": "list", "data": [shared.model()] })))
}

async fn model(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    shared.check_key(&headers)?;
    if name != shared.settings.name {
        return Err(Refusal::no_such_model(&name, &shared.settings.name));
    }
    Ok(answer(StatusCode::OK, &shared.model()))
}

async fn chat(State(shared): State<Arc<Shared>>, request: Request) -> Result<Response, Refusal> {
    shared.complete(Form::Chat, request).await
}

async fn text(State(shared): State<Arc<Shared>>, request: Request) -> Result<Response, Refusal> {
    shared.complete(Form::Text, request).await
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

    fn model(&self) -> Value {
        json!({ "id": self.settings.name, "object": "model", "created": now(), "owned_by": "srlm" })
    }

    /// Reads a body once there is memory for it, within the time for bodies.
    async fn receive(&self, request: Request) -> Result<Sent<'_>, Refusal> {
        let limits = &self.settings.limits;
        let length =
            request.headers().get(CONTENT_LENGTH).and_then(|n| n.to_str().ok()?.parse().ok());
        let length = length.unwrap_or(limits.max_body_bytes);
        if length > limits.max_body_bytes {
            let message = format!(
                "the body has {length} bytes, and may have {}: --max-body-bytes raises it",
                limits.max_body_bytes
            );
            return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message));
        }
        let receiving = async {
            let n = u32::try_from(permits(length)).unwrap_or(u32::MAX);
            let room = self.memory.acquire_many(n).await.map_err(|_| Refusal::stopping())?;
            let bytes = Bytes::from_request(request, &())
                .await
                .map_err(|error| Refusal::new(error.status(), error.body_text()))?;
            Ok(Sent { bytes, room })
        };
        tokio::time::timeout(limits.body_time, receiving).await.unwrap_or_else(|_| {
            let message = format!("the body was not here within {:?}", limits.body_time);
            Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, message))
        })
    }

    async fn complete(&self, form: Form, request: Request) -> Result<Response, Refusal> {
        self.check_key(request.headers())?;
        let (asked, _room) = {
            let Sent { bytes, room } = self.receive(request).await?;
            let Settings { name, max_tokens, limits, .. } = &self.settings;
            (Asked::read(form, &bytes, name, *max_tokens, limits.max_samples)?, room)
        };
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

/// A body, and the memory that it takes.
struct Sent<'a> {
    bytes: Bytes,
    room: SemaphorePermit<'a>,
}

/// Permits for so many bytes.
fn permits(n_bytes: usize) -> usize {
    n_bytes.div_ceil(PERMIT)
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
