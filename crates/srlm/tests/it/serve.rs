//! A served model, asked as other programs ask.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::command::{stderr, stdout, xtask};

/// `serve` on the tiny model; it ends with the test.
struct Served {
    child: Child,
    /// `127.0.0.1:PORT`.
    address: String,
}

impl Served {
    fn start(more: &[&str]) -> Self {
        let arguments =
            [&["serve", "--model", "tiny:", "--name", "tiny", "--port", "0"], more].concat();
        let mut child = xtask(&arguments)
            .env("SERVE_KEY", "open sesame")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line
            .trim()
            .strip_prefix("tiny is served at http://")
            .unwrap()
            .strip_suffix("/v1")
            .unwrap();
        Self { address: address.to_owned(), child }
    }

    /// Status and body.
    fn send(&self, head: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        write!(
            stream,
            "{head}\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    #[track_caller]
    fn ask(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.send(&format!("POST /v1/{path} HTTP/1.1"), &body.to_string());
        assert_eq!(status, 200, "{answer}");
        serde_json::from_str(&answer).unwrap()
    }

    /// The deltas of a stream, in order, and its last event.
    fn stream(&self, path: &str, body: &Value) -> (Vec<Value>, String) {
        let (status, answer) = self.send(&format!("POST /v1/{path} HTTP/1.1"), &body.to_string());
        assert_eq!(status, 200, "{answer}");
        let mut events: Vec<&str> =
            answer.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
        let last = events.pop().unwrap().to_owned();
        (events.into_iter().map(|event| serde_json::from_str(event).unwrap()).collect(), last)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn question(more: Value) -> Value {
    let mut body = json!({ "model": "tiny", "messages": [{ "role": "user", "content": "Name a bird." }],
        "max_tokens": 12, "ignore_eos": true });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[test]
fn chats_are_what_generate_writes_and_streams_say_the_same() {
    let served = Served::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let rows = folder.path().join("rows.jsonl");
    std::fs::write(&rows, r#"{"id": "a", "prompt": "Name a bird."}"#).unwrap();
    let generated = stdout(&[
        "generate",
        "--model",
        "tiny:",
        "--input",
        rows.to_str().unwrap(),
        "--temperature",
        "0",
        "--max-tokens",
        "12",
        "--ignore-eos",
    ]);
    let generated: Value = serde_json::from_str(&generated).unwrap();
    let answer = served.ask("chat/completions", &question(json!({ "temperature": 0 })));
    assert_eq!(answer["choices"][0]["message"]["content"], generated["response"]);
    assert_eq!(answer["choices"][0]["finish_reason"], "length");
    assert_eq!(answer["usage"]["completion_tokens"], 12);

    // Equal seeds, equal samples, streamed or not; the samples of one call differ.
    let drawn = question(json!({ "seed": 7, "n": 2, "temperature": 1.5 }));
    let whole = served.ask("chat/completions", &drawn);
    let text = |i: usize| whole["choices"][i]["message"]["content"].as_str().unwrap().to_owned();
    assert_ne!(text(0), text(1));
    let streamed = question(json!({ "seed": 7, "n": 2, "temperature": 1.5, "stream": true,
        "stream_options": { "include_usage": true } }));
    let (mut chunks, last) = served.stream("chat/completions", &streamed);
    assert_eq!(last, "[DONE]");
    assert_eq!(chunks.pop().unwrap()["usage"], whole["usage"]);
    for i in 0..2 {
        let mut choices =
            chunks.iter().map(|chunk| &chunk["choices"][0]).filter(|choice| choice["index"] == i);
        let deltas: Vec<&Value> = choices.clone().map(|choice| &choice["delta"]).collect();
        assert_eq!(deltas[0]["role"], "assistant");
        let pieces: String = deltas.iter().filter_map(|delta| delta["content"].as_str()).collect();
        assert_eq!(pieces, text(i));
        assert_eq!(choices.next_back().unwrap()["finish_reason"], "length");
    }

    // A stop string is never seen, not even its beginning.
    let stop: String = text(0).chars().skip(3).take(4).collect();
    let stopped = question(json!({ "seed": 7, "temperature": 1.5, "stream": true, "stop": stop }));
    let (chunks, _) = served.stream("chat/completions", &stopped);
    let pieces: String =
        chunks.iter().filter_map(|c| c["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(pieces, text(0)[..text(0).find(&stop).unwrap()]);
}

#[test]
fn prompts_are_scored_and_continued() {
    let served = Served::start(&[]);
    let ids: Vec<u32> = (20..50).collect();
    let asked = json!({ "model": "tiny", "prompt": [ids.clone(), ids[..7]], "max_tokens": 1, "temperature": 0,
        "logprobs": 2, "echo": true });
    let answer = served.ask("completions", &asked);
    for (choice, n) in [(0, 30), (1, 7)] {
        let told = &answer["choices"][choice]["logprobs"];
        let logps = told["token_logprobs"].as_array().unwrap();
        assert_eq!(
            (logps.len(), &logps[0], &told["top_logprobs"][0]),
            (n + 1, &Value::Null, &Value::Null)
        );
        let of = |i: usize| logps[i].as_f64().unwrap();
        let best = |i: usize| {
            let top = told["top_logprobs"][i].as_object().unwrap();
            top.values().map(|logp| logp.as_f64().unwrap()).fold(f64::NEG_INFINITY, f64::max)
        };
        // The token written without chance is the likeliest, and no given token is likelier than
        // that.
        assert_eq!(of(n), best(n));
        assert!((1..=n).all(|i| of(i) <= best(i) && of(i) < 0.0));
    }
    // What the shorter prompt shares with the longer is scored alike.
    let scores = |choice: usize| -> Vec<f64> {
        let told = answer["choices"][choice]["logprobs"]["token_logprobs"].as_array().unwrap();
        told[1..7].iter().map(|logp| logp.as_f64().unwrap()).collect()
    };
    assert!(scores(0).iter().zip(scores(1)).all(|(a, b)| (a - b).abs() < 1e-5));
    let alone = json!({ "prompt": ids, "max_tokens": 0, "logprobs": 0, "echo": true });
    let alone = served.ask("completions", &alone);
    assert_eq!(alone["choices"][0]["logprobs"]["token_logprobs"].as_array().unwrap().len(), 30);
    assert_eq!(alone["usage"]["completion_tokens"], 0);
    let chat =
        served.ask("chat/completions", &question(json!({ "logprobs": true, "top_logprobs": 3 })));
    let told = chat["choices"][0]["logprobs"]["content"].as_array().unwrap();
    assert_eq!((told.len(), told[0]["top_logprobs"].as_array().unwrap().len()), (12, 3));
}

#[test]
fn an_echoed_prompt_is_what_was_sent_and_agrees_with_its_tokens() {
    let served = Served::start(&[]);
    let prompt = "Name a bird:\n  the caf\u{e9} \u{1f426} <|im_end|> of";
    let asked =
        json!({ "prompt": prompt, "max_tokens": 9, "logprobs": 5, "echo": true, "seed": 3 });
    let answer = served.ask("completions", &asked);
    let (choice, told) = (&answer["choices"][0], &answer["choices"][0]["logprobs"]);
    let text = choice["text"].as_str().unwrap();
    assert!(text.starts_with(prompt), "{text}");
    let tokens: Vec<&str> =
        told["tokens"].as_array().unwrap().iter().map(|token| token.as_str().unwrap()).collect();
    assert_eq!(tokens.concat(), text);
    let n_tokens = answer["usage"]["total_tokens"].as_u64().unwrap() as usize;
    for key in ["tokens", "token_logprobs", "top_logprobs", "text_offset"] {
        assert_eq!(told[key].as_array().unwrap().len(), n_tokens, "{key}");
    }
    let characters: Vec<char> = text.chars().collect();
    for (i, token) in tokens.iter().enumerate() {
        let offset = told["text_offset"][i].as_u64().unwrap() as usize;
        assert!(characters[offset..].starts_with(&token.chars().collect::<Vec<_>>()), "{i}");
        let Some(top) = told["top_logprobs"][i].as_object() else { continue };
        let own = top
            .get(*token)
            .map(|logp| logp.as_f64().unwrap() >= told["token_logprobs"][i].as_f64().unwrap());
        assert!(own == Some(true) || token.is_empty(), "{i}: {token:?} in {top:?}");
    }
}

#[test]
fn bad_calls_are_refused_and_do_no_harm() {
    let served = Served::start(&["--api-key-env", "SERVE_KEY"]);
    let key = "\r\nAuthorization: Bearer open sesame";
    let check = |head: &str, body: Value, status: u16, expected: &str| {
        let (found, answer) = served.send(&format!("{head} HTTP/1.1{key}"), &body.to_string());
        assert!(found == status && answer.contains(expected), "{head}: {found} {answer}");
    };
    check("GET /v1/models", json!(null), 200, "\"tiny\"");
    check("GET /v1/nothing", json!(null), 404, "/v1/completions");
    check(
        "POST /v1/chat/completions",
        question(json!({ "model": "other" })),
        404,
        "model_not_found",
    );
    check(
        "POST /v1/chat/completions",
        question(json!({ "frequency_penalty": 1 })),
        400,
        "frequency_penalty",
    );
    check("POST /v1/completions", json!({ "prompt": [4_000_000] }), 400, "vocabulary");
    check(
        "POST /v1/completions",
        json!({ "prompt": "word ".repeat(9000) }),
        400,
        "context_length_exceeded",
    );
    check("POST /v1/completions", json!({ "prompt": "a", "max_tokens": -1 }), 400, "max_tokens");
    check("POST /v1/chat/completions", question(json!({})), 200, "chat.completion");
    let (status, answer) = served.send("GET /v1/models HTTP/1.1", "");
    assert!(status == 401 && answer.contains("Authorization"), "{answer}");
    assert_eq!(served.send("GET /health HTTP/1.1", "").0, 200);

    let port = served.address.rsplit_once(':').unwrap().1;
    assert!(stderr(&["serve", "--model", "tiny:", "--port", port], 2).contains("--port"));
    assert!(
        stderr(&["serve", "--model", "tiny:", "--api-key-env", "NOT_SET"], 2).contains("NOT_SET")
    );
    let empty = xtask(&["serve", "--model", "tiny:", "--api-key-env", "EMPTY"])
        .env("EMPTY", "")
        .output()
        .unwrap();
    assert_eq!(empty.status.code(), Some(2), "{}", String::from_utf8_lossy(&empty.stderr));
    assert!(
        stderr(&["serve", "--model", "tiny:", "--max-tokens", "0"], 2).contains("--max-tokens")
    );
}

#[test]
fn an_interrupt_ends_calls_and_server() {
    let mut served = Served::start(&[]);
    let endless = question(json!({ "max_tokens": 400, "n": 128, "stream": true })).to_string();
    let mut stream = BufReader::new(TcpStream::connect(&served.address).unwrap());
    let (head, length) = ("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost", endless.len());
    write!(stream.get_mut(), "{head}\r\nContent-Length: {length}\r\n\r\n{endless}").unwrap();
    let mut line = String::new();
    while !line.starts_with("data: ") {
        line.clear();
        assert!(stream.read_line(&mut line).unwrap() > 0);
    }
    let interrupted =
        Command::new("kill").args(["-INT", &served.child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    assert!(served.child.wait().unwrap().success());
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("the server stops") && !rest.contains("[DONE]"), "{rest}");
}
