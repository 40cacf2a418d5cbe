//! A sample as its client sees it: text and tokens that agree.

use std::ops::Range;

use srlm_artifact::FinishReason;
use srlm_checkpoint::{TextStream, Tokenizer};
use srlm_generate::Input;
use srlm_model::TokenScore;

use crate::api::{Asked, Choice, Token};

/// What is known of a finished sample.
pub(super) struct Sample<'a> {
    pub(super) asked: &'a Asked,
    pub(super) input: &'a Input,
    pub(super) prompt: &'a [u32],
    pub(super) written: &'a [u32],
    /// Of every token but the first; empty where none are asked for.
    pub(super) scores: &'a [TokenScore],
}

impl Sample<'_> {
    /// Puts into a choice what `echo` and `logprobs` ask for.
    ///
    /// With `echo` there is an entry for every token given or drawn. Without it an end token and
    /// those of a stop string, which are not in the text, have none.
    pub(super) fn tell(&self, tokenizer: &Tokenizer, mut choice: Choice) -> Choice {
        let Asked { echo, n_top, ref sampling, .. } = *self.asked;
        let is_end = |id: &u32| !sampling.ignore_eos && tokenizer.eos_ids().contains(id);
        let has_stopped = choice.finish == FinishReason::Stop;
        let has_end = has_stopped && self.written.last().is_some_and(is_end);
        let mut tokens = self.tokens(tokenizer, has_end);
        let n_given = if echo { self.prompt.len() } else { 0 };
        let given_len: usize = tokens[..n_given].iter().map(|token| token.text.len()).sum();
        if has_end && !echo {
            tokens.pop();
        } else if has_stopped && !has_end {
            let whole = tokenizer.decode(self.written, true).unwrap_or_default();
            cut(&mut tokens, whole.len().saturating_sub(choice.text.len()), echo);
        }
        if echo {
            let text: String = tokens.iter().map(|token| token.text.as_str()).collect();
            choice.text = match self.input {
                Input::Text(prompt) => prompt.clone() + &text[given_len..],
                _ => text,
            };
        }
        choice.tokens = n_top.map(|_| tokens);
        choice
    }

    fn tokens(&self, tokenizer: &Tokenizer, has_end: bool) -> Vec<Token> {
        let Asked { echo, n_top, .. } = *self.asked;
        let n_prompt = self.prompt.len();
        let own = if echo { self.own(tokenizer) } else { 0..0 };
        let mut stream = tokenizer.stream();
        let mut tokens = Vec::new();
        let all = self.prompt.iter().chain(self.written).copied().enumerate();
        for (at, id) in all.skip(if echo { 0 } else { n_prompt }) {
            let before = stream.clone();
            let text = match at {
                at if at >= n_prompt => stream.push(id),
                at if own.contains(&at) => stream.push_any(id),
                _ => String::new(),
            };
            let score = at.checked_sub(1).and_then(|at| self.scores.get(at));
            let likeliest =
                score.into_iter().flat_map(|score| &score.top).take(n_top.unwrap_or(0) as usize);
            tokens.push(Token {
                name: if text.is_empty() { name(tokenizer, &before, id) } else { text.clone() },
                logp: score.map(|score| score.logp),
                top: likeliest.map(|(id, logp)| (name(tokenizer, &before, *id), *logp)).collect(),
                text,
            });
        }
        // A character that was not finished stands with its last token.
        let n_text = tokens.len() - usize::from(has_end);
        if let Some(last) = tokens[..n_text].last_mut() {
            last.text += &stream.finish();
        }
        tokens
    }

    /// The prompt's tokens that stand for its text; around them are those that the tokenizer adds.
    fn own(&self, tokenizer: &Tokenizer) -> Range<usize> {
        let Input::Text(text) = self.input else { return 0..self.prompt.len() };
        let own = tokenizer.encode(text, false).unwrap_or_default();
        let begins = |first: &usize| self.prompt[*first..].starts_with(&own);
        let first = (0..=self.prompt.len()).find(begins).unwrap_or(0);
        first..first + own.len()
    }
}

/// Takes the last `n` bytes out of the tokens' texts, and with `echo` unset those that stand there
/// alone.
fn cut(tokens: &mut Vec<Token>, n: usize, echo: bool) {
    let len: usize = tokens.iter().map(|token| token.text.len()).sum();
    let (mut at, end) = (0, len.saturating_sub(n));
    tokens.retain_mut(|token| {
        let first = at;
        at += token.text.len();
        token.text.truncate(token.text.floor_char_boundary(end.saturating_sub(first)));
        echo || first < end
    });
}

