//! The client against a server that misbehaves on request.
#![allow(clippy::unwrap_used)]

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use srlm_artifact::{FinishReason, Message};
use srlm_generate::{Completion, Error, Generate, HttpConfig, HttpError, Input, OpenAi, Request, Sampling};

const KEY: &str = "sk-very-secret";

enum Reply {
    /// Status, further headers, body.
    Whole(u16, &'static str, String),
    /// A body that ends before its length.
    Cut,
    /// A body that does not go on until the client gives up.
    Slow,
    /// Waits for others before it answers.
    Meet(Arc<Meeting>),
}

/// Requests that are answered once three of them are there, and how many were there at most.
struct Meeting {
    barrier: Barrier,
    n_here: AtomicUsize,
    n_most: AtomicUsize,
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
type Seen = Arc<Mutex<Vec<(String, String)>>>;

/// Answers each connection by the next reply, and by [`ok`] when there are no more.
fn server(replies: Vec<Reply>) -> (HttpConfig, Seen) {
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
            line => length = line.strip_prefix("content-length:").map_or(length, |n| n.trim().parse().unwrap()),
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
        Some(Reply::Cut) => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"choices\":").unwrap(),
        Some(Reply::Slow) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"choices\":").unwrap();
            let _ = stream.read(&mut [0]);
        }
    }
}

fn respond(stream: &mut TcpStream, status: u16, headers: &str, body: &str) {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} S\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n");
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
}

fn ok(text: &str) -> String {
    let choice = format!(r#"{{"text":"{text}","message":{{"content":"{text}"}},"finish_reason":"length"}}"#);
    format!(r#"{{"choices":[{choice}],"usage":{{"prompt_tokens":1,"completion_tokens":7}}}}"#)
}

fn whole(status: u16, headers: &'static str, body: &str) -> Reply {
    Reply::Whole(status, headers, body.to_owned())
}

fn request(id: &str, seeds: Vec<u64>) -> Request {
    Request {
        id: id.to_owned(),
        input: Input::Text("Once".to_owned()),
        seeds,
        sampling: Sampling::default(),
        top_logprobs: 0,
    }
}

fn generate(config: &HttpConfig, requests: &[Request]) -> Result<Vec<Completion>, Error> {
    let mut client = OpenAi::new(config.clone(), Some(KEY.to_owned())).unwrap();
    let mut completions = Vec::new();
    client.generate(requests, &mut |completion| completions.push(completion))?;
    completions.sort_by_key(|c| (c.request_index, c.sample_index));
    Ok(completions)
}

/// The whole chain of reasons.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text} < {error}");
        source = error.source();
    }
    text
}

#[test]
fn every_seed_of_every_request_is_served() {
    let (config, seen) = server(vec![]);
    let mut chat = request("b", vec![3]);
    chat.input = Input::Chat(vec![Message::user("Hi")]);
    let found = generate(&config, &[request("a", vec![1, 2]), chat]).unwrap();
    let places: Vec<_> = found.iter().map(|c| (c.request_index, c.sample_index)).collect();
    assert_eq!(places, [(0, 0), (0, 1), (1, 0)]);
    assert!(found.iter().all(|c| (c.text.as_str(), c.n_tokens, c.finish_reason) == ("fine", 7, FinishReason::Length)));
    let seen = seen.lock().unwrap();
    let count = |text: &str| seen.iter().filter(|(head, body)| head.contains(text) || body.contains(text)).count();
    assert_eq!((count("POST /v1/completions "), count("POST /v1/chat/completions ")), (2, 1));
    assert_eq!(["\"seed\":1,", "\"seed\":2,", "\"seed\":3,", &format!("Bearer {KEY}")].map(count), [1, 1, 1, 3]);
}

#[test]
fn passing_failures_are_tried_again() {
    for failure in [
        whole(429, "Retry-After: 0\r\n", "busy"),
        whole(500, "", "oops"),
        whole(503, "Retry-After: soon\r\n", ""),
        Reply::Cut,
    ] {
        let (config, seen) = server(vec![failure]);
        let found = generate(&config, &[request("a", vec![1])]).unwrap();
        assert_eq!((found.len(), found[0].text.as_str(), seen.lock().unwrap().len()), (1, "fine", 2));
    }
}

