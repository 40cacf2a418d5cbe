//! The HTTP side.

use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;
use std::future::IntoFuture;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_core::Stream;
use serde_json::{Value, json};
use srlm_model::Engine;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::api::{Asked, Choice, Form, Head, Piece, refusal};
use crate::worker::{self, Job, Update};

/// The longest body.
const MOST_BYTES: usize = 64 << 20;
/// How often the server looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(100);

/// How a model is served.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where; port 0 takes a free one.
    pub address: SocketAddr,
    /// The model's name to clients.
    pub name: String,
    /// What clients must send as their key, if anything.
    pub api_key: Option<String>,
    /// Most tokens of answers to clients that do not say.
    pub max_tokens: u32,
    /// Where seeds of calls begin that have none; each takes the next.
    pub seed: u64,
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address cannot be had.
    #[error("cannot listen at {address}; --port takes another one")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The server broke down.
    #[error("the server failed")]
    Serve(#[from] std::io::Error),
}

/// A server that listens.
pub struct Server {
    runtime: Runtime,
    listener: TcpListener,
    address: SocketAddr,
    settings: Settings,
}

/// What every call sees.
struct Shared {
    settings: Settings,
    jobs: Sender<Job>,
    n_calls: AtomicU64,
}

impl Server {
    /// Takes the address.
    ///
    /// # Errors
    /// [`Error::Listen`] where somebody else has it.
    pub fn bind(settings: Settings) -> Result<Self, Error> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        let refused = |source| Error::Listen { address: settings.address, source };
        let listener = runtime.block_on(TcpListener::bind(settings.address)).map_err(refused)?;
        let address = listener.local_addr()?;
        Ok(Self { runtime, listener, address, settings })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `interrupt` is set; the engine must have the same one. Calls under way are then told that the server
    /// stops.
    ///
    /// # Errors
    /// [`Error::Serve`].
    ///
    /// # Panics
    /// Where the thread with the engine panicked.
    pub fn run(self, engine: Engine, interrupt: Arc<AtomicBool>) -> Result<(), Error> {
        let (jobs, waiting) = channel();
        let worker = std::thread::spawn(move || worker::work(engine, &waiting));
        let shared = Arc::new(Shared { settings: self.settings, jobs, n_calls: AtomicU64::new(0) });
        let router = Router::new()
            .route("/health", get(|| async { "ok" }))
            .route("/v1/models", get(models))
            .route("/v1/chat/completions", post(chat))
            .route("/v1/completions", post(text))
            .fallback(unknown)
            .layer(DefaultBodyLimit::max(MOST_BYTES))
            .with_state(shared);
        let stopped = async move {
            while !interrupt.load(Ordering::Relaxed) {
                tokio::time::sleep(LOOK).await;
            }
        };
        let served =
            self.runtime.block_on(axum::serve(self.listener, router).with_graceful_shutdown(stopped).into_future());
        // The last who could send a job go with the connections; then the worker ends.
        drop(self.runtime);
        worker.join().expect("the engine does not panic");
        Ok(served?)
    }
}

async fn unknown() -> Response {
    refused(StatusCode::NOT_FOUND, "there are /v1/models, /v1/chat/completions, /v1/completions and /health")
}

async fn models(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    if let Some(refusal) = shared.locked(&headers) {
        return refusal;
    }
    let model = json!({ "id": shared.settings.name, "object": "model", "created": now(), "owned_by": "srlm" });
    body(StatusCode::OK, &json!({ "object": "list", "data": [model] }))
}

async fn chat(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    complete(&shared, Form::Chat, &headers, &body).await
}

async fn text(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    complete(&shared, Form::Text, &headers, &body).await
}

impl Shared {
    /// The refusal of a client without the key.
    fn locked(&self, headers: &HeaderMap) -> Option<Response> {
        let key = self.settings.api_key.as_ref()?;
        let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let fits = given.and_then(|given| given.strip_prefix("Bearer ")) == Some(key.as_str());
        (!fits).then(|| refused(StatusCode::UNAUTHORIZED, "the header Authorization: Bearer KEY lacks the right key"))
    }
}

