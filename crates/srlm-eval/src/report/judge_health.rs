//! Whether the judge's scores can be read, and whether they tell responses apart.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use srlm_artifact::{Aggregation, JudgmentFailure, JudgmentRow, ResponseRow, aggregate};

use crate::spearman;

/// An iteration's judgments, counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct JudgeHealth {
    /// Judgments asked for.
    pub n_judgments: u64,
    /// Those with a score.
    pub n_scored: u64,
    /// The others, by reason.
    pub failures: BTreeMap<JudgmentFailure, u64>,
    /// Scores rounded to 0, 1 ... 5.
    pub score_histogram: [u64; 6],
    /// Mean of the scores.
    pub mean_score: Option<f64>,
    /// Prompts with two or more scored responses.
    pub n_comparable_prompts: u64,
    /// Those whose scored responses all have the same mean score, and so can give no pair.
    pub n_tied_prompts: u64,
    /// Spearman's rho of mean score and length in characters over responses: near 1, the judge prefers length.
    pub score_length_spearman: Option<f64>,
}

impl JudgeHealth {
    /// Counts judgments; `responses` give the lengths.
    pub fn of(judgments: &[JudgmentRow], responses: &[ResponseRow]) -> Self {
        let mut health = Self { n_judgments: judgments.len() as u64, ..Self::default() };
        for judgment in judgments {
            if let Some(score) = judgment.score {
                health.n_scored += 1;
                health.score_histogram[score.get().round() as usize] += 1;
            }
            if let Some(failure) = judgment.failure {
                *health.failures.entry(failure).or_default() += 1;
            }
        }
        let scores: Vec<f64> =
            judgments.iter().filter_map(|judgment| judgment.score).map(|score| score.get()).collect();
        health.mean_score = mean(&scores);
        let means = mean_scores(judgments);
        health.count_ties(&means);
        health.score_length_spearman = score_length_spearman(&means, responses);
        health
    }

    /// Share of judgments with a score.
    pub fn parse_rate(&self) -> Option<f64> {
        share(self.n_scored, self.n_judgments)
    }

    /// Share of comparable prompts that are tied.
    pub fn tie_rate(&self) -> Option<f64> {
        share(self.n_tied_prompts, self.n_comparable_prompts)
    }

    fn count_ties(&mut self, means: &BTreeMap<&str, (&str, f64)>) {
        let mut by_prompt: HashMap<&str, Vec<f64>> = HashMap::new();
        for (prompt_id, mean) in means.values() {
            by_prompt.entry(prompt_id).or_default().push(*mean);
        }
        let comparable = by_prompt.values().filter(|means| means.len() > 1);
        for means in comparable {
            self.n_comparable_prompts += 1;
            self.n_tied_prompts += u64::from(means.iter().all(|mean| *mean == means[0]));
        }
    }
}

/// Prompt and mean score of each response that has a score, by `response_id`.
pub(crate) fn mean_scores(judgments: &[JudgmentRow]) -> BTreeMap<&str, (&str, f64)> {
    let mut judged: BTreeMap<&str, (&str, Vec<&JudgmentRow>)> = BTreeMap::new();
    for row in judgments {
        judged.entry(&row.response_id).or_insert((&row.prompt_id, Vec::new())).1.push(row);
    }
    let mean = |rows: Vec<&JudgmentRow>| aggregate(Aggregation::Mean, rows);
    judged.into_iter().filter_map(|(id, (prompt_id, rows))| Some((id, (prompt_id, mean(rows)?)))).collect()
}

fn score_length_spearman(means: &BTreeMap<&str, (&str, f64)>, responses: &[ResponseRow]) -> Option<f64> {
    let scored = responses.iter().filter_map(|row| {
        let (_, mean) = means.get(row.response_id.as_str())?;
        Some((*mean, row.response.chars().count() as f64))
    });
    let (scores, lengths): (Vec<f64>, Vec<f64>) = scored.unzip();
    spearman(&scores, &lengths)
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use srlm_artifact::{FinishReason, Score};

    use super::*;

    fn judgment(prompt_id: &str, sample: u32, score: Option<f64>) -> JudgmentRow {
        JudgmentRow {
            response_id: format!("{prompt_id}/{sample}"),
            prompt_id: prompt_id.to_owned(),
            judge_index: 0,
            score: score.and_then(Score::new),
            rationale: String::new(),
            failure: score.is_none().then_some(JudgmentFailure::NoScore),
            seed: 0,
            expected_score: None,
            truncated: false,
        }
    }

    fn response(prompt_id: &str, sample: u32, n_characters: usize) -> ResponseRow {
        ResponseRow {
            response_id: format!("{prompt_id}/{sample}"),
            prompt_id: prompt_id.to_owned(),
            sample_index: sample,
            response: "x".repeat(n_characters),
            finish_reason: FinishReason::Stop,
            n_tokens: 1,
            seed: 0,
        }
    }

    #[test]
    fn failures_are_counted_and_never_averaged() {
        let judgments = [
            judgment("p", 0, Some(4.0)),
            judgment("p", 1, Some(4.0)),
            judgment("q", 0, Some(1.0)),
            judgment("q", 1, None),
            judgment("r", 0, Some(2.6)),
            judgment("r", 1, Some(5.0)),
        ];
        let responses = [response("p", 0, 30), response("q", 0, 10), response("r", 1, 90), response("r", 0, 20)];
        let health = JudgeHealth::of(&judgments, &responses);
        assert_eq!((health.n_judgments, health.n_scored), (6, 5));
        assert_eq!(health.failures, BTreeMap::from([(JudgmentFailure::NoScore, 1)]));
        assert_eq!(health.score_histogram, [0, 1, 0, 1, 2, 1]);
        assert_eq!(health.mean_score, Some(16.6 / 5.0));
        assert_eq!(health.tie_rate(), Some(0.5));
        assert_eq!(health.score_length_spearman, Some(1.0));
    }

    #[test]
    fn no_judgments_give_no_rates() {
        let health = JudgeHealth::of(&[], &[]);
        assert_eq!((health.parse_rate(), health.tie_rate(), health.mean_score), (None, None, None));
    }
}
