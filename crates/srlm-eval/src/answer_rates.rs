//! How many answers are no answers.

use serde::{Deserialize, Serialize};
use srlm_artifact::{FinishReason, ResponseRow};

use crate::controlled::is_refusal;
use crate::{Estimate, wilson};

/// Shares of a model's responses, with intervals by Wilson.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerRates {
    /// Responses looked at.
    pub n_responses: u64,
    /// Those that begin by declining, as [`is_refusal`](crate::controlled::is_refusal) finds it.
    pub refusal: Estimate,
    /// Those cut off at the token limit.
    pub truncation: Estimate,
    /// Those of white space alone.
    pub empty: Estimate,
}

/// Counts refusals, truncations and empty answers; `None` without responses.
pub fn answer_rates(responses: &[ResponseRow]) -> Option<AnswerRates> {
    let share = |is_one: fn(&ResponseRow) -> bool| {
        wilson(responses.iter().filter(|row| is_one(row)).count() as u64, responses.len() as u64)
    };
    Some(AnswerRates {
        n_responses: responses.len() as u64,
        refusal: share(|row| is_refusal(&row.response))?,
        truncation: share(|row| row.finish_reason == FinishReason::Length)?,
        empty: share(|row| row.response.trim().is_empty())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_counted_by_itself() {
        let row = |response: &str, finish_reason| ResponseRow {
            response_id: "p/0".to_owned(),
            prompt_id: "p".to_owned(),
            sample_index: 0,
            response: response.to_owned(),
            finish_reason,
            n_tokens: 1,
            seed: 0,
        };
        let rows = [
            row("I'm sorry, but I cannot help.", FinishReason::Length),
            row(" \n", FinishReason::Stop),
            row("Paper.", FinishReason::Stop),
            row("Paper and", FinishReason::Length),
        ];
        let found = answer_rates(&rows).unwrap();
        assert_eq!(
            (found.refusal.value, found.truncation.value, found.empty.value),
            (0.25, 0.5, 0.25)
        );
        assert_eq!(answer_rates(&[]), None);
    }
}
