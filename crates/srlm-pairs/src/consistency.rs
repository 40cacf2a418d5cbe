//! How far two judges agree on the order of a prompt's candidates, and pairs weighed by it.

use std::collections::{BTreeMap, HashMap};

use srlm_artifact::PairRow;

use crate::ranked::scored;
use crate::{LabelWeights, PromptCandidates};

/// Agreement of two rankings, by prompt: 0 is the reverse order, 1 the same.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RankConsistency {
    /// `(tau + 1) / 2` of each prompt that has a rank correlation.
    pub by_prompt: BTreeMap<String, f64>,
    /// Their mean, every prompt counting the same; `None` without any.
    pub mean: Option<f64>,
    /// Prompts without a rank correlation: fewer than two responses that both judges scored, or all
    /// tied for one of them.
    pub n_undefined: u64,
}

/// Compares the scores of the same responses by the model at hand, `now`, and by the one before.
///
/// Prompts and responses are matched by their ids; what only one side has is passed over. The
/// correlation is Kendall's tau-b, which takes ties out of both sides: judges' scores are coarse
/// and often tied. No order matters, to the last bit, as long as ids differ.
///
/// # Source
/// Wang et al. 2024, "CREAM: Consistency Regularized Self-Rewarding Language Models", arXiv
/// 2410.12735. There, rewards are log-probability ratios without ties; the published code ranks
/// ties by their place, where tau-b does not. It also lines up the list of consistencies with all
/// prompts after leaving some out; here each goes by its `prompt_id`.
pub fn rank_consistency(now: &[PromptCandidates], before: &[PromptCandidates]) -> RankConsistency {
    let before: HashMap<&str, _> =
        before.iter().map(|prompt| (prompt.prompt_id.as_str(), prompt)).collect();
    let of_prompt = |prompt: &PromptCandidates| {
        let earlier = before.get(prompt.prompt_id.as_str())?;
        Some((prompt.prompt_id.clone(), (tau_b(&scored_twice(prompt, earlier))? + 1.0) / 2.0))
    };
    let by_prompt: BTreeMap<String, f64> = now.iter().filter_map(of_prompt).collect();
    let mean =
        (!by_prompt.is_empty()).then(|| by_prompt.values().sum::<f64>() / by_prompt.len() as f64);
    let n_undefined = (now.len() - by_prompt.len()) as u64;
    RankConsistency { by_prompt, mean: mean.map(|mean| mean.clamp(0.0, 1.0)), n_undefined }
}

/// Sets the label weight of each pair to the consistency of its prompt, or to the mean.
///
/// With [`LabelWeights::Prompt`] a prompt without a consistency of its own takes the mean. Without
/// a mean, which is when no prompt has one, and with [`LabelWeights::None`], the pairs stay as they
/// are.
///
/// # Source
/// CREAM (see [`rank_consistency`]) takes the mean: the loss is `C` times that of the pair plus `1
/// - C` times that of the pair turned around.
pub fn weigh(pairs: &mut [PairRow], consistency: &RankConsistency, weights: LabelWeights) {
    for pair in pairs {
        let own = consistency.by_prompt.get(&pair.prompt_id).copied();
        let weight = match weights {
            LabelWeights::None => None,
            LabelWeights::Mean => consistency.mean,
            LabelWeights::Prompt => own.or(consistency.mean),
        };
        pair.label_weight = weight.unwrap_or(pair.label_weight);
    }
}

/// Both scores of the responses that have two.
fn scored_twice(now: &PromptCandidates, before: &PromptCandidates) -> Vec<(f64, f64)> {
    let before: HashMap<&str, f64> =
        scored(&before.candidates).map(|(one, score)| (one.response_id.as_str(), score)).collect();
    scored(&now.candidates)
        .filter_map(|(one, score)| Some((score, *before.get(one.response_id.as_str())?)))
        .collect()
}

