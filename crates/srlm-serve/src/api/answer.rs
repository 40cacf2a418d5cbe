//! What a client is told.

use serde_json::{Map, Value, json};
use srlm_artifact::FinishReason;

use super::Form;

/// A token that was written or, with `echo`, given.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    pub(crate) text: String,
    /// In nats; the first token of a text follows nothing and has none.
    pub(crate) logp: Option<f64>,
    /// The likeliest at its place.
    pub(crate) top: Vec<(String, f64)>,
}

/// A finished sample.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Choice {
    pub(crate) index: usize,
    pub(crate) text: String,
    pub(crate) finish: FinishReason,
    pub(crate) n_tokens: u32,
    /// Where log-probabilities were asked for.
    pub(crate) tokens: Option<Vec<Token>>,
}

/// Part of a sample, while it is written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Piece {
    Text { index: usize, text: String },
    End { index: usize, finish: FinishReason },
}

/// What every answer to one call says of it.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) form: Form,
    pub(crate) id: String,
    /// Seconds since 1970.
    pub(crate) created: u64,
    pub(crate) model: String,
}

/// The body of a refusal.
pub(crate) fn refusal(kind: &str, message: &str) -> Value {
    json!({ "error": { "message": message, "type": kind, "param": null, "code": null } })
}

fn word(finish: FinishReason) -> &'static str {
    match finish {
        FinishReason::Stop => "stop",
        FinishReason::Length => "length",
    }
}

pub(crate) fn usage(prompt_tokens: usize, completion_tokens: u64) -> Value {
    json!({
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens as u64 + completion_tokens,
    })
}

impl Head {
    fn object(&self, object: &str, choices: Vec<Value>) -> Value {
        json!({ "id": self.id, "object": object, "created": self.created, "model": self.model, "choices": choices })
    }

    /// The whole answer.
    pub(crate) fn answer(&self, mut choices: Vec<Choice>, prompt_tokens: usize) -> Value {
        choices.sort_by_key(|choice| choice.index);
        let usage = usage(prompt_tokens, choices.iter().map(|choice| u64::from(choice.n_tokens)).sum());
        let object = if self.form == Form::Chat { "chat.completion" } else { "text_completion" };
        let mut answer = self.object(object, choices.into_iter().map(|choice| self.choice(choice)).collect());
        answer["usage"] = usage;
        answer
    }

    fn choice(&self, choice: Choice) -> Value {
        let finish = word(choice.finish);
        let Choice { index, text, tokens, .. } = choice;
        match self.form {
            Form::Chat => json!({ "index": index, "message": { "role": "assistant", "content": text },
                "logprobs": tokens.map(|tokens| chat_logprobs(&tokens)), "finish_reason": finish }),
            Form::Text => json!({ "index": index, "text": text,
                "logprobs": tokens.map(|tokens| text_logprobs(&tokens)), "finish_reason": finish }),
        }
    }

    /// Part of a streamed answer; the first of a sample in the chat form says whose turn it is.
    pub(crate) fn chunk(&self, piece: Piece, is_first: bool) -> Value {
        let (index, text, finish) = match piece {
            Piece::Text { index, text } => (index, text, None),
            Piece::End { index, finish } => (index, String::new(), Some(word(finish))),
        };
        match self.form {
            Form::Text => {
                self.object("text_completion", vec![json!({ "index": index, "text": text, "finish_reason": finish })])
            }
            Form::Chat => {
                let mut delta = Map::new();
                if is_first {
                    delta.insert("role".to_owned(), "assistant".into());
                }
                if finish.is_none() {
                    delta.insert("content".to_owned(), text.into());
                }
                let choice = json!({ "index": index, "delta": delta, "finish_reason": finish });
                self.object("chat.completion.chunk", vec![choice])
            }
        }
    }

    /// The last part of a streamed answer to a client that asks for counts.
    pub(crate) fn last_chunk(&self, prompt_tokens: usize, completion_tokens: u64) -> Value {
        let object = if self.form == Form::Chat { "chat.completion.chunk" } else { "text_completion" };
        let mut chunk = self.object(object, Vec::new());
        chunk["usage"] = usage(prompt_tokens, completion_tokens);
        chunk
    }
}

