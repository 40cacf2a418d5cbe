//! The client against a server that is there: `SRLM_TEST_SERVER` is its address with `/v1`,
//! `SRLM_TEST_SERVER_MODEL` the name of a small chat model that it serves.
#![expect(clippy::print_stderr, reason = "a test that is skipped says why")]

use std::env;
use std::sync::Arc;

use srlm_artifact::{FinishReason, Message};
use srlm_generate::{Completion, HttpConfig, Input, OpenAi, Request, Sampling, generate_group};

fn config() -> Option<HttpConfig> {
    let set = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let (Some(base_url), Some(model)) = (set("SRLM_TEST_SERVER"), set("SRLM_TEST_SERVER_MODEL"))
    else {
        eprintln!("skipped: SRLM_TEST_SERVER and SRLM_TEST_SERVER_MODEL name no server");
        return None;
    };
    Some(HttpConfig {
        base_url,
        model,
        concurrency: 8,
        ready_timeout_seconds: 60.0,
        ..HttpConfig::default()
    })
}

fn chat(id: &str, text: &str, seeds: Vec<u64>) -> Request {
    let sampling = Sampling { max_tokens: 12, temperature: 1.0, top_p: 1.0, ..Sampling::default() };
    let input = Input::Chat(vec![Message::user(text)]);
    Request { id: id.to_owned(), input, seeds, sampling, top_logprobs: 0 }
}

fn text(id: &str, text: &str, seeds: Vec<u64>) -> Request {
    Request { input: Input::Text(text.to_owned()), ..chat(id, "", seeds) }
}

fn samples(config: &HttpConfig, requests: &[Request]) -> Vec<Vec<Completion>> {
    let mut client = OpenAi::new(config.clone(), None, Arc::default()).unwrap();
    generate_group(&mut client, requests, &mut |_| {}).unwrap()
}

#[test]
fn it_is_ready_and_knows_its_model() {
    let Some(config) = config() else { return };
    OpenAi::new(config.clone(), None, Arc::default()).unwrap().wait_until_ready().unwrap();
    let other = HttpConfig { model: "no-such-model".to_owned(), ..config };
    let error = OpenAi::new(other, None, Arc::default()).unwrap().wait_until_ready().unwrap_err();
    assert!(error.to_string().contains("does not serve `no-such-model`"), "{error}");
}

#[test]
fn seeds_decide_the_samples_of_both_forms() {
    let Some(mut config) = config() else { return };
    config.concurrency = 1;
    let requests =
        [chat("a", "Name an animal.", vec![1, 2, 1]), text("b", "Once upon a time", vec![1, 2, 1])];
    for of_request in samples(&config, &requests) {
        assert!(
            of_request.iter().all(|c| !c.text.is_empty() && (1..=12).contains(&c.n_tokens)),
            "{of_request:?}"
        );
        assert_eq!(of_request[0].text, of_request[2].text);
        assert_ne!(of_request[0].text, of_request[1].text);
    }
}

#[test]
fn texts_end_as_they_should() {
    let Some(config) = config() else { return };
    let count = |change: fn(&mut Sampling)| {
        let mut request = text("a", "1, 2, 3, 4, 5, 6, 7,", vec![1]);
        (request.sampling.temperature, request.sampling.max_tokens) = (0.0, 12);
        change(&mut request.sampling);
        samples(&config, &[request])[0][0].clone()
    };
    let long = count(|_| {});
    assert_eq!((long.finish_reason, long.n_tokens), (FinishReason::Length, 12));
    let stopped = count(|s| s.stop = vec![" 9".to_owned()]);
    assert_eq!((stopped.text.as_str(), stopped.finish_reason), (" 8,", FinishReason::Stop));
    let mut brief = chat("a", "Reply with the single word yes.", vec![1]);
    (brief.sampling.temperature, brief.sampling.max_tokens) = (0.0, 200);
    let brief = &samples(&config, &[brief])[0][0];
    assert_eq!(brief.finish_reason, FinishReason::Stop, "{brief:?}");
}

#[test]
fn both_forms_tell_the_likeliest_tokens() {
    let Some(config) = config() else { return };
    let mut requests = [chat("a", "Say café ☕.", vec![1]), text("b", "Once upon a time", vec![1])];
    for request in &mut requests {
        (request.top_logprobs, request.sampling.temperature) = (5, 0.0);
    }
    for sample in samples(&config, &requests).iter().flatten() {
        let joined: String = sample.tokens.iter().map(|token| token.text.as_str()).collect();
        assert_eq!(joined, sample.text, "{sample:?}");
        // Some tell the tokens of a shared character as one, or leave out the end token.
        assert!((1..=sample.n_tokens as usize).contains(&sample.tokens.len()), "{sample:?}");
        for token in
            sample.tokens.iter().filter(|token| token.text.is_ascii() && !token.text.is_empty())
        {
            assert_eq!(token.top.len(), 5);
            assert!(
                token.top.is_sorted_by(|a, b| a.1 >= b.1)
                    && token.top.iter().all(|top| top.1 <= 0.0),
                "{token:?}"
            );
            // At temperature 0 the likeliest is taken.
            assert!(token.top[0].0.starts_with(&token.text), "{token:?}");
        }
    }
}

#[test]
fn eight_requests_at_once_are_all_served() {
    let Some(config) = config() else { return };
    let ids: Vec<_> = (0..4).map(|i| format!("r{i}")).collect();
    let requests: Vec<_> =
        ids.iter().map(|id| chat(id, &format!("Tell me about {id}."), (0..4).collect())).collect();
    let found = samples(&config, &requests);
    assert_eq!(found.iter().flatten().filter(|c| c.n_tokens > 0).count(), 16);
}
