//! How long a model's responses are.

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

/// Lengths of a set of responses.
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
}

/// Measures responses; `None` when there are none.
pub fn lengths(responses: &[ResponseRow]) -> Option<Lengths> {
    let n_stop =
        responses.iter().filter(|row| row.finish_reason == FinishReason::Stop).count() as u64;
    Some(Lengths {
        n_responses: responses.len() as u64,
        tokens: distribution(responses.iter().map(|row| f64::from(row.n_tokens)))?,
        characters: distribution(responses.iter().map(|row| row.response.chars().count() as f64))?,
        n_stop,
        n_length: responses.len() as u64 - n_stop,
    })
}

fn distribution(values: impl Iterator<Item = f64>) -> Option<Distribution> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mean = sorted.iter().sum::<f64>() / sorted.len() as f64;
    Some(Distribution { mean, median: percentile(&sorted, 0.5)?, p90: percentile(&sorted, 0.9)? })
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
    }

    #[test]
    fn nothing_and_an_empty_text_are_measured_without_a_division_by_zero() {
        assert_eq!(lengths(&[]), None);
        let found = lengths(&[row(0, "", 1, FinishReason::Stop)]).unwrap();
        assert_eq!(found.characters.mean, 0.0);
    }
}
