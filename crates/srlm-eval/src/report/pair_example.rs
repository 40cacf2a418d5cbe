//! A few pairs to read: chance ones, and the two ends of the judge's certainty.

use std::collections::HashMap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use srlm_artifact::{JudgmentRow, PairRow};

use crate::bootstrap::draw_below;

/// Pairs drawn by chance.
const N_RANDOM: usize = 3;

/// A pair with what the judge said of both sides.
#[derive(Clone, Debug, PartialEq)]
pub struct PairExample {
    /// Why it is shown, such as `largest gap`.
    pub why: &'static str,
    /// The pair.
    pub pair: PairRow,
    /// Judgments of the chosen response.
    pub chosen: Vec<JudgmentRow>,
    /// Judgments of the rejected response.
    pub rejected: Vec<JudgmentRow>,
}

/// Chooses the pairs of the largest and smallest score gap, and three of the others by `seed`.
pub fn pair_examples(pairs: &[PairRow], judgments: &[JudgmentRow], seed: u64) -> Vec<PairExample> {
    let gap = |&i: &usize| pairs[i].score_chosen - pairs[i].score_rejected;
    let mut rest: Vec<usize> = (0..pairs.len()).collect();
    rest.sort_by(|i, j| gap(j).total_cmp(&gap(i)));
    let mut chosen = Vec::new();
    if rest.len() > 1 {
        chosen.extend(rest.pop().map(|i| (i, "smallest gap")));
    }
    if !rest.is_empty() {
        chosen.push((rest.remove(0), "largest gap"));
    }
    chosen.reverse();
    // Back in the artifact's order, so that the draw does not depend on how equal gaps were sorted.
    rest.sort_unstable();
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut random = Vec::new();
    while random.len() < N_RANDOM && !rest.is_empty() {
        random.push((rest.swap_remove(draw_below(&mut generator, rest.len())), "random"));
    }
    let judgments_of = judgments_by_response(judgments);
    let judgments_of = |id: &str| judgments_of.get(id).into_iter().flatten().map(|&row| row.clone()).collect();
    let example = |(i, why): (usize, &'static str)| PairExample {
        why,
        chosen: judgments_of(&pairs[i].chosen_id),
        rejected: judgments_of(&pairs[i].rejected_id),
        pair: pairs[i].clone(),
    };
    random.into_iter().chain(chosen).map(example).collect()
}

fn judgments_by_response(judgments: &[JudgmentRow]) -> HashMap<&str, Vec<&JudgmentRow>> {
    let mut by_response: HashMap<&str, Vec<&JudgmentRow>> = HashMap::new();
    for judgment in judgments {
        by_response.entry(&judgment.response_id).or_default().push(judgment);
    }
    by_response
}

#[cfg(test)]
mod tests {
    use srlm_artifact::Prompt;

    use super::*;

    fn pairs(gaps: &[f64]) -> Vec<PairRow> {
        let pair = |(i, gap): (usize, &f64)| PairRow {
            prompt_id: format!("p{i}"),
            prompt: Prompt::user("?"),
            chosen: "a".to_owned(),
            rejected: "b".to_owned(),
            chosen_id: format!("p{i}/0"),
            rejected_id: format!("p{i}/1"),
            score_chosen: *gap,
            score_rejected: 0.0,
            label_weight: 1.0,
        };
        gaps.iter().enumerate().map(pair).collect()
    }

    fn chosen(gaps: &[f64], seed: u64) -> Vec<(String, &'static str)> {
        pair_examples(&pairs(gaps), &[], seed)
            .into_iter()
            .map(|example| (example.pair.prompt_id, example.why))
            .collect()
    }

    #[test]
    fn the_ends_are_shown_once_and_the_rest_by_seed() {
        let found = chosen(&[1.0, 3.0, 2.0, 0.5, 2.5, 1.5, 1.2], 7);
        let whys: Vec<_> = found.iter().map(|example| example.1).collect();
        assert_eq!(whys, ["random", "random", "random", "largest gap", "smallest gap"]);
        assert_eq!((found[3].0.as_str(), found[4].0.as_str()), ("p1", "p3"));
        let mut ids: Vec<_> = found.iter().map(|example| &example.0).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 5);
        assert_eq!(found, chosen(&[1.0, 3.0, 2.0, 0.5, 2.5, 1.5, 1.2], 7));
    }

    #[test]
    fn few_pairs_are_shown_once_each() {
        assert_eq!(chosen(&[], 0), []);
        assert_eq!(chosen(&[1.0], 0), [("p0".to_owned(), "largest gap")]);
        assert_eq!(chosen(&[1.0, 2.0, 3.0], 0).len(), 3);
    }
}
