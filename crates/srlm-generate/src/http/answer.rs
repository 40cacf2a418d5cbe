//! What a server answers.

use serde::Deserialize;
use serde_json::Value;
use srlm_artifact::FinishReason;

use super::logprobs::written_tokens;
use crate::{Completion, WrittenToken};

/// A completion of either form.
#[derive(Deserialize)]
pub(crate) struct Answer {
    choices: Vec<Choice>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    text: Option<String>,
    message: Option<AnswerMessage>,
    finish_reason: Option<String>,
    /// Read only where it was asked for: servers put different things here.
    logprobs: Option<Value>,
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
pub(crate) struct Sample {
    text: String,
    finish_reason: FinishReason,
    n_tokens: u32,
    tokens: Vec<WrittenToken>,
}

impl Sample {
    pub(crate) fn completion(self, request_index: usize, sample_index: usize) -> Completion {
        let Self { text, finish_reason, n_tokens, tokens } = self;
        Completion { request_index, sample_index, text, finish_reason, n_tokens, tokens }
    }
}

/// What is wrong with an answer, and serde's reason where it has no proper form.
pub(crate) type Problem = (String, Option<serde_json::Error>);

/// Reads the answer to a request that asks for this many log-probabilities a token.
pub(super) fn sample(bytes: &[u8], top_logprobs: u32) -> Result<Sample, Problem> {
    let answer: Answer =
        serde_json::from_slice(bytes).map_err(|e| ("is not a completion".to_owned(), Some(e)))?;
    answer.sample(top_logprobs)
}

impl Answer {
    /// The one sample that was asked for, with this many log-probabilities a token where the server
    /// tells them.
    pub(crate) fn sample(self, top_logprobs: u32) -> Result<Sample, Problem> {
        let problem = |text: &str| (text.to_owned(), None);
        let choice = self.choices.into_iter().next().ok_or_else(|| problem("has no choices"))?;
        let n_tokens = self.usage.and_then(|usage| usage.completion_tokens).ok_or_else(|| {
            problem("has no `usage.completion_tokens`, which counts are taken from; have the server report usage")
        })?;
        let finish_reason = match choice.finish_reason.as_deref() {
            // What a provider's own filter ends is as whole as it will be.
            Some("stop" | "eos_token" | "stop_sequence" | "content_filter") => FinishReason::Stop,
            Some("length") => FinishReason::Length,
            other => return Err((format!("ended with `finish_reason` {other:?}"), None)),
        };
        let text =
            choice.message.map_or(choice.text, |message| message.content).unwrap_or_default();
        let tokens = match choice.logprobs {
            Some(found) if top_logprobs > 0 => written_tokens(found, &text, top_logprobs as usize)
                .map_err(|e| ("has `logprobs` of an unknown form".to_owned(), Some(e)))?,
            _ => Vec::new(),
        };
        Ok(Sample { text, finish_reason, n_tokens, tokens })
    }
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
    let models: Models = serde_json::from_slice(bytes)
        .map_err(|e| ("is not a list of models".to_owned(), Some(e)))?;
    Ok(models.data.into_iter().map(|model| model.id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_or_refused() {
        let check = |choice: &str, usage: &str, expected: Result<(&str, FinishReason), &str>| {
            let found = sample(
                format!(r#"{{"choices":[{choice}],"usage":{usage},"more":1}}"#).as_bytes(),
                0,
            );
            let found = found.map(|s| (s.text, s.finish_reason)).map_err(|(problem, _)| problem);
            assert_eq!(
                found,
                expected.map(|(t, f)| (t.to_owned(), f)).map_err(str::to_owned),
                "{choice}"
            );
        };
        let usage = r#"{"completion_tokens":3}"#;
        check(r#"{"text":"a","finish_reason":"stop"}"#, usage, Ok(("a", FinishReason::Stop)));
        check(
            r#"{"message":{"content":"b"},"finish_reason":"length"}"#,
            usage,
            Ok(("b", FinishReason::Length)),
        );
        check(
            r#"{"message":{"content":null},"finish_reason":"stop"}"#,
            usage,
            Ok(("", FinishReason::Stop)),
        );
        check(
            r#"{"text":"a","finish_reason":"stop","logprobs":7}"#,
            usage,
            Ok(("a", FinishReason::Stop)),
        );
        check(
            r#"{"text":"a","finish_reason":null}"#,
            usage,
            Err("ended with `finish_reason` None"),
        );
        check("", usage, Err("has no choices"));
        let no_usage = "has no `usage.completion_tokens`, which counts are taken from; have the server report usage";
        check(r#"{"text":"a","finish_reason":"stop"}"#, "null", Err(no_usage));
        assert!(sample(b"<html>", 0).is_err());
    }

    #[test]
    fn a_server_without_log_probabilities_is_no_error_and_one_with_others_is() {
        let tokens = |logprobs: &str| {
            let choice = format!(r#"{{"text":"a","finish_reason":"stop"{logprobs}}}"#);
            let answer = format!(r#"{{"choices":[{choice}],"usage":{{"completion_tokens":3}}}}"#);
            sample(answer.as_bytes(), 2)
                .map(|sample| sample.tokens.len())
                .map_err(|(problem, _)| problem)
        };
        assert_eq!(tokens(""), Ok(0));
        assert_eq!(tokens(r#","logprobs":null"#), Ok(0));
        assert_eq!(tokens(r#","logprobs":{"content":null}"#), Ok(0));
        assert_eq!(tokens(r#","logprobs":{"content":[{"token":"a"}]}"#), Ok(1));
        assert_eq!(
            tokens(r#","logprobs":[0.5]"#),
            Err("has `logprobs` of an unknown form".to_owned())
        );
    }
}
