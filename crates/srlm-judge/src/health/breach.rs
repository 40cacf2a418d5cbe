//! Thresholds that judging has passed.

use std::fmt;

use crate::{HealthConfig, JudgeHealth};

/// A measure beyond its threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct Breach {
    /// The threshold, as the configuration names it: `min_parse_rate`.
    pub key: &'static str,
    /// What is measured, in words.
    pub measure: &'static str,
    /// What was measured.
    pub value: f64,
    /// What the configuration allows.
    pub threshold: f64,
    /// What to do about it.
    pub remedy: &'static str,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, measure, value, threshold, remedy } = self;
        write!(f, "{measure} is {value:.2}, `judge.health.{key}` is {threshold}; {remedy}")
    }
}

/// The thresholds that are passed, in the order of the settings. What could not be measured passes
/// none.
pub fn breaches(health: &JudgeHealth, config: &HealthConfig) -> Vec<Breach> {
    let breach =
        |key, measure, value: Option<f64>, is_beyond: fn(f64, f64) -> bool, threshold, remedy| {
            let value = value.filter(|value| is_beyond(*value, threshold))?;
            Some(Breach { key, measure, value, threshold, remedy })
        };
    let below = |value: f64, threshold: f64| value < threshold;
    let above = |value: f64, threshold: f64| value > threshold;
    let found = [
        breach(
            "min_parse_rate",
            "the share of judgments with a score",
            health.parse_rate,
            below,
            config.min_parse_rate,
            "raise `judge.sampling.max_tokens` where most are cut off, else train the judge on more judging examples",
        ),
        breach(
            "max_tie_rate",
            "the share of prompts whose candidates all tie",
            health.tie_rate,
            above,
            config.max_tie_rate,
            "turn `judge.expected_score` on, raise `judge.judgments`, or sample candidates at a higher temperature",
        ),
        breach(
            "max_one_score_share",
            "the share of the most frequent score",
            health.one_score_share,
            above,
            config.max_one_score_share,
            "balance the scores of the judging examples, or turn `judge.expected_score` on",
        ),
        breach(
            "max_length_correlation",
            "the correlation of score and length",
            health.length_correlation.spearman,
            above,
            config.max_length_correlation,
            "set `judge.max_response_characters`, or prefer shorter responses when pairs are chosen",
        ),
    ];
    found.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Correlation;

    #[test]
    fn each_threshold_is_named_with_its_value_and_a_remedy() {
        let ill = JudgeHealth {
            parse_rate: Some(0.5),
            tie_rate: Some(0.9),
            one_score_share: Some(0.95),
            length_correlation: Correlation { pearson: None, spearman: Some(0.8) },
            ..JudgeHealth::of(&[], &[])
        };
        let texts: Vec<String> =
            breaches(&ill, &HealthConfig::default()).iter().map(Breach::to_string).collect();
        insta::assert_snapshot!(texts.join("\n"), @"
        the share of judgments with a score is 0.50, `judge.health.min_parse_rate` is 0.8; raise `judge.sampling.max_tokens` where most are cut off, else train the judge on more judging examples
        the share of prompts whose candidates all tie is 0.90, `judge.health.max_tie_rate` is 0.7; turn `judge.expected_score` on, raise `judge.judgments`, or sample candidates at a higher temperature
        the share of the most frequent score is 0.95, `judge.health.max_one_score_share` is 0.8; balance the scores of the judging examples, or turn `judge.expected_score` on
        the correlation of score and length is 0.80, `judge.health.max_length_correlation` is 0.7; set `judge.max_response_characters`, or prefer shorter responses when pairs are chosen
        ");
    }

    #[test]
    fn a_measure_at_its_threshold_or_without_a_value_is_no_breach() {
        let config = HealthConfig::default();
        let well = JudgeHealth {
            parse_rate: Some(config.min_parse_rate),
            tie_rate: Some(config.max_tie_rate),
            one_score_share: Some(config.max_one_score_share),
            length_correlation: Correlation { pearson: Some(1.0), spearman: Some(-1.0) },
            ..JudgeHealth::of(&[], &[])
        };
        assert_eq!(breaches(&well, &config), []);
        assert_eq!(breaches(&JudgeHealth::of(&[], &[]), &config), []);
    }
}
