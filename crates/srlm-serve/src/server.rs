//! The server: an address, and a thread with the model.

use std::fmt;
use std::future::IntoFuture;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use srlm_model::Engine;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::oneshot;

use crate::Limits;
use crate::calls;
use crate::worker::{self, Job};

/// How often the server looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(100);

/// How a model is served.
#[derive(Clone)]
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
    /// What clients may ask for.
    pub limits: Limits,
}

/// The key is a secret.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, name, api_key, max_tokens, seed, limits } = self;
        f.debug_struct("Settings")
            .field("address", address)
            .field("name", name)
            .field("api_key", &api_key.as_ref().map(|_| "not shown"))
            .field("max_tokens", max_tokens)
            .field("seed", seed)
            .field("limits", limits)
            .finish()
    }
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
    /// The thread with the engine panicked.
    #[error("the engine broke down: {message}")]
    Engine {
        /// Its last words.
        message: String,
    },
}

/// A server that listens.
pub struct Server {
    runtime: Runtime,
    listener: TcpListener,
    address: SocketAddr,
    settings: Settings,
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

    /// Serves until the engine is interrupted, see [`Engine::interrupt`]. Calls under way are then
    /// told that the server stops, and connections that do not end are cut after
    /// [`Limits::stop_time`].
    ///
    /// # Errors
    /// [`Error::Serve`], [`Error::Engine`]
    pub fn run(self, engine: Engine) -> Result<(), Error> {
        let interrupt = engine.interrupt().clone();
        self.run_with(interrupt, move |jobs| worker::work(engine, jobs))
    }

