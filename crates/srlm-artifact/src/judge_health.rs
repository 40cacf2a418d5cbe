//! What judgments say about the judge.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::{Aggregation, JudgmentFailure, JudgmentRow, ResponseRow, pearson, scores, spearman};

/// What a stage's judgments say about the judge: the content of `health.json` beside them. Shares
/// and rates are from 0 to 1; `None` where there is nothing to measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgeHealth {
    /// Judgments.
    pub judgments: u64,
    /// Share of the judgments that have a score.
    pub parse_rate: Option<f64>,
    /// Judgments without a score, by reason, as rows name it.
    pub failures: BTreeMap<String, u64>,
    /// Scores nearest to 0, 1, 2, 3, 4 and 5; a half counts upward.
    pub histogram: [u64; 6],
    /// Mean of the scores. Unknown in files of before it was measured, as the next two are.
    #[serde(default)]
    pub mean_score: Option<f64>,
    /// Share of the scores that are the most frequent number.
    pub one_score_share: Option<f64>,
    /// Prompts with several scored candidates.
    #[serde(default)]
    pub comparable_prompts: u64,
    /// Those whose candidates' mean scores are all equal: they give no pair.
    #[serde(default)]
    pub tied_prompts: u64,
    /// Share of the comparable prompts that are tied.
    pub tie_rate: Option<f64>,
    /// Mean over the responses with several scores of the scores' standard deviation (divided by
    /// n).
    pub mean_spread: Option<f64>,
    /// Share of the pairs of scores of one response that are equal.
    pub self_agreement: Option<f64>,
    /// Of the mean score and the response's length in characters.
    pub length_correlation: Correlation,
    /// Of the mean score and the mean expected score.
    pub expected_correlation: Correlation,
}

/// How two numbers of each response go together, from -1 to 1. `None` for fewer than two responses
/// and where one of the numbers never changes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Correlation {
    /// Of the numbers.
    pub pearson: Option<f64>,
    /// Of their ranks.
    pub spearman: Option<f64>,
}

impl JudgeHealth {
    /// Measures a judge by what it said of the responses. The order of rows does not matter;
    /// judgments of responses that are not among `responses` do not count for the correlation with
    /// length.
    pub fn of(responses: &[ResponseRow], judgments: &[JudgmentRow]) -> Self {
        let mut all: Vec<f64> =
            judgments.iter().filter_map(|row| row.score).map(|score| score.get()).collect();
        all.sort_unstable_by(f64::total_cmp);
        let means = scored(judgments, Aggregation::Mean);
        let expected = scored(judgments, Aggregation::Expected);
        let repeats = repeats(judgments);
        let spreads: Vec<f64> = repeats.values().filter_map(|scores| deviation(scores)).collect();
        let lengths = responses
            .iter()
            .map(|row| (row.response_id.as_str(), row.response.chars().count() as f64));
        let lengths: HashMap<&str, f64> = lengths.collect();
        let (tied, comparable) = ties(judgments, &means);
        Self {
            judgments: judgments.len() as u64,
            parse_rate: share(all.len(), judgments.len()),
            failures: failures(judgments),
            histogram: histogram(&all),
            mean_score: mean(&all),
            one_score_share: share(
                all.chunk_by(|a, b| a == b).map(<[f64]>::len).max().unwrap_or(0),
                all.len(),
            ),
            comparable_prompts: comparable as u64,
            tied_prompts: tied as u64,
            tie_rate: share(tied, comparable),
            mean_spread: mean(&spreads),
            self_agreement: self_agreement(&repeats),
            length_correlation: correlation(&means, |id| lengths.get(id).copied()),
            expected_correlation: correlation(&means, |id| expected.get(id).copied()),
        }
    }

    /// Judgments that have a score.
    pub fn scored(&self) -> u64 {
        self.judgments - self.failures.values().sum::<u64>()
    }
}

