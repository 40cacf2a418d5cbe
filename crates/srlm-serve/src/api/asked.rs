//! What a client asks for.

use serde_json::Value;
use srlm_generate::{Input, Sampling};

use super::Refusal;
use super::body::{Body, Stop, Turn};

/// Which of the two interfaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `/v1/chat/completions`.
    Chat,
    /// `/v1/completions`.
    Text,
}

/// A call, whatever form it came in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    pub(crate) form: Form,
    /// The prompts, one in the chat form.
    pub(crate) inputs: Vec<Input>,
    /// Samples of each.
    pub(crate) n: u32,
    pub(crate) seed: Option<u64>,
    /// `max_tokens` is what the client says; 0 where it wants none written.
    pub(crate) sampling: Sampling,
    /// Whether the prompt is told with what is written.
    pub(crate) echo: bool,
    /// Log-probabilities are told, with this many of the likeliest tokens at each place.
    pub(crate) n_top: Option<u32>,
    pub(crate) stream: bool,
    pub(crate) stream_usage: bool,
}

/// The largest number of likeliest tokens, and of samples.
const MOST_TOP: u32 = 20;
const MOST_SAMPLES: u32 = 128;
/// The most stop strings: each is looked for with every token.
const MOST_STOPS: usize = 64;

impl Asked {
    /// Reads a body for the model of this name; `max_tokens` is what clients get that do not say,
    /// `max_samples` the most samples of all prompts of a call.
    pub(crate) fn read(
        form: Form,
        bytes: &[u8],
        name: &str,
        max_tokens: u32,
        max_samples: usize,
    ) -> Result<Self, Refusal> {
        let body = Body::read(bytes)?;
        if let Some(model) = body.model.as_deref().filter(|model| *model != name) {
            return Err(Refusal::no_such_model(model, name));
        }
        let n_top = n_top(form, body.logprobs.as_ref(), body.top_logprobs)?;
        let echo = body.echo.unwrap_or(false);
        let sampling = Sampling {
            max_tokens: body.max_completion_tokens.or(body.max_tokens).unwrap_or(max_tokens),
            temperature: body.temperature.unwrap_or(1.0),
            top_p: body.top_p.unwrap_or(1.0),
            top_k: body.top_k.map_or(0, |k| u32::try_from(k).unwrap_or(0)),
            min_p: body.min_p.unwrap_or(0.0),
            stop: body.stop.map_or(Vec::new(), Stop::strings),
            ignore_eos: body.ignore_eos.unwrap_or(false),
        };
        // Without tokens to write there is still the prompt to score.
        let checked =
            Sampling { max_tokens: sampling.max_tokens.max(u32::from(echo)), ..sampling.clone() };
        if let Some((key, must)) = checked.problem() {
            return Err(Refusal::of(key, must));
        }
        if sampling.stop.len() > MOST_STOPS {
            return Err(Refusal::of("stop", format!("must hold at most {MOST_STOPS} strings")));
        }
        let n = body.n.unwrap_or(1);
        if !(1..=MOST_SAMPLES).contains(&n) {
            return Err(Refusal::of("n", format!("must be from 1 to {MOST_SAMPLES}")));
        }
        if body.best_of.is_some_and(|best_of| best_of != n) {
            return Err(Refusal::of("best_of", "must be n; leave it out"));
        }
        let inputs = match (form, body.messages, body.prompt) {
            (Form::Chat, Some(turns), None) if turns.is_empty() => {
                return Err(Refusal::of("messages", "must not be empty"));
            }
            (Form::Chat, Some(turns), None) => {
                vec![Input::Chat(turns.into_iter().map(Turn::message).collect::<Result<_, _>>()?)]
            }
            (Form::Chat, ..) => {
                return Err(Refusal::of("messages", "must be there, and no prompt"));
            }
            (Form::Text, None, Some(prompts)) => prompts.inputs(),
            (Form::Text, ..) => {
                return Err(Refusal::of("prompt", "must be there, and no messages"));
            }
        };
        if inputs.is_empty() {
            return Err(Refusal::of("prompt", "must not be empty"));
        }
        let n_samples = inputs.len().saturating_mul(n as usize);
        if n_samples > max_samples {
            let message = format!(
                "of {} prompts with n = {n} asks for {n_samples} samples, and a call may for \
                 {max_samples}: send fewer at a time, or raise --max-samples",
                inputs.len()
            );
            return Err(Refusal::of(form.key(), message));
        }
        let stream = body.stream.unwrap_or(false);
        if stream && (echo || n_top.is_some()) {
            return Err(Refusal::of("stream", "goes without echo and logprobs"));
        }
        if echo && form == Form::Chat {
            return Err(Refusal::of("echo", "is for /v1/completions"));
        }
        let stream_usage =
            body.stream_options.and_then(|options| options.include_usage).unwrap_or(false);
        let seed = body.seed.map(|seed| seed as u64);
        Ok(Self { form, inputs, n, seed, sampling, echo, n_top, stream, stream_usage })
    }

