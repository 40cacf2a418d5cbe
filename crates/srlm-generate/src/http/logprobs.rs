//! The two forms in which servers tell what could have stood in a token's place.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::WrittenToken;

/// `logprobs` of a choice. llama.cpp answers in the chat form to both kinds of request.
#[derive(Deserialize)]
struct Logprobs {
    /// The chat form.
    content: Option<Vec<Token>>,
    /// The completions form: texts, and at the same places the likeliest tokens.
    tokens: Option<Vec<String>>,
    top_logprobs: Option<Vec<Option<BTreeMap<String, f64>>>>,
}

#[derive(Deserialize)]
struct Token {
    token: String,
    /// A token may hold part of a character, which only its bytes tell.
    bytes: Option<Vec<u8>>,
    top_logprobs: Option<Vec<Top>>,
}

#[derive(Deserialize)]
struct Top {
    token: String,
    logprob: f64,
}

/// The tokens that `text` was written as, with at most `n` of the likeliest at each place; none if
/// the server tells none.
pub(super) fn written_tokens(
    found: Value,
    text: &str,
    n: usize,
) -> Result<Vec<WrittenToken>, serde_json::Error> {
    let Logprobs { content, tokens, top_logprobs } = serde_json::from_value(found)?;
    let mut written: Vec<WrittenToken> = match content {
        Some(content) => of_chat(content),
        None => {
            let tops = top_logprobs.unwrap_or_default().into_iter().chain(std::iter::repeat(None));
            let top = |top: Option<BTreeMap<_, _>>| top.unwrap_or_default().into_iter().collect();
            let tokens = tokens.unwrap_or_default().into_iter().zip(tops);
            tokens.map(|(text, found)| WrittenToken { text, top: top(found) }).collect()
        }
    };
    for token in &mut written {
        token.top.sort_by(|a, b| b.1.total_cmp(&a.1));
        token.top.truncate(n);
    }
    fit(&mut written, text);
    Ok(written)
}

fn of_chat(content: Vec<Token>) -> Vec<WrittenToken> {
    let mut begun = Vec::new();
    let text = |token: String, bytes: Option<Vec<u8>>, begun: &mut Vec<u8>| match bytes {
        Some(bytes) => {
            begun.extend(bytes);
            whole_characters(begun)
        }
        None => token,
    };
    let written = |Token { token, bytes, top_logprobs }| WrittenToken {
        text: text(token, bytes, &mut begun),
        top: top_logprobs
            .unwrap_or_default()
            .into_iter()
            .map(|top| (top.token, top.logprob))
            .collect(),
    };
    content.into_iter().map(written).collect()
}

/// Takes the characters that are whole off the front.
fn whole_characters(begun: &mut Vec<u8>) -> String {
    let end = match std::str::from_utf8(begun) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => begun.len(),
    };
    String::from_utf8_lossy(&begun.drain(..end).collect::<Vec<_>>()).into_owned()
}

/// Leaves the tokens no text beyond `text`, which holds neither stop strings nor special tokens.
/// Where they differ from it before its end, they stay as they are.
fn fit(tokens: &mut [WrittenToken], text: &str) {
    let mut rest = text;
    for token in tokens {
        rest = match rest.strip_prefix(token.text.as_str()) {
            Some(rest) => rest,
            None if token.text.starts_with(rest) => {
                token.text.truncate(rest.len());
                ""
            }
            None => return,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(found: &str, text: &str, expected: &[(&str, &[(&str, f64)])]) {
        let tokens = written_tokens(serde_json::from_str(found).unwrap(), text, 2).unwrap();
        let tokens: Vec<_> = tokens
            .iter()
            .map(|token| {
                (
                    token.text.as_str(),
                    token.top.iter().map(|(text, p)| (text.as_str(), *p)).collect::<Vec<_>>(),
                )
            })
            .collect();
        let expected: Vec<_> = expected.iter().map(|(text, top)| (*text, top.to_vec())).collect();
        assert_eq!(tokens, expected, "{found}");
    }

    #[test]
    fn the_chat_form_is_read() {
        check(
            r#"{"content":[
                {"token":"4","logprob":-0.5,"bytes":[52],"top_logprobs":[
                    {"token":"5","logprob":-2.0,"bytes":[53]},{"token":"4","logprob":-0.5,"bytes":[52]},
                    {"token":"3","logprob":-3.0,"bytes":[51]}]},
                {"token":"<|end|>","logprob":-0.1,"bytes":[60,124,101,110,100,124,62],"top_logprobs":[]}
            ],"refusal":null}"#,
            "4",
            &[("4", &[("4", -0.5), ("5", -2.0)]), ("", &[])],
        );
    }

    #[test]
    fn the_completions_form_is_read() {
        check(
            r#"{"tokens":["a"," b","\nstop"],"token_logprobs":[null,-0.25,-1],"text_offset":[0,1,3],
                "top_logprobs":[null,{" c":-3,"x":-9999.0," b":-0.25}]}"#,
            "a b\n",
            &[("a", &[]), (" b", &[(" b", -0.25), (" c", -3.0)]), ("\n", &[])],
        );
        check(r#"{"tokens":["a"],"top_logprobs":null}"#, "a", &[("a", &[])]);
    }

    #[test]
    fn a_shared_character_stands_with_its_last_token() {
        check(
            r#"{"content":[{"token":"","bytes":[120,195]},{"token":"","bytes":[169]},{"token":"y","bytes":null}]}"#,
            "xéy",
            &[("x", &[]), ("é", &[]), ("y", &[])],
        );
        check(r#"{"content":[{"token":"?","bytes":[255,120]}]}"#, "other", &[("\u{fffd}x", &[])]);
    }
}
