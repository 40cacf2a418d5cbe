//! How well a judge orders responses as people do, beside preferring the longer response.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use crate::bootstrap::draw_below;
use crate::group_measures::{GroupMeasures, OrderMeasures, measure};
use crate::{Bootstrap, Estimate};

/// A response that people ranked and the judge may have scored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RankedResponse {
    /// Place among the prompt's responses by human order; 0 is best. Equal ranks are a human tie.
    pub human_rank: u32,
    /// The judge's mean score, `None` where it gave none that can be read.
    pub mean_score: Option<f64>,
    /// Length of the response in characters.
    pub n_characters: u64,
}

/// The ranked responses to one prompt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RankedGroup {
    /// The prompt, which is also the cluster of the bootstrap.
    pub prompt_id: String,
    /// Two or more; a group without two different human ranks has no order to agree with and is
    /// left out.
    pub responses: Vec<RankedResponse>,
}

/// The five measures of one way to order responses. `None` where nothing could be measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measures {
    /// Share of human-ordered pairs that are ordered the same way. A tie is a disagreement.
    pub pairwise_accuracy: Option<Estimate>,
    /// The same with tied pairs left out: flattering to an order with many ties, so never shown
    /// alone.
    pub untied_pairwise_accuracy: Option<Estimate>,
    /// Share of human-ordered pairs that are tied.
    pub tie_rate: Option<Estimate>,
    /// Share of groups whose whole order is the human one.
    pub exact_match: Option<Estimate>,
    /// Of the responses given a perfect 5, the share that people ranked first. For lengths: of the
    /// longest ones.
    pub five_best: Option<Estimate>,
    /// Mean over groups of Spearman's rho; groups where it is undefined are left out.
    pub spearman: Option<Estimate>,
    /// Mean over groups of Kendall's tau-b; groups where it is undefined are left out.
    pub kendall_tau_b: Option<Estimate>,
}

/// A judge against human ranks.
///
/// Pairs with an unscored response are left out of the pairwise and correlation measures, of the
/// judge and of the length baseline alike, and counted. A group with an unscored response is never
/// an exact match of the judge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// Groups with at least two different human ranks.
    pub n_groups: u64,
    /// Human-ordered pairs in them.
    pub n_pairs: u64,
    /// Those with an unscored response.
    pub n_unscored_pairs: u64,
    /// Responses in the groups.
    pub n_responses: u64,
    /// Those without a score.
    pub n_unscored: u64,
    /// Groups where every scored response has the same score: no correlation is defined there.
    pub n_undefined_groups: u64,
    /// The judge.
    pub judge: Measures,
    /// Preferring the longer response, on the same pairs and groups.
    pub length_baseline: Measures,
    /// An order drawn at random, without ties: what is expected of it, on the same pairs and
    /// groups. Unknown in evaluations of before it was measured.
    #[serde(default)]
    pub random_baseline: Measures,
    /// The judge's own scores, dealt to the responses at random: what its ties, its failures and
    /// its favorite numbers alone would reach. The mean over permutations, and the interval that
    /// holds `level` of them.
    #[serde(default)]
    pub shuffled_baseline: Measures,
    /// Pairwise accuracy of the judge less that of the baseline; resampled together, so shared luck
    /// cancels.
    pub pairwise_advantage: Option<Estimate>,
}

impl Agreement {
    /// Whether the judge orders pairs better than length does, beyond what chance among prompts
    /// explains.
    pub fn beats_length(&self) -> bool {
        self.pairwise_advantage.is_some_and(|advantage| advantage.low > 0.0)
    }
}

/// Measures a judge's scores against human ranks, with intervals by bootstrap over prompts.
///
/// # Source
/// Yuan et al. 2024, section 2.4 and table 4; the baselines and the handling of ties are ours.
pub fn agreement(groups: &[RankedGroup], bootstrap: &Bootstrap) -> Agreement {
    let trees: Vec<&[RankedGroup]> = groups.chunks(1).collect();
    agreement_in_trees(&trees, bootstrap)
}