async fn complete(shared: &Shared, form: Form, headers: &HeaderMap, sent: &[u8]) -> Response {
    if let Some(refusal) = shared.locked(headers) {
        return refusal;
    }
    let asked = match Asked::read(form, sent, &shared.settings.name, shared.settings.max_tokens) {
        Ok(asked) => asked,
        Err(why) => return refused(StatusCode::BAD_REQUEST, &why),
    };
    let n_call = shared.n_calls.fetch_add(1, Ordering::Relaxed);
    let prefix = if form == Form::Chat { "chatcmpl" } else { "cmpl" };
    let head = Head { form, id: format!("{prefix}-{n_call}"), created: now(), model: shared.settings.name.clone() };
    let (stream, stream_usage) = (asked.stream, asked.stream_usage);
    // Far apart, so that the samples of one call and those of the next have seeds of their own.
    let seed = asked.seed.unwrap_or_else(|| shared.settings.seed.wrapping_add(n_call << 32));
    let (updates, mut told) = unbounded_channel();
    if shared.jobs.send(Job { asked, seed, updates }).is_err() {
        return refused(StatusCode::SERVICE_UNAVAILABLE, "the server stops");
    }
    let prompt_tokens = match told.recv().await {
        Some(Update::Begun { prompt_tokens }) => prompt_tokens,
        Some(Update::Refused(why)) => return refused(StatusCode::BAD_REQUEST, &why),
        _ => return refused(StatusCode::SERVICE_UNAVAILABLE, "the server stops"),
    };
    if stream {
        return Sse::new(Lines::new(head, told, stream_usage.then_some(prompt_tokens))).into_response();
    }
    let mut choices = Vec::new();
    while let Some(update) = told.recv().await {
        match update {
            Update::Choice(choice) => choices.push(choice),
            Update::Failed(why) => return refused(StatusCode::SERVICE_UNAVAILABLE, &why),
            Update::Begun { .. } | Update::Piece(_) | Update::Refused(_) => {}
        }
    }
    body(StatusCode::OK, &head.answer(choices, prompt_tokens))
}

/// The events of a streamed answer.
struct Lines {
    head: Head,
    told: UnboundedReceiver<Update>,
    /// Tokens of the prompts, where the client asks for counts.
    prompt_tokens: Option<usize>,
    n_tokens: u64,
    begun: BTreeSet<usize>,
    ready: VecDeque<Event>,
    has_ended: bool,
}

impl Lines {
    fn new(head: Head, told: UnboundedReceiver<Update>, prompt_tokens: Option<usize>) -> Self {
        let (begun, ready) = Default::default();
        Self { head, told, prompt_tokens, n_tokens: 0, begun, ready, has_ended: false }
    }

    fn push(&mut self, line: &Value) {
        self.ready.push_back(Event::default().data(line.to_string()));
    }

    fn take(&mut self, update: Option<Update>) {
        match update {
            Some(Update::Piece(piece)) => {
                let index = match &piece {
                    Piece::Text { index, .. } | Piece::End { index, .. } => *index,
                };
                let is_first = self.begun.insert(index);
                let chunk = self.head.chunk(piece, is_first);
                self.push(&chunk);
            }
            Some(Update::Choice(Choice { n_tokens, .. })) => self.n_tokens += u64::from(n_tokens),
            Some(Update::Failed(why)) => {
                self.push(&refusal("server_error", &why));
                self.has_ended = true;
            }
            Some(Update::Begun { .. } | Update::Refused(_)) => {}
            None => {
                if let Some(prompt_tokens) = self.prompt_tokens {
                    let last = self.head.last_chunk(prompt_tokens, self.n_tokens);
                    self.push(&last);
                }
                self.ready.push_back(Event::default().data("[DONE]"));
                self.has_ended = true;
            }
        }
    }
}

impl Stream for Lines {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(event)));
            }
            if self.has_ended {
                return Poll::Ready(None);
            }
            let update = ready!(self.told.poll_recv(context));
            self.take(update);
        }
    }
}

fn body(status: StatusCode, value: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

fn refused(status: StatusCode, why: &str) -> Response {
    let kind = if status.is_server_error() { "server_error" } else { "invalid_request_error" };
    body(status, &refusal(kind, why))
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
