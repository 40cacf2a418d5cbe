//! What the client asks, and when.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use srlm_artifact::{FinishReason, Message};
use srlm_generate::{Error, Generate, HttpConfig, HttpError, Input, OpenAi};

use crate::server::{KEY, Meeting, Reply, client, generate, ok, request, server, told, whole};

#[test]
fn every_seed_of_every_request_is_served() {
    let (config, seen) = server(vec![]);
    let mut chat = request("b", vec![3]);
    chat.input = Input::Chat(vec![Message::user("Hi")]);
    let found = generate(&config, &[request("a", vec![1, 2]), chat]).unwrap();
    let places: Vec<_> = found.iter().map(|c| (c.request_index, c.sample_index)).collect();
    assert_eq!(places, [(0, 0), (0, 1), (1, 0)]);
    assert!(found.iter().all(
        |c| (c.text.as_str(), c.n_tokens, c.finish_reason) == ("fine", 7, FinishReason::Length)
    ));
    let seen = seen.lock().unwrap();
    let count = |text: &str| {
        seen.iter().filter(|(head, body)| head.contains(text) || body.contains(text)).count()
    };
    assert_eq!((count("POST /v1/completions "), count("POST /v1/chat/completions ")), (2, 1));
    assert_eq!(
        ["\"seed\":1,", "\"seed\":2,", "\"seed\":3,", &format!("Bearer {KEY}")].map(count),
        [1, 1, 1, 3]
    );
}

#[test]
fn as_many_requests_as_allowed_are_under_way() {
    let meeting = Meeting {
        barrier: Barrier::new(3),
        n_here: AtomicUsize::new(0),
        n_most: AtomicUsize::new(0),
    };
    let meeting = Arc::new(meeting);
    let (mut config, _) = server((0..6).map(|_| Reply::Meet(meeting.clone())).collect());
    config.concurrency = 3;
    let caller = thread::current().id();
    let mut n_done = 0;
    let mut on_completion = |_| {
        assert_eq!(thread::current().id(), caller);
        n_done += 1;
    };
    let mut client = client(&config);
    client.generate(&[request("a", (0..6).collect())], &mut on_completion).unwrap();
    assert_eq!((n_done, meeting.n_most.load(Ordering::SeqCst)), (6, 3));
}

#[test]
fn the_first_error_ends_the_call_and_keeps_what_was_done() {
    let (mut config, seen) = server(vec![whole(200, "", &ok("one")), whole(403, "", "no")]);
    config.concurrency = 1;
    let mut client = client(&config);
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
    client(&config).wait_until_ready().unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|(head, _)| head.starts_with("GET /v1/models ")));
}

#[test]
fn what_waiting_does_not_mend_is_told() {
    let ready = |replies, change: fn(&mut HttpConfig)| {
        let (mut config, _) = server(replies);
        change(&mut config);
        told(&client(&config).wait_until_ready().unwrap_err())
    };
    let models = r#"{"data":[{"id":"other"}]}"#;
    assert!(
        ready(vec![whole(200, "", models)], |_| {})
            .contains("does not serve `tiny` but [\"other\"]")
    );
    assert!(ready(vec![whole(401, "", "no key")], |_| {}).contains("answered 401: no key"));
    let busy = vec![whole(503, "Retry-After: 9\r\n", "loading")];
    let error = ready(busy, |config| config.ready_timeout_seconds = 1.0);
    assert!(error.contains("was not ready within 1 s") && error.contains("loading"), "{error}");
}

#[test]
fn the_api_key_does_not_show() {
    let config = HttpConfig { model: "tiny".to_owned(), ..HttpConfig::default() };
    let client = client(&config);
    assert!(!format!("{client:?}").contains(KEY));
    let error = OpenAi::new(config, Some("sk\n1".to_owned()), Arc::default()).unwrap_err();
    assert!(matches!(error, HttpError::ApiKey) && !format!("{error:?}").contains("sk"));
}

#[test]
fn an_interruption_ends_the_call_and_keeps_what_was_done() {
    let (mut config, seen) = server(vec![]);
    config.concurrency = 1;
    let interrupt = Arc::new(AtomicBool::new(false));
    let mut client = OpenAi::new(config, None, interrupt.clone()).unwrap();
    let mut n_done = 0;
    let result = client.generate(&[request("a", (0..50).collect())], &mut |_| {
        n_done += 1;
        interrupt.store(true, Ordering::Relaxed);
    });
    assert!(matches!(result, Err(Error::Interrupted)), "{result:?}");
    assert_eq!(n_done, seen.lock().unwrap().len(), "what was asked for is handed over");
    assert!(n_done < 50);
}

#[test]
fn an_interruption_cuts_the_wait_for_a_busy_server_short() {
    let (mut config, seen) =
        server((0..9).map(|_| whole(429, "Retry-After: 1000\r\n", "")).collect());
    config.max_backoff_seconds = 1000.0;
    let mut client = OpenAi::new(config, None, Arc::new(AtomicBool::new(true))).unwrap();
    let result = client.generate(&[request("a", vec![1])], &mut |_| {});
    assert!(matches!(result, Err(Error::Interrupted)), "{result:?}");
    assert!(seen.lock().unwrap().len() < 2);
}