    fn run_with(
        self,
        interrupt: Arc<AtomicBool>,
        work: impl FnOnce(UnboundedReceiver<Job>) + Send + 'static,
    ) -> Result<(), Error> {
        let (jobs, waiting) = unbounded_channel();
        let worker = std::thread::spawn(move || work(waiting));
        let stop_time = self.settings.limits.stop_time;
        let router = calls::router(self.settings, jobs.clone());
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async move {
            // Its sender sends nothing: it is dropped.
            let _ = stopped.await;
        };
        let serving =
            axum::serve(self.listener, router).with_graceful_shutdown(stopped).into_future();
        let served = self.runtime.block_on(async move {
            let serving = tokio::spawn(serving);
            // Closed: the worker has panicked.
            while !interrupt.load(Ordering::Relaxed) && !jobs.is_closed() {
                tokio::time::sleep(LOOK).await;
            }
            drop(stop);
            match tokio::time::timeout(stop_time, serving).await {
                Ok(Ok(served)) => served,
                Ok(Err(broken)) => Err(std::io::Error::other(broken)),
                // Connections that are still open go with the runtime.
                Err(_) => Ok(()),
            }
        });
        // The last who could send a job go with the connections; then the worker ends.
        drop(self.runtime);
        worker.join().map_err(|panic| {
            let message = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or(panic.downcast_ref::<&str>().copied());
            Error::Engine { message: message.unwrap_or("no reason is known").to_owned() }
        })?;
        Ok(served?)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::thread::JoinHandle;

    use serde_json::Value;
    use srlm_artifact::FinishReason;

    use super::*;
    use crate::api::Choice;
    use crate::worker::Update;

    fn settings() -> Settings {
        let api_key = Some("sesame".to_owned());
        Settings {
            address: ([127, 0, 0, 1], 0).into(),
            name: "m".to_owned(),
            api_key,
            max_tokens: 9,
            seed: 1,
            limits: Limits {
                max_body_bytes: 1 << 20,
                body_time: Duration::from_millis(200),
                stop_time: Duration::ZERO,
                ..Limits::default()
            },
        }
    }

    fn start(
        interrupt: &Arc<AtomicBool>,
        work: impl FnOnce(UnboundedReceiver<Job>) + Send + 'static,
    ) -> (SocketAddr, JoinHandle<Result<(), Error>>) {
        let server = Server::bind(settings()).unwrap();
        let (address, interrupt) = (server.address(), interrupt.clone());
        (address, std::thread::spawn(move || server.run_with(interrupt, work)))
    }

    /// Status and body.
    fn send(address: SocketAddr, head: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(address).unwrap();
        let more = "Authorization: Bearer sesame\r\nConnection: close";
        // A server that refuses a body may close before it has read it.
        let _ = write!(
            stream,
            "{head} HTTP/1.1\r\nHost: localhost\r\n{more}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    const ASK: &str = "POST /v1/completions";

    #[test]
    fn an_engine_that_breaks_down_gives_errors_and_ends_the_server() {
        let (address, server) = start(&Arc::default(), |mut jobs| {
            // One choice of two.
            for _ in 0..2 {
                let job = jobs.blocking_recv().unwrap();
                job.updates.send(Update::Begun { prompt_tokens: 1, n_choices: 2 }).unwrap();
                let finish = FinishReason::Stop;
                let choice =
                    Choice { index: 0, text: String::new(), finish, n_tokens: 1, tokens: None };
                job.updates.send(Update::Choice(choice)).unwrap();
            }
            let _held = jobs.blocking_recv();
            panic!("out of ink");
        });
        let (status, answer) = send(address, ASK, r#"{ "prompt": "a", "n": 2 }"#);
        assert!(status == 500 && answer.contains("server_error"), "{status} {answer}");
        let (status, answer) = send(address, ASK, r#"{ "prompt": "a", "n": 2, "stream": true }"#);
        assert!(
            status == 200 && answer.contains("server_error") && !answer.contains("[DONE]"),
            "{answer}"
        );
        assert_eq!(send(address, ASK, r#"{ "prompt": "a" }"#).0, 500);
        let ended = server.join().unwrap();
        assert!(
            matches!(&ended, Err(Error::Engine { message }) if message == "out of ink"),
            "{ended:?}"
        );
    }

    #[test]
    fn every_refusal_is_an_error_object() {
        let interrupt = Arc::default();
        let (address, server) =
            start(&interrupt, |mut jobs| while jobs.blocking_recv().is_some() {});
        let check = |head: &str, body: &str, status: u16, code: Option<&str>| {
            let (found, answer) = send(address, head, body);
            let error = serde_json::from_str::<Value>(&answer).unwrap()["error"].clone();
            assert_eq!((found, error["code"].as_str()), (status, code), "{error}");
            assert!(!error["message"].as_str().unwrap().is_empty());
        };
        check("GET /v1/completions", "", 405, None);
        check("POST /v1/models", "", 405, None);
        check("GET /v1/models/other", "", 404, Some("model_not_found"));
        assert_eq!(send(address, "GET /v1/models/m", "").0, 200);
        check("GET /v1/nothing", "", 404, None);
        check(ASK, "{", 400, None);
        check(ASK, r#"{ "prompt": "a", "model": "other" }"#, 404, Some("model_not_found"));
        check(ASK, &"a".repeat((1 << 20) + 1), 413, None);
        interrupt.store(true, Ordering::Relaxed);
        server.join().unwrap().unwrap();
    }

    /// The status of an answer to what is no whole call.
    fn begin(address: SocketAddr, head: &str) -> u16 {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "POST /v1/completions HTTP/1.1\r\nConnection: close\r\n{head}\r\n\r\n")
            .unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        std::str::from_utf8(&answer[9..]).unwrap().parse().unwrap()
    }

    #[test]
    fn bodies_are_waited_for_only_from_those_with_a_key_and_not_for_long() {
        let interrupt = Arc::default();
        let (address, server) =
            start(&interrupt, |mut jobs| while jobs.blocking_recv().is_some() {});
        let key = "Authorization: Bearer sesame";
        assert_eq!(begin(address, "Host: localhost\r\nContent-Length: 9"), 401);
        assert_eq!(begin(address, &format!("Host: localhost\r\n{key}\r\nContent-Length: 9")), 408);
        let chunked = "Transfer-Encoding: chunked";
        assert_eq!(begin(address, &format!("Host: localhost\r\n{key}\r\n{chunked}")), 408);
        let long = "Content-Length: 99999999999";
        assert_eq!(begin(address, &format!("Host: localhost\r\n{key}\r\n{long}")), 413);
        assert_eq!(begin(address, &format!("Host: evil.example\r\n{key}\r\n{long}")), 403);
        // A connection that never ends its call does not keep the server from ending.
        let mut open = TcpStream::connect(address).unwrap();
        write!(open, "POST /v1/completions HTTP/1.1\r\nHost: loc").unwrap();
        interrupt.store(true, Ordering::Relaxed);
        server.join().unwrap().unwrap();
    }

    #[test]
    fn the_key_is_not_shown() {
        let shown = format!("{:?}", settings());
        assert!(shown.contains("not shown") && !shown.contains("sesame"), "{shown}");
    }
}
