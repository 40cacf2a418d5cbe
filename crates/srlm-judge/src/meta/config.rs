//! Settings of training data for the judge.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use srlm_generate::Sampling;

use crate::Error;
use crate::config::check_sampling;
use crate::eft::check_share;

/// How judgments are compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BattlesConfig {
    /// `meta`, or the path of a rubric file. Who calls [`run`](super::run) reads the file; its text
    /// is part of the artifact's key, its path is not.
    pub rubric: String,
    /// Whether the two judgments are shown without their scores, so that the higher score does not
    /// win for itself; what a judge wrote behind its score goes with it. The paper shows them
    /// whole: `false`.
    pub hide_scores: bool,
    /// Prompts whose judgments are compared together, and saved together when the run is
    /// interrupted. One prompt with n judgments has n (n - 1) comparisons: 110 with the paper's 11.
    pub group_prompts: u32,
    /// How tokens are drawn; not stated in the paper, so as in judging.
    pub sampling: Sampling,
}

impl Default for BattlesConfig {
    fn default() -> Self {
        let sampling =
            Sampling { max_tokens: 256, temperature: 0.7, top_p: 0.9, ..Sampling::default() };
        Self { rubric: "meta".to_owned(), hide_scores: false, group_prompts: 8, sampling }
    }
}

impl BattlesConfig {
    /// # Errors
    /// [`Error::Config`] with the first setting that cannot be used.
    pub fn validate(&self) -> Result<(), Error> {
        if self.rubric.trim().is_empty() {
            let value = format!("{:?}", self.rubric);
            return problem("rubric", value, "it must be `meta` or the path of a rubric file");
        }
        if self.group_prompts == 0 {
            return problem("group_prompts", "0".to_owned(), "it must be at least 1");
        }
        check_sampling(&self.sampling)
    }
}

/// Which judgments make a pair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JudgePairsConfig {
    /// How strongly strengths are drawn to 0, above 0: the weight of half their summed squares
    /// against the log-likelihood. 1 is the usual setting of logistic regression; the paper does
    /// not state it.
    pub regularization: f64,
    /// No pair has a chosen judgment with more characters than this: a number for each iteration,
    /// the last one for all that follow. The paper takes 1100 and 1000.
    pub max_judgment_characters: Vec<u32>,
    /// Largest share of the pairs whose chosen judgments may give one score, above 0; 1 discards
    /// nothing. With n different scores the bound is at least 1/n. Not in the paper; NeMo-Aligner
    /// takes 0.4.
    pub max_score_share: f64,
}

impl Default for JudgePairsConfig {
    fn default() -> Self {
        Self {
            regularization: 1.0,
            max_judgment_characters: vec![1100, 1000],
            max_score_share: 0.4,
        }
    }
}

impl JudgePairsConfig {
    /// # Errors
    /// [`Error::Config`] with the first setting that cannot be used.
    pub fn validate(&self) -> Result<(), Error> {
        if !self.regularization.is_finite() || self.regularization <= 0.0 {
            return problem(
                "regularization",
                self.regularization.to_string(),
                "it must be a number above 0",
            );
        }
        if self.max_judgment_characters.is_empty() || self.max_judgment_characters.contains(&0) {
            let value = format!("{:?}", self.max_judgment_characters);
            return problem(
                "max_judgment_characters",
                value,
                "it must be a list of numbers from 1 up",
            );
        }
        check_share("max_score_share", self.max_score_share)
    }

    /// The most characters of a chosen judgment in an iteration, counted from 1.
    pub(crate) fn max_characters(&self, iteration: u32) -> u32 {
        let limits = &self.max_judgment_characters;
        let at = iteration.saturating_sub(1) as usize;
        limits.get(at).or(limits.last()).copied().unwrap_or(u32::MAX)
    }
}

fn problem(key: &str, value: String, remedy: &'static str) -> Result<(), Error> {
    Err(Error::Config { key: key.to_owned(), value, remedy })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_battles_that_cannot_be_used_are_named() {
        let check = |change: fn(&mut BattlesConfig), expected: &str| {
            let mut config = BattlesConfig::default();
            change(&mut config);
            assert_eq!(config.validate().unwrap_err().to_string(), expected);
        };
        BattlesConfig::default().validate().unwrap();
        check(
            |c| c.rubric = String::new(),
            "`rubric` is \"\"; it must be `meta` or the path of a rubric file",
        );
        check(|c| c.group_prompts = 0, "`group_prompts` is 0; it must be at least 1");
        check(|c| c.sampling.top_p = 0.0, "`sampling.top_p` is 0.0; must be above 0 and at most 1");
    }

    #[test]
    fn settings_of_pairs_that_cannot_be_used_are_named() {
        let check = |change: fn(&mut JudgePairsConfig), expected: &str| {
            let mut config = JudgePairsConfig::default();
            change(&mut config);
            assert_eq!(config.validate().unwrap_err().to_string(), expected);
        };
        JudgePairsConfig::default().validate().unwrap();
        check(|c| c.regularization = 0.0, "`regularization` is 0; it must be a number above 0");
        let list = "it must be a list of numbers from 1 up";
        check(
            |c| c.max_judgment_characters.clear(),
            &format!("`max_judgment_characters` is []; {list}"),
        );
        check(
            |c| c.max_judgment_characters[1] = 0,
            &format!("`max_judgment_characters` is [1100, 0]; {list}"),
        );
        let share =
            "`max_score_share` is 0; it must be above 0 and at most 1, which discards nothing";
        check(|c| c.max_score_share = 0.0, share);
    }

    #[test]
    fn later_iterations_have_the_last_limit() {
        let config = JudgePairsConfig::default();
        assert_eq!(
            [0, 1, 2, 3, 9].map(|t| config.max_characters(t)),
            [1100, 1100, 1000, 1000, 1000]
        );
    }
}