/// The text of a token in its place; of one that has none there, its own.
fn name(tokenizer: &Tokenizer, before: &TextStream, id: u32) -> String {
    let mut stream = before.clone();
    let text = stream.push(id) + &stream.finish();
    if text.is_empty() { tokenizer.decode(&[id], false).unwrap_or_default() } else { text }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{asked, tokenizer};

    /// Text and tokens of a sample that was written after `prompt`.
    fn told(
        prompt: Value,
        more: Value,
        written: &[u32],
        finish: FinishReason,
    ) -> (String, Vec<Token>) {
        let tokenizer = tokenizer();
        let mut body = json!({ "prompt": prompt, "logprobs": 1 });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let asked = asked(&body);
        let input = &asked.inputs[0];
        let prompt = match input {
            Input::Text(text) => tokenizer.encode(text, true).unwrap(),
            Input::Tokens(ids) => ids.clone(),
            Input::Chat(_) => unreachable!(),
        };
        let score = |id: &u32| TokenScore { id: *id, logp: -2.0, top: vec![(3, -1.0), (6, -2.0)] };
        let scores: Vec<TokenScore> = [&prompt, written].concat()[1..].iter().map(score).collect();
        let whole = tokenizer.decode(written, true).unwrap();
        let end = asked.sampling.stop.iter().filter_map(|stop| whole.find(stop.as_str())).min();
        let text = whole[..end.unwrap_or(whole.len())].to_owned();
        let choice =
            Choice { index: 0, text, finish, n_tokens: written.len() as u32, tokens: None };
        let sample = Sample { asked: &asked, input, prompt: &prompt, written, scores: &scores };
        let choice = sample.tell(&tokenizer, choice);
        (choice.text, choice.tokens.unwrap())
    }

    #[track_caller]
    fn check(found: &(String, Vec<Token>), text: &str, tokens: &[&str]) {
        assert_eq!(found.1.iter().map(|token| token.text.as_str()).collect::<Vec<_>>(), tokens);
        assert_eq!((found.0.as_str(), tokens.concat().as_str()), (text, text));
    }

    #[test]
    fn tokens_joined_are_the_text() {
        let (length, stop) = (FinishReason::Length, FinishReason::Stop);
        let (echo, plain) = (json!({ "echo": true }), json!({}));
        // The tokenizer begins with a token that the prompt does not have.
        let after_text = |more: &Value, written: &[u32], finish| {
            told(json!("a b"), more.clone(), written, finish)
        };
        check(&after_text(&echo, &[5], length), "a b c", &["", "a", " b", " c"]);
        check(&after_text(&plain, &[5, 4], length), "c b", &["c", " b"]);
        check(&told(json!([1, 3]), echo.clone(), &[4], length), "<s> a b", &["<s>", " a", " b"]);
        // A character of two tokens stands with its second, unfinished with what there is.
        check(&after_text(&plain, &[5, 8, 9], length), "cé", &["c", "", "é"]);
        check(&after_text(&plain, &[5, 8], length), "c\u{fffd}", &["c", "\u{fffd}"]);
        // The end token is told where everything is.
        check(&after_text(&echo, &[2], stop), "a b", &["", "a", " b", ""]);
        check(&after_text(&plain, &[5, 2], stop), "c", &["c"]);
        check(&after_text(&json!({ "ignore_eos": true }), &[5, 2], length), "c", &["c", ""]);
        // So are those of a stop string, each with what is left of it.
        let stopped = |stop: &str, echo: bool| json!({ "stop": stop, "echo": echo });
        check(&after_text(&stopped(" Human:", false), &[5, 11], stop), "c", &["c"]);
        check(&after_text(&stopped("Human:", false), &[5, 11], stop), "c ", &["c", " "]);
        check(
            &after_text(&stopped(" Human:", true), &[5, 11], stop),
            "a b c",
            &["", "a", " b", " c", ""],
        );
    }

    #[test]
    fn the_likeliest_are_named_as_they_would_stand() {
        let (_, tokens) =
            told(json!("b"), json!({ "echo": true, "logprobs": 2 }), &[2], FinishReason::Stop);
        let names: Vec<&str> = tokens.iter().map(|token| token.name.as_str()).collect();
        assert_eq!(names, ["<s>", "b", "</s>"]);
        assert_eq!((tokens[0].logp, tokens[0].top.len()), (None, 0));
        assert_eq!(tokens[1].top, [("a".to_owned(), -1.0), ("d".to_owned(), -2.0)]);
        assert_eq!(tokens[2].top, [(" a".to_owned(), -1.0), ("d".to_owned(), -2.0)]);
    }
}
