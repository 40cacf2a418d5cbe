//! One score of a response from its several judgments.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{JudgmentRow, Score};

/// How the judgments of a response become its score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregation {
    /// The mean of the scores, as the paper takes it.
    #[default]
    Mean,
    /// The middle score, or the mean of the two in the middle: one odd judgment does not move it.
    Median,
    /// The most frequent score, or the mean of those that are equally frequent.
    Majority,
    /// The mean of the expected scores.
    Expected,
}

/// The score of a response from its judgments, in any order; the result is the same to the last
/// bit.
///
/// A judgment without a score counts for nothing; under [`Aggregation::Expected`] one without an
/// `expected_score` does, and its plain score is not taken instead: the two are not on one scale.
/// `None` where nothing counts. The result is never outside of what it is made from, so it is from
/// 0 to 5.
///
/// # Source
/// Mean: Yuan et al. 2024, "Self-Rewarding Language Models". Expected: Liu et al. 2023, "G-Eval",
/// which weighs each score with its probability. Median and majority are ours.
pub fn aggregate<'a>(
    aggregation: Aggregation,
    judgments: impl IntoIterator<Item = &'a JudgmentRow>,
) -> Option<f64> {
    let score = |row: &JudgmentRow| match aggregation {
        Aggregation::Expected => row.expected_score,
        _ => row.score,
    };
    let mut scores: Vec<f64> = judgments.into_iter().filter_map(score).map(Score::get).collect();
    scores.sort_unstable_by(f64::total_cmp);
    match aggregation {
        Aggregation::Mean | Aggregation::Expected => mean(&scores),
        Aggregation::Median => mean(middle(&scores)),
        Aggregation::Majority => mean(&most_frequent(&scores)),
    }
}

/// The score of each response, by `response_id`; see [`aggregate`]. The order of the rows does not
/// matter.
pub fn scores(rows: &[JudgmentRow], aggregation: Aggregation) -> BTreeMap<String, Option<f64>> {
    let mut judged: BTreeMap<&str, Vec<&JudgmentRow>> = BTreeMap::new();
    rows.iter().for_each(|row| judged.entry(&row.response_id).or_default().push(row));
    judged.into_iter().map(|(id, rows)| (id.to_owned(), aggregate(aggregation, rows))).collect()
}

/// The mean of sorted scores.
fn mean(scores: &[f64]) -> Option<f64> {
    let (lowest, highest) = (*scores.first()?, *scores.last()?);
    let sum: f64 = scores.iter().sum();
    // Rounding lifts the mean of 3.7, 3.7 and 3.7 above 3.7, and what is tied with a single 3.7
    // would become a pair.
    Some((sum / scores.len() as f64).clamp(lowest, highest))
}

/// The one score in the middle, or the two.
fn middle(scores: &[f64]) -> &[f64] {
    let half = scores.len() / 2;
    match scores.len() {
        0 => scores,
        n if n % 2 == 1 => &scores[half..=half],
        _ => &scores[half - 1..=half],
    }
}

/// One of each score that no other outnumbers.
fn most_frequent(scores: &[f64]) -> Vec<f64> {
    let most = scores.chunk_by(|a, b| a == b).map(<[f64]>::len).max();
    scores
        .chunk_by(|a, b| a == b)
        .filter(|same| Some(same.len()) == most)
        .map(|same| same[0])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::JudgmentFailure;

    fn judgment(score: Option<f64>, expected: Option<f64>) -> JudgmentRow {
        JudgmentRow {
            response_id: "p/0".to_owned(),
            prompt_id: "p".to_owned(),
            judge_index: 0,
            score: score.and_then(Score::new),
            rationale: String::new(),
            failure: score.is_none().then_some(JudgmentFailure::NoScore),
            seed: 0,
            expected_score: expected.and_then(Score::new),
            truncated: false,
        }
    }

    fn check(aggregation: Aggregation, scores: &[Option<f64>], expected: Option<f64>) {
        let mut rows: Vec<_> = scores.iter().map(|score| judgment(*score, None)).collect();
        let step = rows.len().min(1);
        for _ in 0..=rows.len() {
            assert_eq!(aggregate(aggregation, &rows), expected, "{aggregation:?} of {scores:?}");
            rows.rotate_left(step);
        }
    }

    #[test]
    fn scores_that_there_are_become_one() {
        use Aggregation::{Majority, Mean, Median};
        for aggregation in [Mean, Median, Majority] {
            check(aggregation, &[], None);
            check(aggregation, &[None, None], None);
            check(aggregation, &[Some(3.0)], Some(3.0));
            check(aggregation, &[None, Some(0.0), Some(0.0)], Some(0.0));
            check(aggregation, &[Some(5.0), Some(5.0), Some(5.0)], Some(5.0));
            check(aggregation, &[Some(3.0), None, Some(4.0)], Some(3.5));
            check(aggregation, &[Some(3.7), Some(3.7), Some(3.7)], Some(3.7));
        }
        check(Mean, &[Some(0.0), Some(0.0), Some(1.0)], Some(1.0 / 3.0));
        check(Median, &[Some(0.0), Some(5.0), Some(4.0)], Some(4.0));
        check(Median, &[Some(0.0), Some(5.0), Some(4.0), Some(1.0)], Some(2.5));
        check(Majority, &[Some(1.0), Some(4.0), Some(4.0), Some(5.0)], Some(4.0));
        check(Majority, &[Some(1.0), Some(1.0), Some(4.0), Some(4.0), Some(5.0)], Some(2.5));
        check(Majority, &[Some(1.0), Some(2.0), Some(5.0), None], Some(8.0 / 3.0));
    }

    #[test]
    fn the_order_of_a_sum_does_not_show() {
        assert_ne!((0.1 + 0.2) + 0.3, (0.3 + 0.2) + 0.1);
        check(Aggregation::Mean, &[Some(0.3), Some(0.2), Some(0.1)], Some((0.1 + 0.2 + 0.3) / 3.0));
    }

    #[test]
    fn only_expected_scores_have_a_mean_of_expected_scores() {
        let rows = [
            judgment(Some(5.0), Some(4.25)),
            judgment(Some(1.0), None),
            judgment(None, Some(3.75)),
        ];
        assert_eq!(aggregate(Aggregation::Expected, &rows), Some(4.0));
        assert_eq!(aggregate(Aggregation::Expected, &rows[1..2]), None);
        assert_eq!(aggregate(Aggregation::Mean, &rows), Some(3.0));
    }

    #[test]
    fn settings_name_them_in_snake_case() {
        let read: [Aggregation; 4] =
            serde_json::from_str(r#"["mean","median","majority","expected"]"#).unwrap();
        use Aggregation::{Expected, Majority, Mean, Median};
        assert_eq!(read, [Mean, Median, Majority, Expected]);
    }
}