/// The same where groups depend on each other: those of one tree are drawn together.
pub fn agreement_in_trees(trees: &[&[RankedGroup]], bootstrap: &Bootstrap) -> Agreement {
    let measured = measure_trees(trees);
    let total = |count: fn(&GroupMeasures) -> u64| measured.iter().flatten().map(count).sum();
    let summarize = |order: Order| {
        measures(|part| {
            bootstrap
                .estimate(&measured, |trees| ratio(trees.iter().copied().flatten(), order, part))
        })
    };
    Agreement {
        n_groups: measured.iter().flatten().count() as u64,
        n_pairs: total(|group| group.n_pairs),
        n_unscored_pairs: total(|group| group.n_pairs - group.n_scored_pairs),
        n_responses: total(|group| group.n_responses),
        n_unscored: total(|group| group.n_unscored),
        n_undefined_groups: total(|group| u64::from(group.judge.spearman.is_none())),
        judge: summarize(JUDGE),
        length_baseline: summarize(|group| &group.length),
        random_baseline: summarize(|group| &group.random),
        shuffled_baseline: shuffled(trees, bootstrap),
        pairwise_advantage: bootstrap.estimate(&measured, |trees| {
            let groups = || trees.iter().copied().flatten();
            let sum = |count: fn(&GroupMeasures) -> f64| groups().map(count).sum::<f64>();
            let n_pairs = sum(|group| group.n_scored_pairs as f64);
            (n_pairs > 0.0)
                .then(|| sum(|group| group.judge.n_agree - group.length.n_agree) / n_pairs)
        }),
    }
}

/// The groups that have a human order, by tree.
fn measure_trees(trees: &[&[RankedGroup]]) -> Vec<Vec<GroupMeasures>> {
    let tree = |groups: &&[RankedGroup]| {
        groups.iter().filter_map(|group| measure(&group.responses)).collect()
    };
    trees.iter().map(tree).filter(|groups: &Vec<_>| !groups.is_empty()).collect()
}

type Order = fn(&GroupMeasures) -> &OrderMeasures;
const JUDGE: Order = |group| &group.judge;

/// What a group adds to the numerator and the denominator of a measure.
type Part = fn(&GroupMeasures, &OrderMeasures) -> (f64, f64);

fn measures(mut estimate: impl FnMut(Part) -> Option<Estimate>) -> Measures {
    Measures {
        pairwise_accuracy: estimate(|group, order| (order.n_agree, group.n_scored_pairs as f64)),
        untied_pairwise_accuracy: estimate(|group, order| {
            (order.n_agree, group.n_scored_pairs as f64 - order.n_tied)
        }),
        tie_rate: estimate(|group, order| (order.n_tied, group.n_scored_pairs as f64)),
        exact_match: estimate(|_, order| (order.exact, 1.0)),
        five_best: estimate(|_, order| (order.n_top_and_best, order.n_top)),
        spearman: estimate(|_, order| defined_part(order.spearman)),
        kendall_tau_b: estimate(|_, order| defined_part(order.kendall_tau_b)),
    }
}

fn defined_part(value: Option<f64>) -> (f64, f64) {
    value.map_or((0.0, 0.0), |value| (value, 1.0))
}

fn ratio<'a>(
    groups: impl Iterator<Item = &'a GroupMeasures>,
    order: Order,
    part: Part,
) -> Option<f64> {
    let parts = groups.map(|group| part(group, order(group)));
    let (part, whole) = parts.fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
    (whole > 0.0).then(|| part / whole)
}

/// The judge's measures after its scores are dealt anew among the responses that have one.
fn shuffled(trees: &[&[RankedGroup]], bootstrap: &Bootstrap) -> Measures {
    let mut generator = ChaCha8Rng::seed_from_u64(bootstrap.seed);
    let mut groups: Vec<RankedGroup> = trees.iter().copied().flatten().cloned().collect();
    let dealt: Vec<Vec<GroupMeasures>> = (0..N_PERMUTATIONS)
        .map(|_| {
            deal(&mut groups, &mut generator);
            groups.iter().filter_map(|group| measure(&group.responses)).collect()
        })
        .collect();
    measures(|part| {
        bootstrap
            .spread(dealt.iter().filter_map(|groups| ratio(groups.iter(), JUDGE, part)).collect())
    })
}

/// Enough for a mean that is known to a hundredth, few enough to cost no more than a bootstrap.
const N_PERMUTATIONS: usize = 500;

