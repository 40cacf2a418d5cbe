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
    /// Share of the pairs that people ordered that the judge cannot order because a score is
    /// missing.
    pub abstention_rate: Option<f64>,
    /// Share of the scores that are the most frequent number: 1 where the judge says the same of
    /// everything.
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

#[cfg(test)]
mod tests {
    use srlm_artifact::{JudgmentFailure, Score};

    use super::*;
    use crate::{Bootstrap, RankedGroup, RankedResponse, agreement};

    #[test]
    fn a_case_to_check_with_a_pencil() {
        let scores = [Some(3.0), Some(3.0), None, Some(1.0)];
        let judgment = |(i, score): (usize, &Option<f64>)| JudgmentRow {
            response_id: format!("p/{i}"),
            prompt_id: "p".to_owned(),
            judge_index: 0,
            score: score.and_then(Score::new),
            rationale: String::new(),
            failure: score.is_none().then_some(JudgmentFailure::NoScore),
            seed: 0,
            expected_score: None,
            truncated: false,
        };
        let response = |(i, score): (usize, &Option<f64>)| RankedResponse {
            human_rank: i as u32,
            mean_score: *score,
            n_characters: 1,
        };
        let judgments: Vec<_> = scores.iter().enumerate().map(judgment).collect();
        let group = RankedGroup {
            prompt_id: "p".to_owned(),
            responses: scores.iter().enumerate().map(response).collect(),
        };
        let found = judge_rates(&judgments, &agreement(&[group], &Bootstrap::default()));
        assert_eq!((found.n_judgments, found.n_scored, found.parse_rate), (4, 3, Some(0.75)));
        // Six pairs; the three with the unscored response cannot be ordered, and one of the others
        // is tied.
        assert_eq!((found.abstention_rate, found.tie_rate), (Some(0.5), Some(1.0 / 3.0)));
        assert_eq!(found.one_score_share, Some(2.0 / 3.0));
    }
}
