//! One score of a response from its several judgments.

use std::collections::BTreeMap;

use srlm_artifact::{Aggregation, JudgmentRow, scores};

/// The mean score of each response, by `response_id`.
///
/// Judgments without a score do not count, neither as 0 nor in the number that is divided by; a
/// response that has only such is `None`. The order of the rows does not matter.
///
/// # Source
/// Yuan et al. 2024: each response is judged three times and the scores are averaged.
pub fn mean_scores(rows: &[JudgmentRow]) -> BTreeMap<String, Option<f64>> {
    scores(rows, Aggregation::Mean)
}

/// The mean expected score of each response, by `response_id`; see [`mean_scores`].
///
/// # Source
/// Liu et al. 2023 (G-Eval), section 2: the score weighted by probability, which one judgment
/// suffices for.
pub fn mean_expected_scores(rows: &[JudgmentRow]) -> BTreeMap<String, Option<f64>> {
    scores(rows, Aggregation::Expected)
}

#[cfg(test)]
mod tests {
    use srlm_artifact::{JudgmentFailure, Score};

    use super::*;

    fn row((response_id, score): (&str, Option<f64>)) -> JudgmentRow {
        let score = score.map(|score| Score::new(score).unwrap());
        let failure = if score.is_none() { Some(JudgmentFailure::NoScore) } else { None };
        JudgmentRow {
            response_id: response_id.to_owned(),
            prompt_id: "p".to_owned(),
            judge_index: 0,
            score,
            rationale: String::new(),
            failure,
            seed: 0,
            expected_score: None,
            truncated: false,
        }
    }

    #[test]
    fn judgments_without_a_score_do_not_count() {
        let rows = [
            ("a", Some(2.0)),
            ("b", None),
            ("a", None),
            ("c", Some(0.1)),
            ("a", Some(3.0)),
            ("c", Some(0.2)),
        ];
        let mut rows: Vec<JudgmentRow> =
            [&rows[..], &[("c", Some(0.3))]].concat().into_iter().map(row).collect();
        let means = mean_scores(&rows);
        let expected = [("a", Some(2.5)), ("b", None)].map(|(id, mean)| (id.to_owned(), mean));
        assert_eq!(means.clone().into_iter().take(2).collect::<Vec<_>>(), expected);
        rows.reverse();
        assert_eq!(mean_scores(&rows), means);
        assert!(mean_scores(&[]).is_empty());
    }

    #[test]
    fn expected_scores_have_a_mean_of_their_own() {
        let mut rows = [("a", Some(2.0)), ("a", Some(3.0)), ("a", None), ("b", Some(4.0))].map(row);
        rows[0].expected_score = Score::new(2.5);
        rows[1].expected_score = Score::new(3.5);
        let expected = [("a", Some(3.0)), ("b", None)].map(|(id, mean)| (id.to_owned(), mean));
        assert_eq!(mean_expected_scores(&rows), BTreeMap::from(expected));
    }
}