fn scored(judgments: &[JudgmentRow], aggregation: Aggregation) -> BTreeMap<String, f64> {
    scores(judgments, aggregation)
        .into_iter()
        .filter_map(|(id, score)| Some((id, score?)))
        .collect()
}

/// The scores of each response, sorted.
fn repeats(judgments: &[JudgmentRow]) -> BTreeMap<&str, Vec<f64>> {
    let mut repeats: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for row in judgments {
        repeats.entry(&row.response_id).or_default().extend(row.score.map(|score| score.get()));
    }
    repeats.values_mut().for_each(|scores| scores.sort_unstable_by(f64::total_cmp));
    repeats
}

fn failures(judgments: &[JudgmentRow]) -> BTreeMap<String, u64> {
    let reasons = [
        ("no_score", JudgmentFailure::NoScore),
        ("out_of_range", JudgmentFailure::OutOfRange),
        ("truncated", JudgmentFailure::Truncated),
        ("empty", JudgmentFailure::Empty),
    ];
    let count = |reason| judgments.iter().filter(|row| row.failure == Some(reason)).count() as u64;
    reasons.into_iter().map(|(name, reason)| (name.to_owned(), count(reason))).collect()
}

fn histogram(scores: &[f64]) -> [u64; 6] {
    let mut bins = [0; 6];
    scores.iter().for_each(|score| bins[(score.round() as usize).min(5)] += 1);
    bins
}

/// How many prompts tie, of how many that have something to compare.
fn ties(judgments: &[JudgmentRow], means: &BTreeMap<String, f64>) -> (usize, usize) {
    let mut candidates: BTreeMap<&str, BTreeMap<&str, f64>> = BTreeMap::new();
    for row in judgments {
        if let Some(mean) = means.get(&row.response_id) {
            candidates.entry(&row.prompt_id).or_default().insert(&row.response_id, *mean);
        }
    }
    let several: Vec<Vec<f64>> = candidates
        .into_values()
        .filter(|means| means.len() > 1)
        .map(|means| means.into_values().collect())
        .collect();
    (
        several.iter().filter(|means| means.iter().all(|mean| *mean == means[0])).count(),
        several.len(),
    )
}

fn self_agreement(repeats: &BTreeMap<&str, Vec<f64>>) -> Option<f64> {
    let pairs = |n: usize| n * n.saturating_sub(1) / 2;
    let n_pairs = repeats.values().map(|scores| pairs(scores.len())).sum();
    let equal = |scores: &Vec<f64>| {
        scores.chunk_by(|a, b| a == b).map(|equal| pairs(equal.len())).sum::<usize>()
    };
    share(repeats.values().map(equal).sum(), n_pairs)
}

fn correlation(means: &BTreeMap<String, f64>, other: impl Fn(&str) -> Option<f64>) -> Correlation {
    let points = means.iter().filter_map(|(id, mean)| Some((*mean, other(id)?)));
    let (means, others): (Vec<f64>, Vec<f64>) = points.unzip();
    Correlation { pearson: pearson(&means, &others), spearman: spearman(&means, &others) }
}

/// Standard deviation of the whole (divided by n, not n - 1). `None` for fewer than two numbers.
fn deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values).filter(|_| values.len() > 1)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((squares / values.len() as f64).sqrt())
}

