//! How long, how varied and how repetitive a model's responses are.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use srlm_artifact::{FinishReason, ResponseRow};

use crate::bootstrap::percentile;

/// Where a set of lengths lies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distribution {
    /// Arithmetic mean.
    pub mean: f64,
    /// Half are shorter.
    pub median: f64,
    /// Nine in ten are shorter.
    pub p90: f64,
}

/// Lengths and variety of a set of responses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lengths {
    /// Responses measured.
    pub n_responses: u64,
    /// Length in tokens, the end token included.
    pub tokens: Distribution,
    /// Length in characters (Unicode scalar values).
    pub characters: Distribution,
    /// Responses that ended by themselves.
    pub n_stop: u64,
    /// Responses cut off at the token limit.
    pub n_length: u64,
    /// Different word pairs over all word pairs of all responses; falls as there are more responses, so compare
    /// equal numbers only. `None` without a word pair.
    pub distinct_2: Option<f64>,
    /// Mean share of a response's runs of four words that it has used before: 0 is none, near 1 is a loop.
    /// Responses of fewer than four words are left out.
    ///
    /// Welleck et al. 2020 ("Neural text generation with unlikelihood training"), seq-rep-4, on words.
    pub repetition_rate: Option<f64>,
}

/// Measures responses; `None` when there are none.
pub fn lengths(responses: &[ResponseRow]) -> Option<Lengths> {
    let words: Vec<Vec<&str>> = responses.iter().map(|row| row.response.split_whitespace().collect()).collect();
    let n_stop = responses.iter().filter(|row| row.finish_reason == FinishReason::Stop).count() as u64;
    Some(Lengths {
        n_responses: responses.len() as u64,
        tokens: distribution(responses.iter().map(|row| f64::from(row.n_tokens)))?,
        characters: distribution(responses.iter().map(|row| row.response.chars().count() as f64))?,
        n_stop,
        n_length: responses.len() as u64 - n_stop,
        distinct_2: distinct_share(words.iter().flat_map(|words| words.windows(2))),
        repetition_rate: repetition_rate(&words),
    })
}

fn distribution(values: impl Iterator<Item = f64>) -> Option<Distribution> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mean = sorted.iter().sum::<f64>() / sorted.len() as f64;
    Some(Distribution { mean, median: percentile(&sorted, 0.5)?, p90: percentile(&sorted, 0.9)? })
}

fn distinct_share<'a>(runs: impl Iterator<Item = &'a [&'a str]>) -> Option<f64> {
    let (mut seen, mut n) = (HashSet::new(), 0u64);
    for run in runs {
        seen.insert(run);
        n += 1;
    }
    (n > 0).then(|| seen.len() as f64 / n as f64)
}

fn repetition_rate(responses: &[Vec<&str>]) -> Option<f64> {
    let rates: Vec<f64> =
        responses.iter().filter_map(|words| distinct_share(words.windows(4))).map(|distinct| 1.0 - distinct).collect();
    (!rates.is_empty()).then(|| rates.iter().sum::<f64>() / rates.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(index: u32, response: &str, n_tokens: u32, finish_reason: FinishReason) -> ResponseRow {
        ResponseRow {
            response_id: format!("p/{index}"),
            prompt_id: "p".to_owned(),
            sample_index: index,
            response: response.to_owned(),
            finish_reason,
            n_tokens,
            seed: 0,
        }
    }

    #[test]
    fn a_case_to_check_with_a_pencil() {
        let found = lengths(&[
            row(0, "a b c d", 5, FinishReason::Stop),
            row(1, "a b a b a b", 7, FinishReason::Length),
            row(2, "é", 3, FinishReason::Stop),
        ])
        .unwrap();
        assert_eq!((found.n_responses, found.n_stop, found.n_length), (3, 2, 1));
        assert_eq!((found.tokens.mean, found.tokens.median, found.tokens.p90), (5.0, 5.0, 6.6));
        assert_eq!(found.characters.median, 7.0);
        // Word pairs: ab bc cd, ab ba ab ba ab: 8 of them, 4 different.
        assert_eq!(found.distinct_2, Some(0.5));
        // Runs of four: one in the first; abab baba abab in the second, a third of them used before.
        assert!((found.repetition_rate.unwrap() - 1.0 / 6.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_and_one_word_are_measured_without_a_division_by_zero() {
        assert_eq!(lengths(&[]), None);
        let found = lengths(&[row(0, "", 1, FinishReason::Stop)]).unwrap();
        assert_eq!((found.characters.mean, found.distinct_2, found.repetition_rate), (0.0, None, None));
    }
}
