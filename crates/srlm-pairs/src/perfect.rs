//! Positive-only augmentation: perfect responses as examples to imitate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use srlm_artifact::{Aggregation, IftRow};

use crate::config::in_points;
use crate::{Error, PromptCandidates};

/// What [`IftRow::source`] says of these examples.
const SOURCE: &str = "perfect";

/// Which responses are good enough to imitate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PerfectConfig {
    /// How a response's judgments become its score: `mean` (the paper), `median`, `majority` or
    /// `expected`.
    #[schemars(schema_with = "crate::config::aggregation")]
    pub aggregation: Aggregation,
    /// The least score that counts as perfect, in points of the judge's 0 to 5; the paper takes 5.
    pub perfect_score: f64,
}

impl Default for PerfectConfig {
    fn default() -> Self {
        Self { aggregation: Aggregation::Mean, perfect_score: 5.0 }
    }
}

impl PerfectConfig {
    /// # Errors
    /// [`Error::Config`] where the score is not from 0 to 5.
    pub fn validate(&self) -> Result<(), Error> {
        in_points("perfect_score", self.perfect_score)
    }
}

/// The examples, and what became of every response.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Perfect {
    /// In the order of prompts and candidates. The `prompt_id` is the `response_id`, since a prompt
    /// may have several.
    pub rows: Vec<IftRow>,
    /// How many responses are examples, and why the others are not.
    pub counts: PerfectCounts,
}

/// Responses by what became of them: `responses` is the sum of all the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PerfectCounts {
    /// Responses given.
    pub responses: u64,
    /// Responses that are examples.
    pub perfect: u64,
    /// Responses of a lower score.
    pub imperfect: u64,
    /// Responses without a score.
    pub unscored: u64,
    /// Perfect responses without any text to imitate.
    pub blank: u64,
}

/// The responses that score at least `perfect_score`, as rows to fine-tune on.
///
/// # Source
/// Yuan et al. 2024, "Self-Rewarding Language Models", section 2.3, the variant with positive
/// examples only: responses whose score is a perfect 5 are added to the seed data.
pub fn perfect(candidates: &[PromptCandidates], config: &PerfectConfig) -> Perfect {
    let mut perfect = Perfect::default();
    let all =
        candidates.iter().flat_map(|prompt| prompt.candidates.iter().map(move |one| (prompt, one)));
    for (prompt, one) in all {
        let counts = &mut perfect.counts;
        counts.responses += 1;
        match one.score.filter(|score| score.is_finite()) {
            None => counts.unscored += 1,
            Some(score) if score < config.perfect_score => counts.imperfect += 1,
            Some(_) if one.response.trim().is_empty() => counts.blank += 1,
            Some(_) => {
                counts.perfect += 1;
                perfect.rows.push(IftRow {
                    prompt_id: one.response_id.clone(),
                    prompt: prompt.prompt.clone(),
                    response: one.response.clone(),
                    source: SOURCE.to_owned(),
                });
            }
        }
    }
    perfect
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidates::tests::prompt;

    #[test]
    fn only_a_perfect_score_makes_an_example() {
        let judged =
            [("a", Some(5.0)), ("b", Some(4.9)), ("c", None), (" ", Some(5.0)), ("d", Some(5.0))];
        let perfect = perfect(&[prompt("p", &judged)], &PerfectConfig::default());
        let ids: Vec<_> = perfect
            .rows
            .iter()
            .map(|row| (row.prompt_id.as_str(), row.response.as_str()))
            .collect();
        assert_eq!(ids, [("p/0", "a"), ("p/4", "d")]);
        let expected =
            PerfectCounts { responses: 5, perfect: 2, imperfect: 1, unscored: 1, blank: 1 };
        assert_eq!(perfect.counts, expected);
    }
}
