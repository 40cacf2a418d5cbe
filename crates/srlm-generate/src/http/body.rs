//! What is asked of a server.

use serde::Serialize;
use serde_json::Value;
use srlm_artifact::Message;

use crate::{Input, Request};

/// A request for one sample. What not every server knows is left out where it has no effect.
#[derive(Serialize)]
pub(crate) struct Body<'a> {
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<PlainPrompt<'a>>,
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
    /// A number in the completions form, `true` in the chat form.
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_logprobs: Option<u32>,
}

/// A prompt without a chat template.
#[derive(Clone, Copy, Serialize)]
#[serde(untagged)]
enum PlainPrompt<'a> {
    Text(&'a str),
    Tokens(&'a [u32]),
}

impl<'a> Body<'a> {
    /// The request for one seed.
    pub(crate) fn new(model: &'a str, request: &'a Request, seed: u64) -> Self {
        let sampling = &request.sampling;
        let (prompt, messages) = match &request.input {
            Input::Text(text) => (Some(PlainPrompt::Text(text)), None),
            Input::Tokens(ids) => (Some(PlainPrompt::Tokens(ids)), None),
            Input::Chat(messages) => (None, Some(messages.as_slice())),
        };
        let n_logprobs = Some(request.top_logprobs).filter(|n| *n > 0);
        let as_number = |n: u32| if prompt.is_some() { Value::from(n) } else { Value::from(true) };
        Self {
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
            logprobs: n_logprobs.map(as_number),
            top_logprobs: n_logprobs.filter(|_| messages.is_some()),
        }
    }

    /// Where it goes, after the version in the address.
    pub(crate) fn path(&self) -> &'static str {
        if self.prompt.is_some() { "completions" } else { "chat/completions" }
    }

    /// Its JSON.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("its keys are strings and its numbers finite")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sampling;

    fn rendered(input: Input, sampling: Sampling, top_logprobs: u32) -> String {
        let request = Request { id: "r".to_owned(), input, seeds: vec![9], sampling, top_logprobs };
        let body = Body::new("m", &request, 9);
        format!("{} {}", body.path(), String::from_utf8(body.to_bytes()).unwrap())
    }

    #[test]
    fn fields_that_not_every_server_knows_are_sent_only_when_they_matter() {
        insta::assert_snapshot!(rendered(Input::Text("a".to_owned()), Sampling::default(), 0), @r#"completions {"model":"m","prompt":"a","max_tokens":256,"temperature":0.7,"top_p":0.9,"seed":9,"n":1,"stream":false}"#);
        let sampling = Sampling {
            top_k: 5,
            min_p: 0.1,
            ignore_eos: true,
            stop: vec!["\n".to_owned()],
            ..Sampling::default()
        };
        insta::assert_snapshot!(rendered(Input::Chat(vec![Message::user("a")]), sampling, 0), @r#"chat/completions {"model":"m","messages":[{"role":"user","content":"a"}],"max_tokens":256,"temperature":0.7,"top_p":0.9,"seed":9,"n":1,"stream":false,"stop":["\n"],"top_k":5,"min_p":0.1,"ignore_eos":true}"#);
    }

    #[test]
    fn each_form_asks_for_log_probabilities_in_its_own_way() {
        let asked = |input| rendered(input, Sampling::default(), 20);
        insta::assert_snapshot!(asked(Input::Text("a".to_owned())), @r#"completions {"model":"m","prompt":"a","max_tokens":256,"temperature":0.7,"top_p":0.9,"seed":9,"n":1,"stream":false,"logprobs":20}"#);
        insta::assert_snapshot!(asked(Input::Tokens(vec![7, 8])), @r#"completions {"model":"m","prompt":[7,8],"max_tokens":256,"temperature":0.7,"top_p":0.9,"seed":9,"n":1,"stream":false,"logprobs":20}"#);
        insta::assert_snapshot!(asked(Input::Chat(vec![])), @r#"chat/completions {"model":"m","messages":[],"max_tokens":256,"temperature":0.7,"top_p":0.9,"seed":9,"n":1,"stream":false,"logprobs":true,"top_logprobs":20}"#);
    }
}
