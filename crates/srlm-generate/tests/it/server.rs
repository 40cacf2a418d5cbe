//! A server that answers as it is told.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use srlm_generate::{Completion, Error, Generate, HttpConfig, Input, OpenAi, Request, Sampling};

pub(crate) const KEY: &str = "sk-very-secret";

pub(crate) enum Reply {
    /// Status, further headers, body.
    Whole(u16, &'static str, String),
    /// A body that ends before its length.
    Cut,
    /// A body that does not go on until the client gives up.
    Slow,
    /// Waits for others before it answers.
    Meet(Arc<Meeting>),
    /// A body of this many bytes, of which none is JSON.
    Huge(usize),
}

/// Requests that are answered once three of them are there, and how many were there at most.
pub(crate) struct Meeting {
    pub(crate) barrier: Barrier,
    pub(crate) n_here: AtomicUsize,
    pub(crate) n_most: AtomicUsize,
}

impl Meeting {
    fn attend(&self) {
        let n_here = self.n_here.fetch_add(1, Ordering::SeqCst) + 1;
        self.n_most.fetch_max(n_here, Ordering::SeqCst);
        self.barrier.wait();
        self.n_here.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What came in: the request line and headers, and the body.
pub(crate) type Seen = Arc<Mutex<Vec<(String, String)>>>;

/// Answers each connection by the next reply, and by [`ok`] when there are no more.
pub(crate) fn server(replies: Vec<Reply>) -> (HttpConfig, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}/v1/", listener.local_addr().unwrap());
    let (seen, replies) = (Seen::default(), Arc::new(Mutex::new(VecDeque::from(replies))));
    let record = seen.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (record, replies) = (record.clone(), replies.clone());
            thread::spawn(move || serve(stream.unwrap(), &record, &replies));
        }
    });
    let config = HttpConfig {
        base_url,
        model: "tiny".to_owned(),
        timeout_seconds: 20.0,
        max_retries: 2,
        backoff_seconds: 0.001,
        ready_timeout_seconds: 5.0,
        ..HttpConfig::default()
    };
    (config, seen)
}

fn serve(mut stream: TcpStream, seen: &Seen, replies: &Mutex<VecDeque<Reply>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let start = head.len();
        reader.read_line(&mut head).unwrap();
        match head[start..].to_ascii_lowercase().trim() {
            "" => break,
            line => {
                length = line
                    .strip_prefix("content-length:")
                    .map_or(length, |n| n.trim().parse().unwrap())
            }
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let reply = {
        seen.lock().unwrap().push((head, String::from_utf8(body).unwrap()));
        replies.lock().unwrap().pop_front()
    };
    match reply {
        None => respond(&mut stream, 200, "", &ok("fine")),
        Some(Reply::Whole(status, headers, body)) => respond(&mut stream, status, headers, &body),
        Some(Reply::Meet(meeting)) => {
            meeting.attend();
            respond(&mut stream, 200, "", &ok("met"));
        }
        Some(Reply::Huge(n)) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").unwrap();
            // The client hangs up before the end.
            let _ = (0..n >> 16).try_for_each(|_| stream.write_all(&[b'x'; 1 << 16]));
        }
        Some(Reply::Cut) => stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"choices\":")
            .unwrap(),
        Some(Reply::Slow) => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"choices\":")
                .unwrap();
            let _ = stream.read(&mut [0]);
        }
    }
}

fn respond(stream: &mut TcpStream, status: u16, headers: &str, body: &str) {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} S\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
}

pub(crate) fn ok(text: &str) -> String {
    let choice =
        format!(r#"{{"text":"{text}","message":{{"content":"{text}"}},"finish_reason":"length"}}"#);
    format!(r#"{{"choices":[{choice}],"usage":{{"prompt_tokens":1,"completion_tokens":7}}}}"#)
}

pub(crate) fn whole(status: u16, headers: &'static str, body: &str) -> Reply {
    Reply::Whole(status, headers, body.to_owned())
}

pub(crate) fn request(id: &str, seeds: Vec<u64>) -> Request {
    Request {
        id: id.to_owned(),
        input: Input::Text("Once".to_owned()),
        seeds,
        sampling: Sampling::default(),
        top_logprobs: 0,
    }
}

pub(crate) fn generate(
    config: &HttpConfig,
    requests: &[Request],
) -> Result<Vec<Completion>, Error> {
    let mut client = client(config);
    let mut completions = Vec::new();
    client.generate(requests, &mut |completion| completions.push(completion))?;
    completions.sort_by_key(|c| (c.request_index, c.sample_index));
    Ok(completions)
}

/// A client with [`KEY`] that nobody interrupts.
pub(crate) fn client(config: &HttpConfig) -> OpenAi {
    OpenAi::new(config.clone(), Some(KEY.to_owned()), Arc::default()).unwrap()
}

/// The whole chain of reasons.
pub(crate) fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text} < {error}");
        source = error.source();
    }
    text
}
