//! What a client is told.

use serde_json::{Map, Value, json};
use srlm_artifact::FinishReason;

use super::Form;
use super::logprobs::{self, Token};

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

fn word(finish: FinishReason) -> &'static str {
    match finish {
        FinishReason::Stop => "stop",
        FinishReason::Length => "length",
    }
}

fn usage(prompt_tokens: usize, completion_tokens: u64) -> Value {
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
        let usage =
            usage(prompt_tokens, choices.iter().map(|choice| u64::from(choice.n_tokens)).sum());
        let object = if self.form == Form::Chat { "chat.completion" } else { "text_completion" };
        let mut answer =
            self.object(object, choices.into_iter().map(|choice| self.choice(choice)).collect());
        answer["usage"] = usage;
        answer
    }

    fn choice(&self, choice: Choice) -> Value {
        let finish = word(choice.finish);
        let Choice { index, text, tokens, .. } = choice;
        match self.form {
            Form::Chat => {
                json!({ "index": index, "message": { "role": "assistant", "content": text },
                "logprobs": tokens.map(|tokens| logprobs::chat(&tokens)), "finish_reason": finish })
            }
            Form::Text => json!({ "index": index, "text": text,
                "logprobs": tokens.map(|tokens| logprobs::text(&tokens)), "finish_reason": finish }),
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
                let choice = json!({ "index": index, "text": text, "logprobs": null, "finish_reason": finish });
                self.object("text_completion", vec![choice])
            }
            Form::Chat => {
                let mut delta = Map::new();
                if is_first {
                    delta.insert("role".to_owned(), "assistant".into());
                }
                if finish.is_none() {
                    delta.insert("content".to_owned(), text.into());
                }
                let choice = json!({ "index": index, "delta": delta, "logprobs": null, "finish_reason": finish });
                self.object("chat.completion.chunk", vec![choice])
            }
        }
    }

    /// The last part of a streamed answer to a client that asks for counts.
    pub(crate) fn last_chunk(&self, prompt_tokens: usize, completion_tokens: u64) -> Value {
        let object =
            if self.form == Form::Chat { "chat.completion.chunk" } else { "text_completion" };
        let mut chunk = self.object(object, Vec::new());
        chunk["usage"] = usage(prompt_tokens, completion_tokens);
        chunk
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(form: Form) -> Head {
        Head { form, id: "x-1".to_owned(), created: 7, model: "m".to_owned() }
    }

    fn choice(index: usize) -> Choice {
        let token = |text: &str, logp: Option<f64>| {
            let top = logp.map(|logp| (text.to_owned(), logp)).into_iter().collect();
            Token { text: text.to_owned(), name: text.to_owned(), logp, top }
        };
        let tokens = Some(vec![token("é", None), token("b", Some(-0.5))]);
        Choice { index, text: "éb".to_owned(), finish: FinishReason::Length, n_tokens: 2, tokens }
    }

    #[test]
    fn both_forms_tell_choices_in_order_with_their_tokens() {
        let text = head(Form::Text).answer(vec![choice(1), choice(0)], 3);
        assert_eq!(
            (&text["choices"][0]["index"], &text["choices"][1]["index"]),
            (&json!(0), &json!(1))
        );
        assert_eq!(text["choices"][0]["logprobs"]["tokens"], json!(["é", "b"]));
        assert_eq!(
            text["usage"],
            json!({ "prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7 })
        );

        let chat = head(Form::Chat).answer(vec![choice(0)], 3);
        assert_eq!(chat["choices"][0]["message"], json!({ "role": "assistant", "content": "éb" }));
        assert_eq!(chat["choices"][0]["finish_reason"], "length");
        assert_eq!(chat["choices"][0]["logprobs"]["content"][1]["token"], "b");
    }

    #[test]
    fn a_stream_says_whose_turn_it_is_once() {
        let text = |text: &str| Piece::Text { index: 0, text: text.to_owned() };
        let delta = |piece, is_first| head(Form::Chat).chunk(piece, is_first)["choices"][0].clone();
        let first = json!({ "role": "assistant", "content": "a" });
        let expected =
            json!({ "index": 0, "delta": first, "logprobs": null, "finish_reason": null });
        assert_eq!(delta(text("a"), true), expected);
        assert_eq!(delta(text("b"), false)["delta"], json!({ "content": "b" }));
        let end = delta(Piece::End { index: 0, finish: FinishReason::Stop }, false);
        assert_eq!((&end["delta"], &end["finish_reason"]), (&json!({}), &json!("stop")));
        let plain = head(Form::Text).chunk(text("a"), true)["choices"][0].clone();
        assert_eq!(
            plain,
            json!({ "index": 0, "text": "a", "logprobs": null, "finish_reason": null })
        );
    }
}