#[test]
fn a_slow_body_times_out_and_is_tried_again() {
    let (mut config, seen) = server(vec![Reply::Slow]);
    config.timeout_seconds = 0.3;
    assert_eq!(generate(&config, &[request("a", vec![1])]).unwrap()[0].text, "fine");
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[test]
fn retries_come_to_an_end() {
    let busy = || whole(503, "", "the model is loading");
    let (config, seen) = server(vec![busy(), busy(), busy()]);
    let error = generate(&config, &[request("a", vec![1])]).unwrap_err();
    let port = config.base_url.split(':').nth(2).unwrap().split('/').next().unwrap();
    insta::assert_snapshot!(told(&error).replace(port, "PORT"), @"generating with tiny failed < http://127.0.0.1:PORT/v1/completions answered 503: the model is loading");
    assert_eq!(seen.lock().unwrap().len(), 3);
}

#[test]
fn what_does_not_pass_is_an_error_at_once() {
    let long = "x".repeat(1000);
    let rows = [
        (whole(400, "", "too long"), "request a: http://HOST/v1/completions answered 400: too long"),
        (whole(401, "", "bad key sk-very-secret"), "answered 401: bad key [API key]"),
        (whole(302, "Location: http://127.0.0.1:1/\r\n", ""), "answered 302"),
        (whole(200, "", "<html>hello"), "is not a completion: <html>hello < expected value at line 1 column 1"),
        (whole(200, "", r#"{"choices":[]}"#), "has no choices"),
        (whole(200, "", r#"{"choices":[{"text":"a","finish_reason":"stop"}]}"#), "has no `usage.completion_tokens`"),
        (whole(404, "", &long), "xxx..."),
    ];
    for (reply, expected) in rows {
        let (config, seen) = server(vec![reply]);
        let error = told(&generate(&config, &[request("a", vec![1])]).unwrap_err());
        let host = config.base_url.split('/').nth(2).unwrap();
        let error = error.replace(host, "HOST");
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains(KEY) && error.len() < 500, "{error}");
        assert_eq!(seen.lock().unwrap().len(), 1, "{error}");
    }
}

#[test]
fn as_many_requests_as_allowed_are_under_way() {
    let meeting = Meeting { barrier: Barrier::new(3), n_here: AtomicUsize::new(0), n_most: AtomicUsize::new(0) };
    let meeting = Arc::new(meeting);
    let (mut config, _) = server((0..6).map(|_| Reply::Meet(meeting.clone())).collect());
    config.concurrency = 3;
    let caller = thread::current().id();
    let mut n_done = 0;
    let mut on_completion = |_| {
        assert_eq!(thread::current().id(), caller);
        n_done += 1;
    };
    let mut client = OpenAi::new(config, None).unwrap();
    client.generate(&[request("a", (0..6).collect())], &mut on_completion).unwrap();
    assert_eq!((n_done, meeting.n_most.load(Ordering::SeqCst)), (6, 3));
}

#[test]
fn the_first_error_ends_the_call_and_keeps_what_was_done() {
    let (mut config, seen) = server(vec![whole(200, "", &ok("one")), whole(403, "", "no")]);
    config.concurrency = 1;
    let mut client = OpenAi::new(config, None).unwrap();
    let mut texts = Vec::new();
    let result = client.generate(&[request("a", (0..50).collect())], &mut |c| texts.push(c.text));
    assert!(matches!(result, Err(Error::Engine { .. })));
    assert_eq!(texts[0], "one");
    assert!(seen.lock().unwrap().len() < 50);
}

#[test]
fn readiness_is_waited_for() {
    let models = r#"{"object":"list","data":[{"id":"tiny"},{"id":"big"}]}"#;
    let (config, seen) = server(vec![whole(503, "", ""), Reply::Cut, whole(200, "", models)]);
    OpenAi::new(config, None).unwrap().wait_until_ready().unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|(head, _)| head.starts_with("GET /v1/models ")));
}

#[test]
fn what_waiting_does_not_mend_is_told() {
    let ready = |replies, change: fn(&mut HttpConfig)| {
        let (mut config, _) = server(replies);
        change(&mut config);
        told(&OpenAi::new(config, None).unwrap().wait_until_ready().unwrap_err())
    };
    let models = r#"{"data":[{"id":"other"}]}"#;
    assert!(ready(vec![whole(200, "", models)], |_| {}).contains("does not serve `tiny` but [\"other\"]"));
    assert!(ready(vec![whole(401, "", "no key")], |_| {}).contains("answered 401: no key"));
    let busy = vec![whole(503, "Retry-After: 9\r\n", "loading")];
    let error = ready(busy, |config| config.ready_timeout_seconds = 1.0);
    assert!(error.contains("was not ready within 1 s") && error.contains("loading"), "{error}");
}

#[test]
fn the_api_key_does_not_show() {
    let config = HttpConfig { model: "tiny".to_owned(), ..HttpConfig::default() };
    let client = OpenAi::new(config.clone(), Some(KEY.to_owned())).unwrap();
    assert!(!format!("{client:?}").contains(KEY));
    let error = OpenAi::new(config, Some("sk\n1".to_owned())).unwrap_err();
    assert!(matches!(error, HttpError::ApiKey) && !format!("{error:?}").contains("sk"));
}