    /// Samples of all prompts.
    pub(crate) fn n_choices(&self) -> usize {
        self.inputs.len() * self.n as usize
    }
}

impl Form {
    /// The key under which prompts come.
    pub(crate) fn key(self) -> &'static str {
        if self == Self::Chat { "messages" } else { "prompt" }
    }
}

fn n_top(
    form: Form,
    logprobs: Option<&Value>,
    top_logprobs: Option<u32>,
) -> Result<Option<u32>, Refusal> {
    let n = match (form, logprobs) {
        (_, None | Some(Value::Null | Value::Bool(false))) => None,
        (Form::Chat, Some(Value::Bool(true))) => Some(top_logprobs.unwrap_or(0)),
        (Form::Text, Some(n)) if n.is_u64() => {
            n.as_u64().map(|n| u32::try_from(n).unwrap_or(u32::MAX))
        }
        (Form::Chat, _) => {
            return Err(Refusal::of(
                "logprobs",
                "must be true or false, and top_logprobs a number",
            ));
        }
        (Form::Text, _) => return Err(Refusal::of("logprobs", "must be a whole number from 0")),
    };
    let key = if form == Form::Chat { "top_logprobs" } else { "logprobs" };
    match n {
        Some(n) if n > MOST_TOP => Err(Refusal::of(key, format!("must be at most {MOST_TOP}"))),
        n => Ok(n),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use serde_json::json;
    use srlm_artifact::Message;

    use super::*;

    fn read(form: Form, body: &Value) -> Result<Asked, Refusal> {
        Asked::read(form, body.to_string().as_bytes(), "m", 99, 300)
    }

    #[test]
    fn prompts_come_in_four_forms() {
        let text = |text: &str| Input::Text(text.to_owned());
        let check = |prompt: Value, expected: Vec<Input>| {
            assert_eq!(read(Form::Text, &json!({ "prompt": prompt })).unwrap().inputs, expected);
        };
        check(json!("a"), vec![text("a")]);
        check(json!(["a", "b"]), vec![text("a"), text("b")]);
        check(json!([7, 8]), vec![Input::Tokens(vec![7, 8])]);
        check(json!([[7], [8, 9]]), vec![Input::Tokens(vec![7]), Input::Tokens(vec![8, 9])]);
    }

    #[test]
    fn turns_may_come_in_parts_and_what_is_not_said_has_defaults() {
        let body = json!({ "messages": [
            { "role": "developer", "content": "Be brief." },
            { "role": "user", "content": [{ "type": "text", "text": "Hel" }, { "type": "text", "text": "lo" }] },
        ], "temperature": null, "tools": [], "presence_penalty": 0.0, "user": "somebody" });
        let asked = read(Form::Chat, &body).unwrap();
        assert_eq!(
            asked.inputs,
            [Input::Chat(vec![Message::system("Be brief."), Message::user("Hello")])]
        );
        assert_eq!((asked.n, asked.seed, asked.sampling.max_tokens), (1, None, 99));
        assert_eq!((asked.sampling.temperature, asked.sampling.top_p), (1.0, 1.0));
    }

    #[test]
    fn what_cannot_be_served_is_refused_with_its_key() {
        let refusal = |form: Form, key: &str, value: Value| {
            let mut body = match form {
                Form::Chat => json!({ "messages": [{ "role": "user", "content": "a" }] }),
                Form::Text => json!({ "prompt": "a" }),
            };
            body[key] = value;
            read(form, &body).unwrap_err()
        };
        let check = |form: Form, key: &str, value: Value, expected: &str| {
            let error = refusal(form, key, value).body()["error"].clone();
            assert!(error["message"].as_str().unwrap().contains(expected), "{key}: {error}");
            let param = error["param"].as_str().unwrap_or_default();
            assert!(param.starts_with(key) || expected.contains(param), "{key}: {error}");
        };
        check(Form::Chat, "model", json!("gpt"), "\"gpt\"");
        check(Form::Chat, "frequency_penalty", json!(0.5), "frequency_penalty");
        check(Form::Chat, "tools", json!([{}]), "tools");
        check(Form::Chat, "response_format", json!({ "type": "json_object" }), "response_format");
        check(Form::Chat, "n", json!(0), "n must");
        check(Form::Chat, "top_p", json!(0.0), "top_p");
        check(Form::Chat, "max_tokens", json!(0), "max_tokens");
        check(Form::Chat, "echo", json!(true), "echo");
        check(Form::Chat, "prompt", json!("a"), "messages");
        check(Form::Chat, "messages", json!([{ "role": "tool", "content": "a" }]), "\"tool\"");
        check(
            Form::Chat,
            "messages",
            json!([{ "role": "user", "content": [{ "type": "image_url" }] }]),
            "image_url",
        );
        check(Form::Text, "prompt", json!([]), "prompt");
        check(Form::Text, "logprobs", json!(50), "20");
        check(Form::Text, "logprobs", json!(true), "logprobs");
        check(Form::Text, "max_tokens", json!(-1), "max_tokens cannot be read: invalid value");
        check(
            Form::Text,
            "prompt",
            json!({ "a": 1 }),
            "prompt cannot be read: it is neither a string",
        );
        check(Form::Text, "stop", json!(7), "stop cannot be read: it is neither");
        check(
            Form::Chat,
            "messages",
            json!([{ "role": "user", "content": 7 }]),
            "messages[0].content cannot be read",
        );
        check(Form::Text, "best_of", json!(2), "best_of must be n");
        check(Form::Text, "min_tokens", json!(2), "min_tokens is not served");
        assert_eq!(refusal(Form::Chat, "model", json!("gpt")).status, StatusCode::NOT_FOUND);
        check(Form::Chat, "messages", json!([]), "messages must not be empty");
        check(Form::Text, "stop", json!(vec!["a"; 65]), "stop must hold at most 64");
        check(Form::Text, "prompt", json!(vec!["a"; 301]), "--max-samples");
        let many = |n: usize| read(Form::Text, &json!({ "prompt": vec!["a"; n], "n": 100 }));
        assert!(many(3).is_ok());
        assert!(many(4).unwrap_err().message.contains("asks for 400 samples"));
        let message = |body: &[u8]| Asked::read(Form::Text, body, "m", 1, 300).unwrap_err().message;
        assert!(message(b"{").contains("not JSON"));
        assert!(message(b"[]").contains("object"));
        assert_eq!(read(Form::Text, &json!({ "prompt": "a", "n": 2, "best_of": 2 })).unwrap().n, 2);
        let scored = read(
            Form::Text,
            &json!({ "prompt": "a", "echo": true, "max_tokens": 0, "logprobs": 1 }),
        )
        .unwrap();
        assert_eq!((scored.n_top, scored.sampling.max_tokens), (Some(1), 0));
    }
}