/// A token that holds part of a character has no bytes here.
fn bytes(text: &str) -> Option<&[u8]> {
    (!text.contains(char::REPLACEMENT_CHARACTER)).then_some(text.as_bytes())
}

fn chat_logprobs(tokens: &[Token]) -> Value {
    let one = |text: &str, logp: Option<f64>| json!({ "token": text, "logprob": logp, "bytes": bytes(text) });
    let token = |token: &Token| {
        let mut told = one(&token.text, token.logp);
        told["top_logprobs"] = token.top.iter().map(|(text, logp)| one(text, Some(*logp))).collect();
        told
    };
    json!({ "content": tokens.iter().map(token).collect::<Vec<_>>() })
}

fn text_logprobs(tokens: &[Token]) -> Value {
    let mut at = 0;
    let offset = |token: &Token| {
        let here = at;
        at += token.text.chars().count();
        here
    };
    let offsets: Vec<usize> = tokens.iter().map(offset).collect();
    let top = |token: &Token| {
        token.logp.map(|_| token.top.iter().map(|(text, logp)| (text.clone(), (*logp).into())).collect::<Map<_, _>>())
    };
    json!({
        "tokens": tokens.iter().map(|token| &token.text).collect::<Vec<_>>(),
        "token_logprobs": tokens.iter().map(|token| token.logp).collect::<Vec<_>>(),
        "top_logprobs": tokens.iter().map(top).collect::<Vec<_>>(),
        "text_offset": offsets,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(form: Form) -> Head {
        Head { form, id: "x-1".to_owned(), created: 7, model: "m".to_owned() }
    }

    fn choice(index: usize) -> Choice {
        let token = |text: &str, logp| Token { text: text.to_owned(), logp, top: vec![("b".to_owned(), -0.5)] };
        let tokens = Some(vec![token("é", None), token("b", Some(-0.5))]);
        Choice { index, text: "éb".to_owned(), finish: FinishReason::Length, n_tokens: 2, tokens }
    }

    #[test]
    fn both_forms_tell_tokens_their_own_way() {
        let text = head(Form::Text).answer(vec![choice(1), choice(0)], 3);
        assert_eq!((&text["choices"][0]["index"], &text["choices"][1]["index"]), (&json!(0), &json!(1)));
        let expected = json!({ "tokens": ["é", "b"], "token_logprobs": [null, -0.5], "top_logprobs": [null, { "b": -0.5 }],
            "text_offset": [0, 1] });
        assert_eq!(text["choices"][0]["logprobs"], expected);
        assert_eq!(text["usage"], json!({ "prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7 }));

        let chat = head(Form::Chat).answer(vec![choice(0)], 3);
        assert_eq!(chat["choices"][0]["message"], json!({ "role": "assistant", "content": "éb" }));
        assert_eq!(chat["choices"][0]["finish_reason"], "length");
        let told = &chat["choices"][0]["logprobs"]["content"];
        assert_eq!(told[0]["bytes"], json!([195, 169]));
        assert_eq!(told[1]["top_logprobs"], json!([{ "token": "b", "logprob": -0.5, "bytes": [98] }]));
    }

    #[test]
    fn a_stream_says_whose_turn_it_is_once() {
        let text = |text: &str| Piece::Text { index: 0, text: text.to_owned() };
        let delta = |piece, is_first| head(Form::Chat).chunk(piece, is_first)["choices"][0].clone();
        let expected = json!({ "index": 0, "delta": { "role": "assistant", "content": "a" }, "finish_reason": null });
        assert_eq!(delta(text("a"), true), expected);
        assert_eq!(delta(text("b"), false)["delta"], json!({ "content": "b" }));
        let end = delta(Piece::End { index: 0, finish: FinishReason::Stop }, false);
        assert_eq!((&end["delta"], &end["finish_reason"]), (&json!({}), &json!("stop")));
    }
}
