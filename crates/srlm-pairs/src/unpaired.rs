//! Tied responses with a verdict each, as KTO trains on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use srlm_artifact::{Aggregation, UnpairedRow};

use crate::config::in_points;
use crate::ranked::scored;
use crate::{Error, PromptCandidates};

/// What makes a response a good one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnpairedConfig {
    /// How a response's judgments become its score: `mean`, `median`, `majority` or `expected`.
    #[schemars(schema_with = "crate::config::aggregation")]
    pub aggregation: Aggregation,
    /// The least score of a good response, in points of the judge's 0 to 5. The paper has no unpaired rows; 3 is the
    /// first whole score of the upper half.
    pub threshold: f64,
}

impl Default for UnpairedConfig {
    fn default() -> Self {
        Self { aggregation: Aggregation::Mean, threshold: 3.0 }
    }
}

impl UnpairedConfig {
    /// # Errors
    /// [`Error::Config`] where the threshold is not from 0 to 5.
    pub fn validate(&self) -> Result<(), Error> {
        in_points("threshold", self.threshold)
    }
}

/// The rows, and what became of every prompt.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnpairedResponses {
    /// In the order of prompts and candidates.
    pub rows: Vec<UnpairedRow>,
    /// How many prompts and rows there are.
    pub counts: UnpairedCounts,
}

/// Prompts by what became of them: `prompts = tied + untied + unscored`; and rows: `rows = good + bad`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UnpairedCounts {
    /// Prompts given.
    pub prompts: u64,
    /// Prompts whose scored candidates, two or more, all have one score: those with rows.
    pub tied: u64,
    /// Prompts with two different scores: they may make a pair.
    pub untied: u64,
    /// Prompts with fewer than two scored candidates.
    pub unscored: u64,
    /// Rows made.
    pub rows: u64,
    /// Rows of good responses.
    pub good: u64,
    /// Rows of bad responses.
    pub bad: u64,
}

/// Every scored response of the tied prompts, which give no pair, with its verdict: good where it scores at least
/// `threshold`.
///
/// # Source
/// Ethayarajh et al. 2024, "KTO", which trains on responses that are good or bad by themselves.
pub fn unpaired(candidates: &[PromptCandidates], config: &UnpairedConfig) -> UnpairedResponses {
    let mut unpaired = UnpairedResponses::default();
    for prompt in candidates {
        let counts = &mut unpaired.counts;
        counts.prompts += 1;
        let scores = || scored(&prompt.candidates).map(|(_, score)| score);
        let Some(first) = scores().nth(1) else {
            counts.unscored += 1;
            continue;
        };
        if scores().any(|score| score != first) {
            counts.untied += 1;
            continue;
        }
        counts.tied += 1;
        let label = first >= config.threshold;
        let n = scores().count() as u64;
        counts.rows += n;
        *if label { &mut counts.good } else { &mut counts.bad } += n;
        unpaired.rows.extend(rows(prompt, label));
    }
    unpaired
}

fn rows(prompt: &PromptCandidates, label: bool) -> impl Iterator<Item = UnpairedRow> {
    scored(&prompt.candidates).map(move |(one, score)| UnpairedRow {
        prompt_id: prompt.prompt_id.clone(),
        prompt: prompt.prompt.clone(),
        completion: one.response.clone(),
        label,
        response_id: one.response_id.clone(),
        score,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidates::tests::prompt;

    #[test]
    fn tied_responses_are_good_or_bad() {
        let prompts = [
            prompt("good", &[("a", Some(3.0)), ("b", None), ("c", Some(3.0))]),
            prompt("bad", &[("a", Some(0.0)), ("b", Some(-0.0))]),
            prompt("pair", &[("a", Some(3.0)), ("b", Some(4.0))]),
            prompt("single", &[("a", Some(3.0)), ("b", None)]),
        ];
        let unpaired = unpaired(&prompts, &UnpairedConfig::default());
        let found: Vec<_> = unpaired.rows.iter().map(|row| (row.response_id.as_str(), row.label)).collect();
        assert_eq!(found, [("good/0", true), ("good/2", true), ("bad/0", false), ("bad/1", false)]);
        let expected = UnpairedCounts { prompts: 4, tied: 2, untied: 1, unscored: 1, rows: 4, good: 2, bad: 2 };
        assert_eq!(unpaired.counts, expected);
    }
}
