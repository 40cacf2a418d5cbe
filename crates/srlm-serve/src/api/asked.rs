//! What a client asks for.

use serde::Deserialize;
use serde_json::Value;
use srlm_artifact::{Message, Role};
use srlm_generate::{Input, Sampling};

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

#[derive(Deserialize)]
struct Body {
    model: Option<String>,
    messages: Option<Vec<Turn>>,
    prompt: Option<Prompts>,
    n: Option<u32>,
    seed: Option<i64>,
    max_tokens: Option<u32>,
    max_completion_tokens: Option<u32>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    /// vLLM's -1 keeps all, as 0 does.
    top_k: Option<i64>,
    min_p: Option<f64>,
    stop: Option<Stop>,
    ignore_eos: Option<bool>,
    echo: Option<bool>,
    /// A number in the completions form, a switch in the chat form.
    logprobs: Option<Value>,
    top_logprobs: Option<u32>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
}

#[derive(Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

#[derive(Deserialize)]
struct Turn {
    role: String,
    content: Content,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Prompts {
    One(String),
    Tokens(Vec<u32>),
    Many(Vec<String>),
    ManyTokens(Vec<Vec<u32>>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Stop {
    One(String),
    Many(Vec<String>),
}

/// Keys that would change what is written and are not served, each with the value that asks for nothing.
const REFUSED: [(&str, &str); 10] = [
    ("frequency_penalty", "0"),
    ("presence_penalty", "0"),
    ("repetition_penalty", "1"),
    ("logit_bias", "{}"),
    ("tools", "[]"),
    ("functions", "[]"),
    ("response_format", "{\"type\":\"text\"}"),
    ("suffix", "\"\""),
    ("best_of", "1"),
    ("use_beam_search", "false"),
];

impl Asked {
    /// Reads a body for the model of this name; `max_tokens` is what clients get that do not say.
    ///
    /// Refusals say what is wrong.
    pub(crate) fn read(form: Form, body: &[u8], name: &str, max_tokens: u32) -> Result<Self, String> {
        let value: Value = serde_json::from_slice(body).map_err(|error| format!("the body is not JSON: {error}"))?;
        check_refused(&value)?;
        let body: Body = serde_json::from_value(value).map_err(|error| error.to_string())?;
        if let Some(model) = body.model.as_deref().filter(|model| *model != name) {
            return Err(format!("there is no model {model:?} here, but {name:?}; --name gives it another name"));
        }
        let n_top = n_top(form, body.logprobs.as_ref(), body.top_logprobs)?;
        let echo = body.echo.unwrap_or(false);
        let given = body.max_completion_tokens.or(body.max_tokens);
        let sampling = Sampling {
            max_tokens: given.unwrap_or(max_tokens),
            temperature: body.temperature.unwrap_or(1.0),
            top_p: body.top_p.unwrap_or(1.0),
            top_k: body.top_k.map_or(0, |k| u32::try_from(k).unwrap_or(0)),
            min_p: body.min_p.unwrap_or(0.0),
            stop: match body.stop {
                None => Vec::new(),
                Some(Stop::One(stop)) => vec![stop],
                Some(Stop::Many(stops)) => stops,
            },
            ignore_eos: body.ignore_eos.unwrap_or(false),
        };
        let n = body.n.unwrap_or(1);
        if !(1..=MOST_SAMPLES).contains(&n) {
            return Err(format!("n must be from 1 to {MOST_SAMPLES}"));
        }
        // Without tokens to write there is still the prompt to score.
        let checked = Sampling { max_tokens: sampling.max_tokens.max(u32::from(echo)), ..sampling.clone() };
        if let Some((key, must)) = checked.problem() {
            return Err(format!("{key} {must}"));
        }
        let inputs = match (form, body.messages, body.prompt) {
            (Form::Chat, Some(turns), None) => {
                vec![Input::Chat(turns.into_iter().map(message).collect::<Result<_, _>>()?)]
            }
            (Form::Chat, ..) => return Err("messages must be there, and no prompt".to_owned()),
            (Form::Text, None, Some(prompts)) => inputs(prompts),
            (Form::Text, ..) => return Err("prompt must be there, and no messages".to_owned()),
        };
        if inputs.is_empty() {
            return Err("prompt must not be empty".to_owned());
        }
        let stream = body.stream.unwrap_or(false);
        if stream && (echo || n_top.is_some()) {
            return Err("stream goes without echo and logprobs".to_owned());
        }
        if echo && form == Form::Chat {
            return Err("echo is for /v1/completions".to_owned());
        }
        let stream_usage = body.stream_options.and_then(|options| options.include_usage).unwrap_or(false);
        let seed = body.seed.map(|seed| seed as u64);
        Ok(Self { form, inputs, n, seed, sampling, echo, n_top, stream, stream_usage })
    }
}

fn check_refused(value: &Value) -> Result<(), String> {
    for (key, nothing) in REFUSED {
        let nothing: Value = serde_json::from_str(nothing).expect("the table holds JSON");
        let asks_nothing = match (&value[key], &nothing) {
            (Value::Null, _) => true,
            // 0 and 0.0 are the same.
            (Value::Number(found), Value::Number(nothing)) => found.as_f64() == nothing.as_f64(),
            (found, nothing) => found == nothing,
        };
        if !asks_nothing {
            return Err(format!("{key} is not served; leave it out"));
        }
    }
    Ok(())
}

fn n_top(form: Form, logprobs: Option<&Value>, top_logprobs: Option<u32>) -> Result<Option<u32>, String> {
    let n = match (form, logprobs) {
        (_, None | Some(Value::Null | Value::Bool(false))) => None,
        (Form::Chat, Some(Value::Bool(true))) => Some(top_logprobs.unwrap_or(0)),
        (Form::Text, Some(Value::Number(n))) => {
            Some(n.as_u64().and_then(|n| u32::try_from(n).ok()).ok_or("logprobs must be a whole number from 0")?)
        }
        (Form::Chat, _) => return Err("logprobs must be true or false, and top_logprobs a number".to_owned()),
        (Form::Text, _) => return Err("logprobs must be a number".to_owned()),
    };
    match n {
        Some(n) if n > MOST_TOP => Err(format!("at most {MOST_TOP} log-probabilities are told at a place")),
        n => Ok(n),
    }
}

fn message(turn: Turn) -> Result<Message, String> {
    let role = match turn.role.as_str() {
        "system" | "developer" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        other => return Err(format!("there is no role {other:?}: system, user and assistant are served")),
    };
    let content = match turn.content {
        Content::Text(text) => text,
        Content::Parts(parts) => {
            let text = |part: Part| match (part.kind.as_str(), part.text) {
                ("text", Some(text)) => Ok(text),
                (kind, _) => Err(format!("content of type {kind:?} is not served: text is")),
            };
            parts.into_iter().map(text).collect::<Result<Vec<_>, _>>()?.concat()
        }
    };
    Ok(Message { role, content })
}

fn inputs(prompts: Prompts) -> Vec<Input> {
    match prompts {
        Prompts::One(text) => vec![Input::Text(text)],
        Prompts::Tokens(ids) if ids.is_empty() => Vec::new(),
        Prompts::Tokens(ids) => vec![Input::Tokens(ids)],
        Prompts::Many(texts) => texts.into_iter().map(Input::Text).collect(),
        Prompts::ManyTokens(many) => many.into_iter().map(Input::Tokens).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(form: Form, body: &Value) -> Result<Asked, String> {
        Asked::read(form, body.to_string().as_bytes(), "m", 99)
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
        assert_eq!(asked.inputs, [Input::Chat(vec![Message::system("Be brief."), Message::user("Hello")])]);
        assert_eq!((asked.n, asked.seed, asked.sampling.max_tokens), (1, None, 99));
        assert_eq!((asked.sampling.temperature, asked.sampling.top_p), (1.0, 1.0));
    }

    #[test]
    fn what_cannot_be_served_is_refused_with_its_key() {
        let check = |form: Form, key: &str, value: Value, expected: &str| {
            let mut body = match form {
                Form::Chat => json!({ "messages": [{ "role": "user", "content": "a" }] }),
                Form::Text => json!({ "prompt": "a" }),
            };
            body[key] = value;
            let refusal = read(form, &body).unwrap_err();
            assert!(refusal.contains(expected), "{key}: {refusal}");
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
        check(Form::Chat, "messages", json!([{ "role": "user", "content": [{ "type": "image_url" }] }]), "image_url");
        check(Form::Text, "prompt", json!([]), "prompt");
        check(Form::Text, "logprobs", json!(50), "20");
        check(Form::Text, "logprobs", json!(true), "logprobs");
        check(Form::Text, "max_tokens", json!(-1), "invalid value");
        assert!(Asked::read(Form::Text, b"{", "m", 1).unwrap_err().contains("not JSON"));
        let scored = read(Form::Text, &json!({ "prompt": "a", "echo": true, "max_tokens": 0, "logprobs": 1 })).unwrap();
        assert_eq!((scored.n_top, scored.sampling.max_tokens), (Some(1), 0));
    }
}
