//! Future-guided choice: what is chosen may come from the model that these pairs would make.

use std::collections::HashMap;

use serde::Serialize;
use srlm_artifact::PairRow;

use crate::ranked::{Ranked, ranked};
use crate::strategy::best;
use crate::{PairsConfig, PromptCandidates};

/// Put before the ids of the future model's responses, which may have the form of those that they
/// replace.
const PREFIX: &str = "future:";

/// The pairs with the better of two chosen responses, and what became of each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FutureGuided {
    /// In the order of the pairs that came in.
    pub pairs: Vec<PairRow>,
    /// How many were replaced, kept and dropped.
    pub counts: FutureCounts,
}

/// Pairs by what became of them: `pairs_given` is the sum of the counts after `pairs`, `pairs` that
/// of the first two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FutureCounts {
    /// Pairs given.
    pub pairs_given: u64,
    /// Pairs that there are now.
    pub pairs: u64,
    /// Pairs whose chosen response is the future model's.
    pub replaced: u64,
    /// Pairs as they were: the future model has no scored response to the prompt, or none that
    /// scores higher.
    pub kept: u64,
    /// Pairs dropped because the chosen response does not score higher.
    pub not_lower: u64,
    /// Pairs dropped because the future model's best is the rejected text.
    pub identical: u64,
}

/// Replaces the chosen response of a pair by the future model's best, where that one scores higher.
///
/// `future` are the future model's responses to the same prompts, judged by the model that judged
/// the pairs; `exclude_unfinished` and `length_penalty` of the settings are read. The `chosen_id`
/// is then the `response_id` behind `future:`. Dropped is what has no higher score than the
/// rejected, or its very text.
///
/// # Source
/// "Temporal Self-Rewarding Language Models", arXiv 2508.06026, future-guided chosen.
pub fn future_guided(
    pairs: Vec<PairRow>,
    future: &[PromptCandidates],
    config: &PairsConfig,
) -> FutureGuided {
    let best_of = |prompt| ranked(prompt, config, 1).ok().and_then(|all| best(&all, None));
    let best: HashMap<&str, Ranked<'_>> = future
        .iter()
        .filter_map(|prompt| Some((prompt.prompt_id.as_str(), best_of(prompt)?)))
        .collect();
    let mut guided = FutureGuided::default();
    for pair in pairs {
        let better =
            best.get(pair.prompt_id.as_str()).filter(|best| best.score > pair.score_chosen);
        guided.add(pair, better);
    }
    guided
}

impl FutureGuided {
    fn add(&mut self, mut pair: PairRow, better: Option<&Ranked<'_>>) {
        let counts = &mut self.counts;
        counts.pairs_given += 1;
        if let Some(best) = better {
            pair.chosen.clone_from(&best.candidate.response);
            pair.chosen_id = format!("{PREFIX}{}", best.candidate.response_id);
            pair.score_chosen = best.score;
        }
        let is_in_order = pair.score_chosen > pair.score_rejected;
        let is_identical = pair.chosen == pair.rejected;
        *match (is_in_order, is_identical, better) {
            (false, ..) => &mut counts.not_lower,
            (_, true, _) => &mut counts.identical,
            (.., Some(_)) => &mut counts.replaced,
            (.., None) => &mut counts.kept,
        } += 1;
        if is_in_order && !is_identical {
            counts.pairs += 1;
            self.pairs.push(pair);
        }
    }
}

#[cfg(test)]
mod tests {
    use srlm_artifact::Place;

    use super::*;
    use crate::candidates::tests::prompt;
    use crate::select_pairs;

    #[test]
    fn a_better_response_of_the_future_is_chosen() {
        let candidates = prompt("p", &[("a", Some(1.0)), ("b", Some(3.0))]);
        let place = Place { run_seed: 0, iteration: 1 };
        let pairs = select_pairs(&[candidates], &PairsConfig::default(), place).pairs;
        let check = |future: &[(&str, Option<f64>)], expected: &str| {
            let guided =
                future_guided(pairs.clone(), &[prompt("p", future)], &PairsConfig::default());
            let found = match guided.pairs.first() {
                Some(pair) => {
                    format!("{} {} over {}", pair.chosen_id, pair.score_chosen, pair.rejected_id)
                }
                None => format!("{:?}", guided.counts),
            };
            assert!(found.contains(expected), "{found} is not {expected}");
        };
        check(&[], "p/1 3 over p/0");
        check(&[("c", None)], "p/1 3 over p/0");
        check(&[("c", Some(3.0))], "p/1 3 over p/0");
        check(&[("c", Some(3.5)), ("d", Some(4.0))], "future:p/1 4 over p/0");
        check(&[("a", Some(4.0))], "identical: 1");
    }

    #[test]
    fn a_pair_that_is_not_in_order_is_dropped() {
        let pair = PairRow {
            prompt_id: "p".to_owned(),
            prompt: "Why?".into(),
            chosen: "a".to_owned(),
            rejected: "b".to_owned(),
            chosen_id: "p/0".to_owned(),
            rejected_id: "p/1".to_owned(),
            score_chosen: 2.0,
            score_rejected: 2.0,
            label_weight: 1.0,
        };
        let guided = future_guided(vec![pair.clone()], &[], &PairsConfig::default());
        assert_eq!((guided.pairs.len(), guided.counts.not_lower), (0, 1));
        let guided =
            future_guided(vec![pair], &[prompt("p", &[("c", Some(2.5))])], &PairsConfig::default());
        assert_eq!((guided.pairs.len(), guided.counts.replaced), (1, 1));
    }
}
