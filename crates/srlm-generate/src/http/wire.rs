//! The forms that go over the wire.

use serde::{Deserialize, Serialize};
use srlm_artifact::{FinishReason, Message};

use crate::{Input, Request};

/// A request for one sample. What not every server knows is left out where it has no effect.
#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<&'a [Message]>,
    max_tokens: u32,
    temperature: f64,
    top_p: f64,
    seed: u64,
    n: u32,
    stream: bool,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ignore_eos: Option<bool>,
}

/// The path and the body of the request for one seed.
pub(super) fn body(model: &str, request: &Request, seed: u64) -> (&'static str, Vec<u8>) {
    let sampling = &request.sampling;
    let (path, prompt, messages) = match &request.input {
        Input::Text(text) => ("completions", Some(text.as_str()), None),
        Input::Chat(messages) => ("chat/completions", None, Some(messages.as_slice())),
    };
    let body = Body {
        model,
        prompt,
        messages,
        max_tokens: sampling.max_tokens,
        temperature: sampling.temperature,
        top_p: sampling.top_p,
        seed,
        n: 1,
        stream: false,
        stop: &sampling.stop,
        top_k: Some(sampling.top_k).filter(|k| *k > 0),
        min_p: Some(sampling.min_p).filter(|p| *p > 0.0),
        ignore_eos: Some(true).filter(|_| sampling.ignore_eos),
    };
    (path, serde_json::to_vec(&body).expect("its keys are strings and its numbers finite"))
}

#[derive(Deserialize)]
struct Answer {
    choices: Vec<Choice>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    text: Option<String>,
    message: Option<AnswerMessage>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct AnswerMessage {
    content: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    completion_tokens: Option<u32>,
}

/// What a server wrote.
#[derive(Debug, PartialEq)]
pub(super) struct Sample {
    pub(super) text: String,
    pub(super) finish_reason: FinishReason,
    pub(super) n_tokens: u32,
}

/// What is wrong with an answer, and serde's reason where it has no proper form.
pub(super) type Problem = (String, Option<serde_json::Error>);

/// Reads the answer to [`body`].
pub(super) fn sample(bytes: &[u8]) -> Result<Sample, Problem> {
    let problem = |text: &str| (text.to_owned(), None);
    let answer: Answer = serde_json::from_slice(bytes).map_err(|e| ("is not a completion".to_owned(), Some(e)))?;
    let choice = answer.choices.into_iter().next().ok_or_else(|| problem("has no choices"))?;
    let n_tokens = answer.usage.and_then(|usage| usage.completion_tokens).ok_or_else(|| {
        problem("has no `usage.completion_tokens`, which counts are taken from; have the server report usage")
    })?;
    let finish_reason = match choice.finish_reason.as_deref() {
        // What a provider's own filter ends is as whole as it will be.
        Some("stop" | "eos_token" | "stop_sequence" | "content_filter") => FinishReason::Stop,
        Some("length") => FinishReason::Length,
        other => return Err((format!("ended with `finish_reason` {other:?}"), None)),
    };
    let text = choice.message.map_or(choice.text, |message| message.content).unwrap_or_default();
    Ok(Sample { text, finish_reason, n_tokens })
}

#[derive(Deserialize)]
struct Models {
    data: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
}

/// Names of the models in the answer of `models`.
pub(super) fn models(bytes: &[u8]) -> Result<Vec<String>, Problem> {
    let models: Models = serde_json::from_slice(bytes).map_err(|e| ("is not a list of models".to_owned(), Some(e)))?;
    Ok(models.data.into_iter().map(|model| model.id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sampling;

    fn rendered(input: Input, sampling: Sampling) -> String {
        let request = Request { id: "r".to_owned(), input, seeds: vec![9], sampling, top_logprobs: 0 };
        let (path, body) = body("m", &request, 9);
        format!("{path} {}", String::from_utf8(body).unwrap())
    }

    #[test]
    fn fields_that_not_every_server_knows_are_sent_only_when_they_matter() {
        insta::assert_snapshot!(rendered(Input::Text("a".to_owned()), Sampling::default()), @r#"completions {"model":"m","prompt":"a","max_tokens":256,"temperature":0.7,"top_p":0.9,"seed":9,"n":1,"stream":false}"#);
        let sampling =
            Sampling { top_k: 5, min_p: 0.1, ignore_eos: true, stop: vec!["\n".to_owned()], ..Sampling::default() };
        insta::assert_snapshot!(rendered(Input::Chat(vec![Message::user("a")]), sampling), @r#"chat/completions {"model":"m","messages":[{"role":"user","content":"a"}],"max_tokens":256,"temperature":0.7,"top_p":0.9,"seed":9,"n":1,"stream":false,"stop":["\n"],"top_k":5,"min_p":0.1,"ignore_eos":true}"#);
    }

    #[test]
    fn answers_are_read_or_refused() {
        let check = |choice: &str, usage: &str, expected: Result<(&str, FinishReason), &str>| {
            let found = sample(format!(r#"{{"choices":[{choice}],"usage":{usage},"more":1}}"#).as_bytes());
            let found = found.map(|s| (s.text, s.finish_reason)).map_err(|(problem, _)| problem);
            assert_eq!(found, expected.map(|(t, f)| (t.to_owned(), f)).map_err(str::to_owned), "{choice}");
        };
        let usage = r#"{"completion_tokens":3}"#;
        check(r#"{"text":"a","finish_reason":"stop"}"#, usage, Ok(("a", FinishReason::Stop)));
        check(r#"{"message":{"content":"b"},"finish_reason":"length"}"#, usage, Ok(("b", FinishReason::Length)));
        check(r#"{"message":{"content":null},"finish_reason":"stop"}"#, usage, Ok(("", FinishReason::Stop)));
        check(r#"{"text":"a","finish_reason":null}"#, usage, Err("ended with `finish_reason` None"));
        check("", usage, Err("has no choices"));
        let no_usage = "has no `usage.completion_tokens`, which counts are taken from; have the server report usage";
        check(r#"{"text":"a","finish_reason":"stop"}"#, "null", Err(no_usage));
        assert!(sample(b"<html>").is_err());
    }
}
