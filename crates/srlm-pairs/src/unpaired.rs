//! Responses with a verdict each, as KTO trains on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use srlm_artifact::{Aggregation, UnpairedRow};

use crate::config::in_points;
use crate::ranked::scored;
use crate::{Error, PromptCandidates};

/// Which responses get a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnpairedOf {
    /// Those of tied prompts, which give no pair: what pairs leave unused.
    Tied,
    /// Every one that has a score: what unpaired training takes in place of pairs.
    Scored,
}

/// Which responses get a verdict, and what makes one a good one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnpairedConfig {
    /// Which responses get a verdict.
    pub of: UnpairedOf,
    /// How a response's judgments become its score: `mean`, `median`, `majority` or `expected`.
    #[schemars(schema_with = "crate::config::aggregation")]
    pub aggregation: Aggregation,
    /// The least score of a good response, in points of the judge's 0 to 5. The paper has no
    /// unpaired rows; 3 is the first whole score of the upper half.
    pub threshold: f64,
}

impl Default for UnpairedConfig {
    fn default() -> Self {
        Self { of: UnpairedOf::Tied, aggregation: Aggregation::Mean, threshold: 3.0 }
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

/// Prompts by what became of them: `prompts = tied + untied + unscored`; and rows: `rows = good +
/// bad`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UnpairedCounts {
    /// Prompts given.
    pub prompts: u64,
    /// Prompts whose scored candidates, two or more, all have one score: those with rows where only
    /// tied prompts have some.
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

/// Every scored response of the prompts that the settings name, with its verdict: good where it
/// scores at least `threshold`.
///
/// # Source
/// Ethayarajh et al. 2024, "KTO", which trains on responses that are good or bad by themselves.
pub fn unpaired(candidates: &[PromptCandidates], config: &UnpairedConfig) -> UnpairedResponses {
    let mut unpaired = UnpairedResponses::default();
    for prompt in candidates {
        let counts = &mut unpaired.counts;
        counts.prompts += 1;
        let tied = is_tied(prompt);
        *match tied {
            None => &mut counts.unscored,
            Some(false) => &mut counts.untied,
            Some(true) => &mut counts.tied,
        } += 1;
        if tied == Some(true) || config.of == UnpairedOf::Scored {
            unpaired.rows.extend(rows(prompt, config.threshold));
        }
    }
    let counts = &mut unpaired.counts;
    counts.rows = unpaired.rows.len() as u64;
    counts.good = unpaired.rows.iter().filter(|row| row.label).count() as u64;
    counts.bad = counts.rows - counts.good;
    unpaired
}

/// Whether all scores are one; `None` with fewer than two.
fn is_tied(prompt: &PromptCandidates) -> Option<bool> {
    let scores = || scored(&prompt.candidates).map(|(_, score)| score);
    let second = scores().nth(1)?;
    Some(scores().all(|score| score == second))
}

fn rows(prompt: &PromptCandidates, threshold: f64) -> impl Iterator<Item = UnpairedRow> {
    scored(&prompt.candidates).map(move |(one, score)| UnpairedRow {
        prompt_id: prompt.prompt_id.clone(),
        prompt: prompt.prompt.clone(),
        completion: one.response.clone(),
        label: score >= threshold,
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
        let found: Vec<_> =
            unpaired.rows.iter().map(|row| (row.response_id.as_str(), row.label)).collect();
        assert_eq!(found, [("good/0", true), ("good/2", true), ("bad/0", false), ("bad/1", false)]);
        let expected = UnpairedCounts {
            prompts: 4,
            tied: 2,
            untied: 1,
            unscored: 1,
            rows: 4,
            good: 2,
            bad: 2,
        };
        assert_eq!(unpaired.counts, expected);
        let all = super::unpaired(
            &prompts,
            &UnpairedConfig { of: UnpairedOf::Scored, ..UnpairedConfig::default() },
        );
        let found: Vec<_> =
            all.rows[4..].iter().map(|row| (row.response_id.as_str(), row.label)).collect();
        assert_eq!(found, [("pair/0", true), ("pair/1", true), ("single/0", true)]);
        assert_eq!(all.counts, UnpairedCounts { rows: 7, good: 5, ..expected });
    }
}
