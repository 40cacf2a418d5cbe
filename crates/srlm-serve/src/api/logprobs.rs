//! What a client is told of single tokens.

use serde_json::{Map, Value, json};

/// A token that was written or, with `echo`, given.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    /// What it adds to the text: all of them joined are the text.
    pub(crate) text: String,
    /// What it is called among the likeliest: its text, or for one that adds none its own.
    pub(crate) name: String,
    /// In nats; the first token of a text follows nothing and has none.
    pub(crate) logp: Option<f64>,
    /// The likeliest at its place, likeliest first.
    pub(crate) top: Vec<(String, f64)>,
}

/// Of the chat form.
pub(super) fn chat(tokens: &[Token]) -> Value {
    let one = |text: &str, logp: Option<f64>| json!({ "token": text, "logprob": logp, "bytes": bytes(text) });
    let token = |token: &Token| {
        let mut told = one(&token.text, token.logp);
        told["top_logprobs"] =
            token.top.iter().map(|(text, logp)| one(text, Some(*logp))).collect();
        told
    };
    json!({ "content": tokens.iter().map(token).collect::<Vec<_>>() })
}

/// Bytes that are no text are not known here.
fn bytes(text: &str) -> Option<&[u8]> {
    (!text.contains(char::REPLACEMENT_CHARACTER)).then_some(text.as_bytes())
}

/// Of the completions form.
pub(super) fn text(tokens: &[Token]) -> Value {
    let mut at = 0;
    let offset = |token: &Token| {
        let here = at;
        at += token.text.chars().count();
        here
    };
    json!({
        "tokens": tokens.iter().map(|token| &token.text).collect::<Vec<_>>(),
        "token_logprobs": tokens.iter().map(|token| token.logp).collect::<Vec<_>>(),
        "top_logprobs": tokens.iter().map(likeliest).collect::<Vec<_>>(),
        "text_offset": tokens.iter().map(offset).collect::<Vec<_>>(),
    })
}

/// The likeliest by name and the token itself; where two have one name, the likelier.
fn likeliest(token: &Token) -> Option<Map<String, Value>> {
    let own = (token.name.clone(), token.logp?);
    let mut told = Map::new();
    for (name, logp) in token.top.iter().cloned().chain([own]) {
        told.entry(name).or_insert(logp.into());
    }
    Some(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str, name: &str, logp: Option<f64>, top: &[(&str, f64)]) -> Token {
        let top = top.iter().map(|(name, logp)| ((*name).to_owned(), *logp)).collect();
        Token { text: text.to_owned(), name: name.to_owned(), logp, top }
    }

    #[test]
    fn the_completions_form_counts_characters_and_keeps_the_likelier_of_one_name() {
        let tokens = [
            token("é", "é", None, &[]),
            token("b", "b", Some(-3.0), &[("a", -0.5), ("c", -1.0)]),
            token("c", "c", Some(-2.0), &[("c", -0.5), ("d", -1.0)]),
            token("", "</s>", Some(-0.25), &[]),
        ];
        let expected = json!({
            "tokens": ["é", "b", "c", ""],
            "token_logprobs": [null, -3.0, -2.0, -0.25],
            "top_logprobs": [null, { "a": -0.5, "c": -1.0, "b": -3.0 }, { "c": -0.5, "d": -1.0 }, { "</s>": -0.25 }],
            "text_offset": [0, 1, 2, 3],
        });
        assert_eq!(text(&tokens), expected);
    }

    #[test]
    fn the_chat_form_tells_bytes_where_they_are_known() {
        let told = chat(&[token("é", "é", Some(-1.0), &[("b", -0.5), ("\u{fffd}", -2.0)])]);
        let first = &told["content"][0];
        assert_eq!((&first["bytes"], &first["logprob"]), (&json!([195, 169]), &json!(-1.0)));
        let expected = json!([{ "token": "b", "logprob": -0.5, "bytes": [98] },
            { "token": "\u{fffd}", "logprob": -2.0, "bytes": null }]);
        assert_eq!(first["top_logprobs"], expected);
    }
}