/// Kendall's tau-b, `None` where one side is all tied. Quadratic, for the few candidates of a
/// prompt.
fn tau_b(scores: &[(f64, f64)]) -> Option<f64> {
    let (mut concordance, mut untied_a, mut untied_b) = (0_i64, 0_i64, 0_i64);
    for (i, (a, b)) in scores.iter().enumerate() {
        for (other_a, other_b) in &scores[..i] {
            let [sign_a, sign_b] = [(a, other_a), (b, other_b)].map(|(x, y)| x.total_cmp(y) as i64);
            concordance += sign_a * sign_b;
            untied_a += sign_a.abs();
            untied_b += sign_b.abs();
        }
    }
    let untied = (untied_a as f64 * untied_b as f64).sqrt();
    (untied > 0.0).then(|| (concordance as f64 / untied).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use srlm_artifact::Place;

    use super::*;
    use crate::candidates::tests::prompt;
    use crate::{PairsConfig, select_pairs};

    fn judged(prompt_id: &str, scores: &[Option<f64>]) -> PromptCandidates {
        let texts = ["a", "b", "c", "d", "e"];
        let candidates: Vec<_> = texts.into_iter().zip(scores.iter().copied()).collect();
        prompt(prompt_id, &candidates)
    }

    #[test]
    fn consistency_is_that_of_a_pencil() {
        let check = |now: &[f64], before: &[f64], expected: Option<f64>| {
            let [now, before] =
                [now, before].map(|scores| scores.iter().copied().map(Some).collect::<Vec<_>>());
            let found = rank_consistency(&[judged("p", &now)], &[judged("p", &before)]);
            assert_eq!(
                (found.mean, found.by_prompt.get("p").copied()),
                (expected, expected),
                "{now:?} {before:?}"
            );
            assert_eq!(found.n_undefined, u64::from(expected.is_none()));
        };
        check(&[1.0, 2.0, 3.0], &[0.0, 4.0, 5.0], Some(1.0));
        check(&[1.0, 2.0, 3.0], &[5.0, 4.0, 0.0], Some(0.0));
        // Four of six pairs in the same order, two not: tau is 2/6.
        check(&[1.0, 2.0, 3.0, 4.0], &[2.0, 1.0, 4.0, 3.0], Some((2.0 / 6.0 + 1.0) / 2.0));
        // One tie before: 2 of the 3 pairs are untied there, and in the same order: tau-b is 2 /
        // sqrt(3 * 2).
        check(&[1.0, 2.0, 3.0], &[1.0, 1.0, 3.0], Some((2.0 / 6.0_f64.sqrt() + 1.0) / 2.0));
        check(&[1.0, 1.0], &[1.0, 2.0], None);
        check(&[1.0, 2.0], &[3.0, 3.0], None);
        check(&[1.0], &[1.0], None);
        check(&[], &[], None);
    }

    #[test]
    fn only_what_both_judged_is_compared() {
        let now = judged("p", &[Some(1.0), Some(2.0), None, Some(4.0), Some(0.0)]);
        let before = judged("p", &[Some(1.0), None, Some(0.0), Some(4.0)]);
        assert_eq!(rank_consistency(&[now], &[before]).mean, Some(1.0));
    }

    #[test]
    fn a_prompt_that_is_passed_over_does_not_move_the_others() {
        let (same, opposite) = ([Some(1.0), Some(2.0)], [Some(2.0), Some(1.0)]);
        let now = ["a", "b", "c", "d"].map(|id| judged(id, &same));
        let before =
            [judged("d", &same), judged("a", &opposite), judged("b", &[Some(1.0), Some(1.0)])];
        let found = rank_consistency(&now, &before);
        assert_eq!(found.by_prompt, BTreeMap::from([("a".to_owned(), 0.0), ("d".to_owned(), 1.0)]));
        assert_eq!((found.mean, found.n_undefined), (Some(0.5), 2));

        let mut pairs =
            select_pairs(&now, &PairsConfig::default(), Place { run_seed: 0, iteration: 1 }).pairs;
        let mut weights = |weights| {
            weigh(&mut pairs, &found, weights);
            pairs.iter().map(|pair| pair.label_weight).collect::<Vec<_>>()
        };
        assert_eq!(weights(LabelWeights::None), [1.0; 4]);
        assert_eq!(weights(LabelWeights::Prompt), [0.0, 0.5, 0.5, 1.0]);
        assert_eq!(weights(LabelWeights::Mean), [0.5; 4]);
    }

    #[test]
    fn without_any_consistency_pairs_stay_as_they_are() {
        let now = [judged("a", &[Some(1.0), Some(2.0)])];
        let mut pairs =
            select_pairs(&now, &PairsConfig::default(), Place { run_seed: 0, iteration: 1 }).pairs;
        weigh(&mut pairs, &rank_consistency(&now, &[]), LabelWeights::Prompt);
        assert_eq!(pairs[0].label_weight, 1.0);
    }
}
