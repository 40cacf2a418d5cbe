//! Perplexity of whole texts, by word, byte and token.

use serde::{Deserialize, Serialize};

use super::python::is_space;
use crate::{Bootstrap, Estimate};

/// How likely a model finds a whole text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PageLikelihood {
    /// Sum of the log-probabilities of its tokens, in nats.
    pub sum: f64,
    /// Words of the original text: one more than its runs of white space, those at its ends
    /// included.
    pub n_words: u64,
    /// Bytes of the original text in UTF-8.
    pub n_bytes: u64,
    /// Tokens scored.
    pub n_tokens: u64,
}

impl PageLikelihood {
    /// Counts words and bytes of `page`: of WikiText the original page, not the text that is
    /// scored.
    pub fn new(page: &str, sum: f64, n_tokens: u64) -> Self {
        let starts_run =
            |(before, c): (Option<char>, char)| is_space(c) && !before.is_some_and(is_space);
        let before = std::iter::once(None).chain(page.chars().map(Some));
        let n_runs = before.zip(page.chars()).filter(|&pair| starts_run(pair)).count();
        Self { sum, n_words: n_runs as u64 + 1, n_bytes: page.len() as u64, n_tokens }
    }
}

/// Perplexities of a set of texts, with bootstrap intervals over texts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Perplexities {
    /// `exp` of the mean loss of a word.
    pub word: Estimate,
    /// `exp` of the mean loss of a byte.
    pub byte: Estimate,
    /// `exp` of the mean loss of a token. Comparable only between models of one tokenizer.
    pub token: Estimate,
    /// Mean loss of a byte, in bits.
    pub bits_per_byte: Estimate,
}

/// Loss of all texts over their words, bytes and tokens; `None` without texts, or without bytes or
/// tokens in them.
///
/// # Source
/// `weighted_perplexity` and `bits_per_byte` of lm-evaluation-harness, task `wikitext`.
pub fn perplexities(pages: &[PageLikelihood], bootstrap: &Bootstrap) -> Option<Perplexities> {
    let loss = |count: fn(&PageLikelihood) -> u64, read: fn(f64) -> f64| {
        bootstrap.estimate(pages, |pages| {
            let n: u64 = pages.iter().map(|page| count(page)).sum();
            let sum: f64 = pages.iter().map(|page| page.sum).sum();
            (n > 0).then(|| read(-sum / n as f64))
        })
    };
    Some(Perplexities {
        word: loss(|page| page.n_words, f64::exp)?,
        byte: loss(|page| page.n_bytes, f64::exp)?,
        token: loss(|page| page.n_tokens, f64::exp)?,
        bits_per_byte: loss(|page| page.n_bytes, |loss| loss / std::f64::consts::LN_2)?,
    })
}
