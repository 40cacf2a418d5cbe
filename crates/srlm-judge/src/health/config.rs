//! When judging counts as unhealthy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Error;

/// What happens where a threshold is passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// The caller says so and goes on.
    Warn,
    /// The caller says so and stops behind the judgments, which are complete.
    Stop,
}

/// Thresholds of [`JudgeHealth`](crate::JudgeHealth). They decide nothing about the judgments and
/// are no part of their key. The paper has none; these are our own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthConfig {
    /// Least share of the judgments that have a score, from 0 to 1.
    pub min_parse_rate: f64,
    /// Largest share of the prompts whose candidates all have the same mean score, from 0 to 1:
    /// they give no pair.
    pub max_tie_rate: f64,
    /// Largest share of the scores that are one and the same number, from 0 to 1.
    pub max_one_score_share: f64,
    /// Largest rank correlation (Spearman) of a response's mean score with its length in
    /// characters, from -1 to 1.
    pub max_length_correlation: f64,
    /// What happens where one of them is passed.
    pub action: Action,
}

impl Default for HealthConfig {
    fn default() -> Self {
        Self {
            min_parse_rate: 0.8,
            max_tie_rate: 0.7,
            max_one_score_share: 0.8,
            max_length_correlation: 0.7,
            action: Action::Warn,
        }
    }
}

impl HealthConfig {
    pub(crate) fn validate(&self) -> Result<(), Error> {
        let shares = [
            ("min_parse_rate", self.min_parse_rate),
            ("max_tie_rate", self.max_tie_rate),
            ("max_one_score_share", self.max_one_score_share),
        ];
        let problem = |key: &str, value: f64, remedy| {
            Err(Error::Config { key: format!("health.{key}"), value: value.to_string(), remedy })
        };
        if let Some((key, value)) =
            shares.into_iter().find(|(_, value)| !(0.0..=1.0).contains(value))
        {
            return problem(key, value, "it must be a number from 0 to 1");
        }
        if !(-1.0..=1.0).contains(&self.max_length_correlation) {
            return problem(
                "max_length_correlation",
                self.max_length_correlation,
                "it must be a number from -1 to 1",
            );
        }
        Ok(())
    }
}
