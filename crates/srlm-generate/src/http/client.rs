//! One exchange with the server, with retries.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Instant, SystemTime};

use ureq::Agent;
use ureq::http::Response;

use super::answer::{Problem, models, sample};
use super::retry::{Halt, may_pass, wait};
use super::{Body, HttpConfig, HttpError, Sample};
use crate::Request;

/// Largest answer that is read, in bytes.
const MAX_ANSWER: u64 = 64 << 20;

/// Generates by asking a server, many requests at once, one sample a request.
///
/// Requests go to `{base_url}/completions` for [`Input::Text`](crate::Input::Text) and tokens, and
/// `{base_url}/chat/completions` for [`Input::Chat`](crate::Input::Chat). Token counts are those
/// that the server reports. Whether equal seeds give equal text is up to the server. Proxies of the
/// environment are not used, redirects are not followed.
#[derive(Debug)]
pub struct OpenAi {
    pub(super) config: HttpConfig,
    pub(super) interrupt: Arc<AtomicBool>,
    agent: Agent,
    key: Option<ApiKey>,
}

/// A secret: `Debug` does not show it.
struct ApiKey(String);

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(not shown)")
    }
}

/// An attempt that failed: why, and where it may be tried again, the header `Retry-After`.
struct Failure {
    error: HttpError,
    again: Option<Option<String>>,
}

impl OpenAi {
    /// A client; nothing is sent yet. `api_key` goes into the header `Authorization` and nowhere
    /// else.
    ///
    /// Setting `interrupt` makes a running call end with
    /// [`Error::Interrupted`](crate::Error::Interrupted) as soon as the requests under way are
    /// answered.
    ///
    /// # Errors
    /// [`HttpError::Config`], [`HttpError::ApiKey`]
    pub fn new(
        config: HttpConfig,
        api_key: Option<String>,
        interrupt: Arc<AtomicBool>,
    ) -> Result<Self, HttpError> {
        config.validate()?;
        if api_key
            .as_ref()
            .is_some_and(|key| key.is_empty() || !key.bytes().all(|b| b.is_ascii_graphic()))
        {
            return Err(HttpError::ApiKey);
        }
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections_per_host(config.concurrency as usize)
            .proxy(None)
            .timeout_global(Some(config.timeout()))
            .build()
            .new_agent();
        Ok(Self { config, interrupt, agent, key: api_key.map(ApiKey) })
    }

    /// Waits until the server lists the model at `{base_url}/models`.
    ///
    /// # Errors
    /// [`HttpError::NotReady`] after `ready_timeout_seconds`; at once what does not pass by
    /// waiting:
    /// [`HttpError::Model`], [`HttpError::Answer`], and [`HttpError::Status`] of a refusal such as
    /// 401.
    pub fn wait_until_ready(&self) -> Result<(), HttpError> {
        let (url, seconds) = (self.config.url("models"), self.config.ready_timeout_seconds);
        let started = Instant::now();
        for attempt in 0.. {
            let failure = match self.read(&url, self.with_key(self.agent.get(&url)).call()) {
                Ok(bytes) => return self.check_model(url, &bytes),
                Err(failure) => failure,
            };
            let Some(retry_after) = failure.again else { return Err(failure.error) };
            let pause = wait(&self.config, attempt, retry_after.as_deref(), SystemTime::now());
            if (started.elapsed() + pause).as_secs_f64() > seconds {
                return Err(HttpError::NotReady { url, seconds, last: Box::new(failure.error) });
            }
            std::thread::sleep(pause);
        }
        unreachable!("the time is up before the attempts are")
    }

    fn check_model(&self, url: String, bytes: &[u8]) -> Result<(), HttpError> {
        let served = models(bytes).map_err(|problem| self.unreadable(&url, problem, bytes))?;
        if served.contains(&self.config.model) {
            return Ok(());
        }
        Err(HttpError::Model { url, model: self.config.model.clone(), served })
    }

    /// Generates one sample; `None` if it was halted before it could try again.
    pub(super) fn complete(
        &self,
        request: &Request,
        seed: u64,
        halt: &Halt,
    ) -> Result<Option<Sample>, HttpError> {
        let body = Body::new(&self.config.model, request, seed);
        let (url, bytes) = (self.config.url(body.path()), body.to_bytes());
        for attempt in 0.. {
            let sent = self
                .with_key(self.agent.post(&url))
                .content_type("application/json")
                .send(&bytes[..]);
            let failure = match self.read(&url, sent) {
                Ok(answer) => {
                    let sample = sample(&answer, request.top_logprobs).map(Some);
                    return sample.map_err(|problem| self.unreadable(&url, problem, &answer));
                }
                Err(failure) => failure,
            };
            match failure.again {
                Some(retry_after) if attempt < self.config.max_retries => {
                    if halt.wait(wait(
                        &self.config,
                        attempt,
                        retry_after.as_deref(),
                        SystemTime::now(),
                    )) {
                        return Ok(None);
                    }
                }
                _ => return Err(failure.error),
            }
        }
        unreachable!("there are at most max_retries attempts")
    }

    fn with_key<Any>(&self, request: ureq::RequestBuilder<Any>) -> ureq::RequestBuilder<Any> {
        match &self.key {
            Some(ApiKey(key)) => request.header("authorization", format!("Bearer {key}")),
            None => request,
        }
    }

    /// Reads the body of a 200.
    fn read(
        &self,
        url: &str,
        sent: Result<Response<ureq::Body>, ureq::Error>,
    ) -> Result<Vec<u8>, Failure> {
        let broken = |source| Failure {
            error: HttpError::Transport { url: url.to_owned(), source: Box::new(source) },
            again: Some(None),
        };
        let mut response = sent.map_err(broken)?;
        let status = response.status().as_u16();
        let retry_after =
            response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let again = may_pass(status).then(|| retry_after.map(str::to_owned));
        let bytes = response.body_mut().with_config().limit(MAX_ANSWER).read_to_vec();
        if status == 200 {
            return bytes.map_err(|error| match error {
                ureq::Error::BodyExceedsLimit(limit) => self.too_long(url, limit),
                error => broken(error),
            });
        }
        let body = self.excerpt(&bytes.unwrap_or_default());
        Err(Failure { error: HttpError::Status { url: url.to_owned(), status, body }, again })
    }

    fn too_long(&self, url: &str, limit: u64) -> Failure {
        let problem = (format!("is longer than {limit} bytes"), None);
        Failure { error: self.unreadable(url, problem, b"not shown"), again: None }
    }

    fn unreadable(&self, url: &str, (problem, source): Problem, bytes: &[u8]) -> HttpError {
        HttpError::Answer { url: url.to_owned(), problem, body: self.excerpt(bytes), source }
    }

    /// The beginning of an answer, on one line and without the API key, which some servers repeat.
    fn excerpt(&self, bytes: &[u8]) -> String {
        let mut text =
            String::from_utf8_lossy(bytes).split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(ApiKey(key)) = &self.key {
            text = text.replace(key, "[API key]");
        }
        match text.char_indices().nth(300) {
            Some((end, _)) => format!("{}...", &text[..end]),
            None => text,
        }
    }
}
