//! What a client sends, as it stands in JSON.

use serde::Deserialize;
use serde_json::Value;
use srlm_artifact::{Message, Role};
use srlm_generate::Input;

use super::{Refusal, unserved};

#[derive(Deserialize)]
pub(super) struct Body {
    pub(super) model: Option<String>,
    pub(super) messages: Option<Vec<Turn>>,
    pub(super) prompt: Option<Prompts>,
    pub(super) n: Option<u32>,
    pub(super) best_of: Option<u32>,
    pub(super) seed: Option<i64>,
    pub(super) max_tokens: Option<u32>,
    pub(super) max_completion_tokens: Option<u32>,
    pub(super) temperature: Option<f64>,
    pub(super) top_p: Option<f64>,
    /// vLLM's -1 keeps all, as 0 does.
    pub(super) top_k: Option<i64>,
    pub(super) min_p: Option<f64>,
    pub(super) stop: Option<Stop>,
    pub(super) ignore_eos: Option<bool>,
    pub(super) echo: Option<bool>,
    /// A number in the completions form, a switch in the chat form.
    pub(super) logprobs: Option<Value>,
    pub(super) top_logprobs: Option<u32>,
    pub(super) stream: Option<bool>,
    pub(super) stream_options: Option<StreamOptions>,
}

#[derive(Deserialize)]
pub(super) struct StreamOptions {
    pub(super) include_usage: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct Turn {
    role: String,
    content: Content,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "it is neither a string nor a list of parts")]
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
#[serde(untagged, expecting = "it is neither a string, token ids, nor a list of either")]
pub(super) enum Prompts {
    One(String),
    Tokens(Vec<u32>),
    Many(Vec<String>),
    ManyTokens(Vec<Vec<u32>>),
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "it is neither a string nor a list of strings")]
pub(super) enum Stop {
    One(String),
    Many(Vec<String>),
}

impl Body {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let value: Value = serde_json::from_slice(bytes)
            .map_err(|error| Refusal::bad(format!("the body is not JSON: {error}")))?;
        if !value.is_object() {
            return Err(Refusal::bad("the body must be an object of JSON"));
        }
        unserved::check(&value)?;
        serde_path_to_error::deserialize(value).map_err(|error| {
            let key = error.path().to_string();
            Refusal::of(&key, format!("cannot be read: {}", error.into_inner()))
        })
    }
}

impl Turn {
    pub(super) fn message(self) -> Result<Message, Refusal> {
        let refuse = |why: String| Refusal::of("messages", why);
        let role = match self.role.as_str() {
            "system" | "developer" => Role::System,
            "user" => Role::User,
            "assistant" => Role::Assistant,
            other => {
                return Err(refuse(format!(
                    "cannot have the role {other:?}, but system, user and assistant"
                )));
            }
        };
        let content = match self.content {
            Content::Text(text) => text,
            Content::Parts(parts) => {
                let text = |part: Part| match (part.kind.as_str(), part.text) {
                    ("text", Some(text)) => Ok(text),
                    (kind, _) => {
                        Err(refuse(format!("cannot have parts of type {kind:?}, but text")))
                    }
                };
                parts.into_iter().map(text).collect::<Result<Vec<_>, _>>()?.concat()
            }
        };
        Ok(Message { role, content })
    }
}

impl Prompts {
    pub(super) fn inputs(self) -> Vec<Input> {
        match self {
            Self::One(text) => vec![Input::Text(text)],
            Self::Tokens(ids) if ids.is_empty() => Vec::new(),
            Self::Tokens(ids) => vec![Input::Tokens(ids)],
            Self::Many(texts) => texts.into_iter().map(Input::Text).collect(),
            Self::ManyTokens(many) => many.into_iter().map(Input::Tokens).collect(),
        }
    }
}

impl Stop {
    pub(super) fn strings(self) -> Vec<String> {
        match self {
            Self::One(stop) => vec![stop],
            Self::Many(stops) => stops,
        }
    }
}
