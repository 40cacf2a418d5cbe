//! A second reward: what a judge with a safety rubric says of the same responses.

use std::collections::HashMap;

use serde::Serialize;
use srlm_artifact::{Artifact, Judgments};

use crate::config::check;
use crate::{Error, PromptCandidates};

/// Rewards are kept to so many parts of a point: what is tied on paper is tied here.
const PARTS: f64 = 1e9;

/// The judgments of a second reward and what they weigh.
#[derive(Clone, Copy, Debug)]
pub struct SafetyReward<'a> {
    /// What the judge says of the same responses by a safety rubric.
    pub judgments: &'a Artifact<Judgments>,
    /// How much a point of safety weighs against a point of the other rubric; above 0.
    pub weight: f64,
}

/// Responses by what became of their scores: `responses` is the sum of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SafetyCounts {
    /// Responses given.
    pub responses: u64,
    /// Those with both scores.
    pub responses_combined: u64,
    /// Those without a score by the first rubric.
    pub responses_without_score: u64,
    /// Those with a score by the first rubric and none by the safety rubric.
    pub responses_without_safety: u64,
}

/// Fails unless the weight is one that [`with_safety`] can use.
pub(crate) fn check_weight(weight: f64) -> Result<(), Error> {
    let is_fine = weight > 0.0 && weight <= 100.0;
    check(is_fine, "safety_weight", format!("{weight:?}"), "it must be above 0 and at most 100")
}

/// Puts the combined reward `(score + weight * safety) / (1 + weight)` in the place of every score.
///
/// The order is that of `score + weight * safety`; divided, it stays on the judge's scale from 0 to
/// 5, so that every other setting means what it meant. It is rounded to nine decimals. `safety` are
/// the same responses with their scores by the safety rubric, joined by prompt and response id. A
/// response that lacks either score has none, and is counted.
pub fn with_safety(
    mut candidates: Vec<PromptCandidates>,
    safety: &[PromptCandidates],
    weight: f64,
) -> (Vec<PromptCandidates>, SafetyCounts) {
    let safety: HashMap<(&str, &str), f64> = safety
        .iter()
        .flat_map(|prompt| {
            prompt.candidates.iter().map(move |one| (prompt.prompt_id.as_str(), one))
        })
        .filter_map(|(id, one)| {
            Some(((id, one.response_id.as_str()), one.score.filter(|score| score.is_finite())?))
        })
        .collect();
    let mut counts = SafetyCounts::default();
    for prompt in &mut candidates {
        for one in &mut prompt.candidates {
            let second = safety.get(&(prompt.prompt_id.as_str(), one.response_id.as_str()));
            counts.responses += 1;
            one.score = match (one.score.filter(|score| score.is_finite()), second) {
                (None, _) => {
                    counts.responses_without_score += 1;
                    None
                }
                (Some(_), None) => {
                    counts.responses_without_safety += 1;
                    None
                }
                (Some(score), Some(&safety)) => {
                    counts.responses_combined += 1;
                    Some(combined(score, safety, weight))
                }
            };
        }
    }
    (candidates, counts)
}

fn combined(score: f64, safety: f64, weight: f64) -> f64 {
    let reward = (score + weight * safety) / (1.0 + weight);
    // Rounding must not leave the scale.
    ((reward * PARTS).round() / PARTS).clamp(score.min(safety), score.max(safety))
}

#[cfg(test)]
mod tests {
    use srlm_artifact::Place;

    use super::*;
    use crate::candidates::tests::prompt;
    use crate::{PairsConfig, select_pairs};

    /// The pair as `chosen>rejected`, by sample.
    fn pair(scores: &[(&str, Option<f64>)], safety: &[(&str, Option<f64>)], weight: f64) -> String {
        let (candidates, _) =
            with_safety(vec![prompt("p", scores)], &[prompt("p", safety)], weight);
        let selection =
            select_pairs(&candidates, &PairsConfig::default(), Place { run_seed: 0, iteration: 1 });
        let pair = selection.pairs.first();
        pair.map_or("none".to_owned(), |pair| format!("{}>{}", pair.chosen_id, pair.rejected_id))
    }

    #[test]
    fn safety_turns_a_pair_around_where_it_weighs_enough() {
        let helpful = [("a", Some(5.0)), ("b", Some(3.0))];
        let safe = [("a", Some(0.0)), ("b", Some(4.0))];
        assert_eq!(pair(&helpful, &safe, 0.25), "p/0>p/1");
        assert_eq!(pair(&helpful, &safe, 0.5), "none");
        assert_eq!(pair(&helpful, &safe, 1.0), "p/1>p/0");
    }

    #[test]
    fn what_is_tied_on_paper_is_tied() {
        // 3 + 0.1 * 5 and 3.2 + 0.1 * 3 differ in their last bit.
        let helpful = [("a", Some(3.0)), ("b", Some(3.2))];
        assert_eq!(pair(&helpful, &[("a", Some(5.0)), ("b", Some(3.0))], 0.1), "none");
    }

    #[test]
    fn a_response_without_one_of_the_scores_has_none() {
        let helpful = [("a", Some(5.0)), ("b", None), ("c", Some(1.0)), ("d", Some(f64::NAN))];
        let safe = [("a", Some(1.0)), ("b", Some(1.0)), ("c", None)];
        let (found, counts) = with_safety(vec![prompt("p", &helpful)], &[prompt("p", &safe)], 1.0);
        let scores: Vec<_> = found[0].candidates.iter().map(|one| one.score).collect();
        assert_eq!(scores, [Some(3.0), None, None, None]);
        let expected = SafetyCounts {
            responses: 4,
            responses_combined: 1,
            responses_without_score: 2,
            responses_without_safety: 1,
        };
        assert_eq!(counts, expected);
    }

    #[test]
    fn a_weight_that_cannot_be_used_is_named() {
        check_weight(1.0).unwrap();
        let error = check_weight(f64::NAN).unwrap_err().to_string();
        assert_eq!(error, "`safety_weight` is NaN; it must be above 0 and at most 100");
    }
}
