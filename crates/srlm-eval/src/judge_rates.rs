//! How often a judge's scores can be read, and how often they tell responses apart.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use srlm_artifact::JudgmentRow;

use crate::Agreement;

/// Rates over the judgments of held-out ranked responses; `None` where there is nothing to measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgeRates {
    /// Judgments asked for.
    pub n_judgments: u64,
    /// Those with a score.
    pub n_scored: u64,
    /// Share of the judgments with a score.
    pub parse_rate: Option<f64>,
    /// Share of the pairs that people ordered and the judge scored whose scores are equal.
    pub tie_rate: Option<f64>,
    /// Share of the pairs that people ordered that the judge cannot order because a score is missing.
    pub abstention_rate: Option<f64>,
    /// Share of the scores that are the most frequent number: 1 where the judge says the same of everything.
    pub one_score_share: Option<f64>,
}

/// Counts judgments; ties and abstentions are those of `agreement`, over the same responses.
pub fn judge_rates(judgments: &[JudgmentRow], agreement: &Agreement) -> JudgeRates {
    let mut scores: BTreeMap<u64, u64> = BTreeMap::new();
    for score in judgments.iter().filter_map(|row| row.score) {
        *scores.entry(score.get().to_bits()).or_default() += 1;
    }
    let (n_judgments, n_scored) = (judgments.len() as u64, scores.values().sum());
    let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
    JudgeRates {
        n_judgments,
        n_scored,
        parse_rate: share(n_scored, n_judgments),
        tie_rate: agreement.judge.tie_rate.map(|rate| rate.value),
        abstention_rate: share(agreement.n_unscored_pairs, agreement.n_pairs),
        one_score_share: share(scores.values().copied().max().unwrap_or(0), n_scored),
    }
}
