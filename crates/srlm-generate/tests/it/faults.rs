//! Everything that is known to go wrong with servers, and what becomes of it.

use std::net::TcpListener;
use std::time::Duration;

use srlm_generate::HttpConfig;

use crate::server::{KEY, Reply, client, generate, ok, request, server, told, whole};

/// How a call ends.
enum End {
    /// With the answer, after this many attempts.
    Answer(usize),
    /// With an error that has this in it, after this many attempts.
    Error(usize, &'static str),
}

use End::{Answer, Error};

/// What a server does, attempt after attempt, and the end; it answers properly once the replies are
/// used up. `max_retries` is 2: three attempts are all.
fn table() -> Vec<(&'static str, Vec<Reply>, End)> {
    let busy = || whole(503, "", "the model is loading");
    let reports =
        |usage: &str| format!(r#"{{"choices":[{{"text":"a","finish_reason":"stop"}}]{usage}}}"#);
    let past = "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n";
    let long = "x".repeat(1000);
    let unserved = r#"{"error":{"message":"The model `tiny` does not exist."}}"#;
    vec![
        ("429, Retry-After in seconds", vec![whole(429, "Retry-After: 0\r\n", "busy")], Answer(2)),
        ("429, Retry-After as a date", vec![whole(429, past, "busy")], Answer(2)),
        (
            "429, Retry-After as neither",
            vec![whole(429, "Retry-After: soon\r\n", "busy")],
            Answer(2),
        ),
        ("408", vec![whole(408, "", "")], Answer(2)),
        ("500", vec![whole(500, "", "oops")], Answer(2)),
        ("502, an HTML page", vec![whole(502, "", "<html>Bad Gateway</html>")], Answer(2)),
        ("503", vec![busy()], Answer(2)),
        (
            "503 for good",
            vec![busy(), busy(), busy()],
            Error(3, "answered 503: the model is loading"),
        ),
        ("a body cut off", vec![Reply::Cut], Answer(2)),
        (
            "bodies cut off for good",
            vec![Reply::Cut, Reply::Cut, Reply::Cut],
            Error(3, "no whole answer from"),
        ),
        ("a body that stops", vec![Reply::Slow], Answer(2)),
        (
            "bodies that stop for good",
            vec![Reply::Slow, Reply::Slow, Reply::Slow],
            Error(3, "raise `timeout_seconds`"),
        ),
        (
            "a body without end",
            vec![Reply::Huge(65 << 20)],
            Error(1, "is longer than 67108864 bytes: not shown"),
        ),
        (
            "200, an HTML page",
            vec![whole(200, "", "<html>hello")],
            Error(1, "is not a completion: <html>hello < expected"),
        ),
        (
            "200, other JSON",
            vec![whole(200, "", r#"{"error":"no"}"#)],
            Error(1, "missing field `choices`"),
        ),
        ("no choices", vec![whole(200, "", r#"{"choices":[]}"#)], Error(1, "has no choices")),
        ("no usage", vec![whole(200, "", &reports(""))], Error(1, "have the server report usage")),
        (
            "usage without a count",
            vec![whole(200, "", &reports(r#","usage":{}"#))],
            Error(1, "`usage.completion_tokens`"),
        ),
        (
            "a redirect",
            vec![whole(302, "Location: http://127.0.0.1:1/\r\n", "")],
            Error(1, "answered 302"),
        ),
        (
            "a model that is not served",
            vec![whole(404, "", unserved)],
            Error(1, "The model `tiny` does not exist."),
        ),
        (
            "a request that is too long",
            vec![whole(400, "", "too long")],
            Error(1, "request a: http://HOST/v1/completions answered 400: too long"),
        ),
        (
            "the key repeated",
            vec![whole(401, "", &format!("bad key {KEY}"))],
            Error(1, "answered 401: bad key [API key]"),
        ),
        ("a long message", vec![whole(403, "", &long)], Error(1, "xxx...")),
        ("no fault", vec![whole(200, "", &ok("fine"))], Answer(1)),
    ]
}

#[test]
fn every_fault_has_its_end() {
    for (fault, replies, end) in table() {
        let slow = replies.iter().any(|reply| matches!(reply, Reply::Slow));
        let (mut config, seen) = server(replies);
        if slow {
            config.timeout_seconds = 0.3;
        }
        let result = generate(&config, &[request("a", vec![1])]);
        let host = config.base_url.split('/').nth(2).unwrap();
        let expected = match (result, end) {
            (Ok(found), Answer(n)) => {
                assert_eq!((found.len(), found[0].text.as_str()), (1, "fine"), "{fault}");
                n
            }
            (Err(error), Error(n, expected)) => {
                let shown = told(&error).replace(host, "HOST");
                assert!(shown.contains(expected), "{fault}: {shown}");
                assert!(
                    !format!("{shown}{error:?}").contains(KEY) && shown.len() < 600,
                    "{fault}: {shown}"
                );
                n
            }
            (result, _) => panic!("{fault}: {result:?}"),
        };
        assert_eq!(seen.lock().unwrap().len(), expected, "{fault}");
    }
}

#[test]
fn a_server_that_is_not_there_is_tried_as_often_as_a_busy_one() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = HttpConfig {
        base_url: format!("http://127.0.0.1:{port}/v1"),
        model: "tiny".to_owned(),
        max_retries: 2,
        backoff_seconds: 0.001,
        ready_timeout_seconds: 0.01,
        ..HttpConfig::default()
    };
    let error = told(&generate(&config, &[request("a", vec![1])]).unwrap_err());
    assert!(
        error.contains("check that the server runs") && error.contains("Connection refused"),
        "{error}"
    );
    let error = told(&client(&config).wait_until_ready().unwrap_err());
    assert!(error.contains("was not ready within 0.01 s"), "{error}");
}

#[test]
fn a_server_asks_for_at_most_the_longest_wait() {
    let (mut config, _) = server(vec![whole(429, "Retry-After: 100000\r\n", "")]);
    config.max_backoff_seconds = 0.05;
    let started = std::time::Instant::now();
    assert_eq!(generate(&config, &[request("a", vec![1])]).unwrap().len(), 1);
    assert!(started.elapsed() >= Duration::from_millis(50));
}
