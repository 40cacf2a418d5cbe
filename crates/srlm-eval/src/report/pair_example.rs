//! Pairs to read: chance ones, and those where the judge was surest, least sure, or chose the
//! least.

use std::collections::{HashMap, HashSet};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use srlm_artifact::{JudgmentRow, PairRow};

use crate::bootstrap::draw_below;

/// Pairs drawn by chance.
const N_RANDOM: usize = 5;
/// Pairs of each extreme.
const N_EXTREME: usize = 2;

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

/// Chooses five pairs by `seed`, then two each of the largest gap, the smallest gap and the worst
/// chosen response by its score; each pair once.
pub fn pair_examples(pairs: &[PairRow], judgments: &[JudgmentRow], seed: u64) -> Vec<PairExample> {
    let gap = |i: usize| pairs[i].score_chosen - pairs[i].score_rejected;
    let mut taken = HashSet::new();
    let mut extreme =
        |why: &'static str, value: &dyn Fn(usize) -> f64| -> Vec<(usize, &'static str)> {
            let mut order: Vec<usize> = (0..pairs.len()).filter(|i| !taken.contains(i)).collect();
            order.sort_by(|&i, &j| value(i).total_cmp(&value(j)));
            order.truncate(N_EXTREME);
            taken.extend(order.iter().copied());
            order.into_iter().map(|i| (i, why)).collect()
        };
    let mut extremes = extreme("largest gap", &|i| -gap(i));
    extremes.extend(extreme("smallest gap", &gap));
    extremes.extend(extreme("worst chosen", &|i| pairs[i].score_chosen));
    let mut rest: Vec<usize> = (0..pairs.len()).filter(|i| !taken.contains(i)).collect();
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut random = Vec::new();
    while random.len() < N_RANDOM && !rest.is_empty() {
        random.push((rest.swap_remove(draw_below(&mut generator, rest.len())), "random"));
    }
    let judgments_of = judgments_by_response(judgments);
    let judgments_of =
        |id: &str| judgments_of.get(id).into_iter().flatten().map(|&row| row.clone()).collect();
    let example = |(i, why): (usize, &'static str)| PairExample {
        why,
        chosen: judgments_of(&pairs[i].chosen_id),
        rejected: judgments_of(&pairs[i].rejected_id),
        pair: pairs[i].clone(),
    };
    random.into_iter().chain(extremes).map(example).collect()
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

    fn pairs(scores: &[(f64, f64)]) -> Vec<PairRow> {
        let pair = |(i, (chosen, rejected)): (usize, &(f64, f64))| PairRow {
            prompt_id: format!("p{i}"),
            prompt: Prompt::user("?"),
            chosen: "a".to_owned(),
            rejected: "b".to_owned(),
            chosen_id: format!("p{i}/0"),
            rejected_id: format!("p{i}/1"),
            score_chosen: *chosen,
            score_rejected: *rejected,
            label_weight: 1.0,
        };
        scores.iter().enumerate().map(pair).collect()
    }

    fn chosen(scores: &[(f64, f64)], seed: u64) -> Vec<(String, &'static str)> {
        let examples = pair_examples(&pairs(scores), &[], seed);
        examples.into_iter().map(|example| (example.pair.prompt_id, example.why)).collect()
    }

    #[test]
    fn the_ends_are_shown_once_and_the_rest_by_seed() {
        let mut scores = vec![(5.0, 0.0), (4.0, 3.9), (0.5, 0.1)];
        scores.extend((0..17).map(|i| (4.0, 1.0 + f64::from(i) / 10.0)));
        let found = chosen(&scores, 7);
        let whys: Vec<_> = found.iter().map(|example| example.1).collect();
        let expected = [
            ["random"; 5].as_slice(),
            &["largest gap"; 2],
            &["smallest gap"; 2],
            &["worst chosen"; 2],
        ]
        .concat();
        assert_eq!(whys, expected);
        assert_eq!((found[5].0.as_str(), found[7].0.as_str()), ("p0", "p1"));
        let ids: HashSet<_> = found.iter().map(|example| &example.0).collect();
        assert_eq!(ids.len(), found.len());
        assert_eq!(found, chosen(&scores, 7));
    }

    #[test]
    fn few_pairs_are_shown_once_each() {
        assert_eq!(chosen(&[], 0), []);
        assert_eq!(chosen(&[(1.0, 0.0)], 0), [("p0".to_owned(), "largest gap")]);
        assert_eq!(chosen(&[(1.0, 0.0), (2.0, 0.0), (3.0, 0.0)], 0).len(), 3);
    }
}