/// `None` for no numbers.
fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// `None` where the whole is 0.
fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FinishReason, Score};

    fn response(response_id: &str, n_characters: usize) -> ResponseRow {
        ResponseRow {
            response_id: response_id.to_owned(),
            prompt_id: String::new(),
            sample_index: 0,
            response: "é".repeat(n_characters),
            finish_reason: FinishReason::Stop,
            n_tokens: 1,
            seed: 0,
        }
    }

    /// Judgments of `{prompt}/{sample}`; a score below 0 stands for none.
    fn judgments(scores: &[(&str, &[f64])]) -> Vec<JudgmentRow> {
        let row = |id: &str, index: usize, score: f64| JudgmentRow {
            response_id: id.to_owned(),
            prompt_id: id.split('/').next().unwrap().to_owned(),
            judge_index: index as u32,
            score: Score::new(score),
            rationale: String::new(),
            failure: if score < 0.0 { Some(JudgmentFailure::Truncated) } else { None },
            seed: 0,
            expected_score: Score::new(5.0 - score),
            truncated: false,
        };
        scores
            .iter()
            .flat_map(|(id, scores)| scores.iter().enumerate().map(|(i, s)| row(id, i, *s)))
            .collect()
    }

    #[test]
    fn a_judge_is_measured_with_a_pencil() {
        let responses =
            [response("a/0", 10), response("a/1", 20), response("b/0", 30), response("b/1", 40)];
        let mut rows = judgments(&[
            ("a/0", &[1.0, 3.0, -1.0]),
            ("a/1", &[2.0, 2.0, 2.0]),
            ("b/0", &[4.0, 4.0, 4.0]),
            ("b/1", &[5.0, 4.5, -1.0]),
            ("c/0", &[-1.0, -1.0, -1.0]),
        ]);
        let found = JudgeHealth::of(&responses, &rows);
        assert_eq!((found.judgments, found.parse_rate), (15, Some(10.0 / 15.0)));
        assert_eq!((found.failures["truncated"], found.failures["no_score"]), (5, 0));
        assert_eq!((found.scored(), found.mean_score), (10, Some(31.5 / 10.0)));
        assert_eq!(found.histogram, [0, 1, 3, 1, 3, 2]);
        assert_eq!(found.one_score_share, Some(0.3));
        assert_eq!((found.tied_prompts, found.comparable_prompts), (1, 2), "both of a have 2");
        assert_eq!(found.tie_rate, Some(0.5));
        assert_eq!(found.mean_spread, Some((1.0 + 0.0 + 0.0 + 0.25) / 4.0));
        assert_eq!(found.self_agreement, Some(6.0 / 8.0));
        let ranks = pearson(&[1.5, 1.5, 3.0, 4.0], &[1.0, 2.0, 3.0, 4.0]);
        assert_eq!(found.length_correlation.spearman, ranks);
        assert!(found.length_correlation.pearson.unwrap() > 0.9);
        assert!((found.expected_correlation.pearson.unwrap() + 1.0).abs() < 1e-12);
        rows.reverse();
        assert_eq!(JudgeHealth::of(&responses, &rows), found, "the order does not matter");
    }

    #[test]
    fn a_file_of_before_some_measures_reads() {
        let mut value =
            serde_json::to_value(JudgeHealth::of(&[], &judgments(&[("a/0", &[3.0])]))).unwrap();
        for key in ["mean_score", "comparable_prompts", "tied_prompts"] {
            value.as_object_mut().unwrap().remove(key).unwrap();
        }
        let read: JudgeHealth = serde_json::from_value(value).unwrap();
        assert_eq!((read.judgments, read.mean_score, read.scored()), (1, None, 1));
    }

    #[test]
    fn spread_is_that_of_the_whole() {
        assert_eq!(deviation(&[1.0, 3.0]), Some(1.0));
        assert_eq!((deviation(&[1.0]), mean(&[]), share(0, 0)), (None, None, None));
    }

    #[test]
    fn nothing_to_measure_is_no_number() {
        let found = JudgeHealth::of(&[], &[]);
        let numbers = [
            found.parse_rate,
            found.one_score_share,
            found.tie_rate,
            found.mean_spread,
            found.self_agreement,
            found.length_correlation.spearman,
            found.expected_correlation.pearson,
        ];
        assert_eq!(numbers, [None; 7]);
        let once = JudgeHealth::of(&[], &judgments(&[("a/0", &[3.0]), ("a/1", &[-1.0])]));
        assert_eq!((once.tie_rate, once.mean_spread, once.self_agreement), (None, None, None));
        assert_eq!((once.parse_rate, once.one_score_share), (Some(0.5), Some(1.0)));
    }
}