/// Permutes the scores (Fisher and Yates); responses without one keep none.
fn deal(groups: &mut [RankedGroup], generator: &mut ChaCha8Rng) {
    let mut scores: Vec<&mut f64> = groups
        .iter_mut()
        .flat_map(|group| &mut group.responses)
        .filter_map(|r| r.mean_score.as_mut())
        .collect();
    for i in (1..scores.len()).rev() {
        let j = draw_below(generator, i + 1);
        if i != j {
            let (left, right) = scores.split_at_mut(i);
            std::mem::swap(&mut *left[j], &mut *right[0]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn group(prompt_id: &str, responses: &[(u32, Option<f64>, u64)]) -> RankedGroup {
        let response = |&(human_rank, mean_score, n_characters): &_| RankedResponse {
            human_rank,
            mean_score,
            n_characters,
        };
        RankedGroup {
            prompt_id: prompt_id.to_owned(),
            responses: responses.iter().map(response).collect(),
        }
    }

    fn value(estimate: Option<Estimate>) -> Option<f64> {
        estimate.map(|estimate| estimate.value)
    }

    fn measure_all(groups: &[RankedGroup]) -> Agreement {
        agreement(groups, &Bootstrap { n_resamples: 100, ..Bootstrap::default() })
    }

    #[test]
    fn a_case_to_check_with_a_pencil() {
        // Pairs by human order: a>b, a>c, b>c. The judge ties b and c; length has a and b the wrong
        // way round.
        let found = measure_all(&[
            group("p1", &[(0, Some(5.0), 20), (1, Some(2.0), 30), (2, Some(2.0), 10)]),
            group("p2", &[(0, Some(1.0), 50), (1, Some(5.0), 40)]),
        ]);
        assert_eq!((found.n_groups, found.n_pairs, found.n_unscored), (2, 4, 0));
        assert_eq!(value(found.judge.pairwise_accuracy), Some(0.5));
        assert_eq!(value(found.judge.untied_pairwise_accuracy), Some(2.0 / 3.0));
        assert_eq!(value(found.judge.tie_rate), Some(0.25));
        assert_eq!(value(found.judge.exact_match), Some(0.0));
        assert_eq!(value(found.judge.five_best), Some(0.5));
        assert_eq!(value(found.length_baseline.pairwise_accuracy), Some(0.75));
        assert_eq!(value(found.length_baseline.exact_match), Some(0.5));
        assert_eq!(value(found.length_baseline.five_best), Some(0.5));
        assert_eq!(value(found.random_baseline.pairwise_accuracy), Some(0.5));
        assert_eq!(value(found.random_baseline.exact_match), Some((1.0 / 6.0 + 1.0 / 2.0) / 2.0));
        assert_eq!(value(found.random_baseline.five_best), Some((1.0 / 3.0 + 1.0 / 2.0) / 2.0));
        assert_eq!(value(found.random_baseline.kendall_tau_b), Some(0.0));
        assert_eq!(value(found.pairwise_advantage), Some(-0.25));
        assert!(!found.beats_length());
    }

    #[test]
    fn shuffled_scores_reach_what_the_judges_ties_leave() {
        // Half of the scores are 1, half are 5: two random ones tie about half of the time, else
        // are right half.
        let groups: Vec<_> = (0..40)
            .map(|i| group(&i.to_string(), &[(0, Some(5.0), 1), (1, Some(1.0), 2)]))
            .collect();
        let found = measure_all(&groups);
        assert_eq!(value(found.judge.pairwise_accuracy), Some(1.0));
        let shuffled = found.shuffled_baseline;
        let near = |estimate: Option<Estimate>, expected: f64| {
            (value(estimate).unwrap() - expected).abs() < 0.02
        };
        assert!(near(shuffled.tie_rate, 39.0 / 79.0), "{shuffled:?}");
        assert!(
            near(shuffled.pairwise_accuracy, 20.0 / 79.0) && near(shuffled.five_best, 0.5),
            "{shuffled:?}"
        );
        assert!(!shuffled.pairwise_accuracy.unwrap().covers(1.0));
    }

    #[test]
    fn groups_of_one_tree_are_drawn_together() {
        let right = group("r", &[(0, Some(5.0), 1), (1, Some(1.0), 2)]);
        let wrong = group("w", &[(0, Some(1.0), 1), (1, Some(5.0), 2)]);
        let alone: Vec<_> =
            (0..20).map(|i| if i < 10 { right.clone() } else { wrong.clone() }).collect();
        let trees: Vec<&[RankedGroup]> = alone.chunks(5).collect();
        let bootstrap = Bootstrap { n_resamples: 400, ..Bootstrap::default() };
        let width =
            |found: &Agreement| found.judge.pairwise_accuracy.map(|e| e.high - e.low).unwrap();
        let (apart, together) =
            (agreement(&alone, &bootstrap), agreement_in_trees(&trees, &bootstrap));
        assert_eq!(value(apart.judge.pairwise_accuracy), value(together.judge.pairwise_accuracy));
        assert!(width(&together) > 1.5 * width(&apart), "{} {}", width(&together), width(&apart));
    }

    #[test]
    fn an_unscored_response_is_counted_and_never_compared() {
        let found =
            measure_all(&[group("p1", &[(0, Some(5.0), 20), (1, None, 30), (2, Some(2.0), 10)])]);
        assert_eq!((found.n_pairs, found.n_unscored_pairs, found.n_unscored), (3, 2, 1));
        assert_eq!(value(found.judge.pairwise_accuracy), Some(1.0));
        assert_eq!(value(found.judge.exact_match), Some(0.0));
        let nothing = measure_all(&[group("p1", &[(0, None, 20), (1, None, 30)])]);
        assert_eq!((nothing.judge.pairwise_accuracy, nothing.pairwise_advantage), (None, None));
        assert_eq!(value(nothing.judge.exact_match), Some(0.0));
    }

    #[test]
    fn a_constant_judge_agrees_with_nobody() {
        let found =
            measure_all(&[group("p", &[(0, Some(4.0), 1), (1, Some(4.0), 2), (2, Some(4.0), 3)])]);
        assert_eq!(value(found.judge.pairwise_accuracy), Some(0.0));
        assert_eq!(value(found.judge.tie_rate), Some(1.0));
        assert_eq!((found.judge.untied_pairwise_accuracy, found.judge.spearman), (None, None));
        assert_eq!(found.n_undefined_groups, 1);
    }

    #[test]
    fn a_group_without_human_order_is_left_out() {
        let found = measure_all(&[
            group("p", &[(0, Some(4.0), 1), (0, Some(1.0), 2)]),
            group("q", &[(0, Some(1.0), 1)]),
        ]);
        assert_eq!((found.n_groups, found.n_pairs), (0, 0));
        assert_eq!(found.judge, Measures::default());
    }

    #[test]
    fn longer_answers_win_two_thirds_of_real_human_comparisons() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../shared/data/oasst_en100/ranked_groups.jsonl"
        );
        let Ok(text) = std::fs::read_to_string(path) else { return };
        let groups = text.lines().map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            let replies = row["replies"].as_array().unwrap().iter().map(|reply| {
                let n_characters = reply["text"].as_str().unwrap().chars().count() as u64;
                RankedResponse {
                    human_rank: reply["rank"].as_u64().unwrap() as u32,
                    mean_score: Some(0.0),
                    n_characters,
                }
            });
            RankedGroup {
                prompt_id: row["id"].as_str().unwrap().to_owned(),
                responses: replies.collect(),
            }
        });
        let found = measure_all(&groups.collect::<Vec<_>>());
        assert!(
            (value(found.length_baseline.pairwise_accuracy).unwrap() - 0.675).abs() < 0.02,
            "{found:?}"
        );
    }

    proptest! {
        #[test]
        fn order_of_groups_and_responses_does_not_matter(
            scores in prop::collection::vec(prop::collection::vec((0u32..4, prop::option::of(0u8..6), 0u64..9), 0..5), 0..6)
        ) {
            let groups: Vec<RankedGroup> = scores.iter().map(|responses| {
                let responses: Vec<_> = responses.iter().map(|&(rank, score, n)| (rank, score.map(f64::from), n)).collect();
                group("p", &responses)
            }).collect();
            let mut reversed = groups.clone();
            reversed.reverse();
            reversed.iter_mut().for_each(|group| group.responses.reverse());
            let (one, other) = (measure_all(&groups), measure_all(&reversed));
            prop_assert_eq!((one.n_groups, one.n_pairs, one.n_unscored), (other.n_groups, other.n_pairs, other.n_unscored));
            for (a, b) in [
                (one.judge.pairwise_accuracy, other.judge.pairwise_accuracy),
                (one.judge.five_best, other.judge.five_best),
                (one.length_baseline.exact_match, other.length_baseline.exact_match),
            ] {
                prop_assert!(value(a).zip(value(b)).is_none_or(|(a, b)| (a - b).abs() < 1e-12));
                prop_assert_eq!(a.is_some(), b.is_some());
            }
        }
    }
}
