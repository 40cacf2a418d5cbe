//! A judge's verdicts on pairs, in both orders, against people's.

use serde::{Deserialize, Serialize};

use super::data::{JudgedPair, by_tree};
use crate::{Bootstrap, Comparison, Estimate, Outcome, Preference};

/// How well one way to compare agrees with people. `None` where nothing could be measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairMeasures {
    /// Share of the pairs that people decided with the same verdict; a tie is a disagreement.
    pub accuracy: Option<Estimate>,
    /// The same with tied pairs left out.
    pub untied_accuracy: Option<Estimate>,
    /// Share of all pairs, people's ties too, with the same verdict.
    pub agreement: Option<Estimate>,
    /// Share of the pairs that it ties.
    pub tie_rate: Option<Estimate>,
}

/// Verdicts of a judge on pairs; a tie where the two orders disagree. Pairs without a verdict in
/// both orders count for nothing but `n_missing` and `abstention_rate`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairwiseReport {
    /// Pairs.
    pub n_pairs: u64,
    /// Those that people call a tie.
    pub n_human_ties: u64,
    /// Those without a verdict in both orders.
    pub n_missing: u64,
    /// Share of them.
    pub abstention_rate: Option<Estimate>,
    /// Share of the single verdicts that can be read.
    pub parse_rate: Option<Estimate>,
    /// The judge.
    pub judge: PairMeasures,
    /// Preferring the longer response.
    pub length_baseline: PairMeasures,
    /// A coin: what is expected of it.
    pub random_baseline: PairMeasures,
    /// Accuracy of the judge less that of the length baseline, resampled together.
    pub advantage: Option<Estimate>,
    /// Share of the pairs on which both orders say the same.
    pub consistency: Option<Estimate>,
    /// Share of the verdicts for one response that are for the one shown first; 0.5 is no bias.
    pub first_place_rate: Option<Estimate>,
    /// Share of the pairs whose first place wins both times, less the share whose second place
    /// does; 0 is no bias.
    pub position_bias: Option<Estimate>,
}

/// One pair, counted.
struct Counted {
    /// Both verdicts are there.
    is_compared: bool,
    people: Preference,
    judge: Preference,
    longer: Preference,
    is_consistent: bool,
    n_verdicts: f64,
    n_first: f64,
    n_second: f64,
}

pub(super) fn pairwise(pairs: &[JudgedPair], bootstrap: &Bootstrap) -> PairwiseReport {
    let trees = by_tree(pairs, |pair| &pair.tree);
    let trees: Vec<Vec<Counted>> =
        trees.into_iter().map(|pairs| pairs.into_iter().map(counted).collect()).collect();
    let n =
        |is: fn(&Counted) -> bool| trees.iter().flatten().filter(|pair| is(pair)).count() as u64;
    let share = |part: fn(&Counted) -> (f64, f64)| {
        bootstrap.estimate(&trees, |trees| {
            let parts = trees.iter().copied().flatten().map(part);
            let (part, whole) = parts.fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
            (whole > 0.0).then(|| part / whole)
        })
    };
    PairwiseReport {
        n_pairs: pairs.len() as u64,
        n_human_ties: n(|pair| pair.people == Preference::Tie),
        n_missing: n(|pair| !pair.is_compared),
        abstention_rate: share(|pair| (one(!pair.is_compared), 1.0)),
        parse_rate: share(|pair| (pair.n_verdicts, 2.0)),
        judge: PairMeasures {
            accuracy: share(|pair| part(pair, pair.judge == pair.people, is_decided(pair))),
            untied_accuracy: share(|pair| {
                part(
                    pair,
                    pair.judge == pair.people,
                    is_decided(pair) && pair.judge != Preference::Tie,
                )
            }),
            agreement: share(|pair| part(pair, pair.judge == pair.people, true)),
            tie_rate: share(|pair| part(pair, pair.judge == Preference::Tie, true)),
        },
        length_baseline: PairMeasures {
            accuracy: share(|pair| part(pair, pair.longer == pair.people, is_decided(pair))),
            untied_accuracy: share(|pair| {
                part(
                    pair,
                    pair.longer == pair.people,
                    is_decided(pair) && pair.longer != Preference::Tie,
                )
            }),
            agreement: share(|pair| part(pair, pair.longer == pair.people, true)),
            tie_rate: share(|pair| part(pair, pair.longer == Preference::Tie, true)),
        },
        random_baseline: PairMeasures {
            accuracy: share(|pair| half(part(pair, true, is_decided(pair)))),
            untied_accuracy: share(|pair| half(part(pair, true, is_decided(pair)))),
            agreement: share(|pair| half(part(pair, is_decided(pair), true))),
            tie_rate: share(|pair| part(pair, false, true)),
        },
        advantage: share(|pair| {
            let (right, whole) = part(pair, pair.judge == pair.people, is_decided(pair));
            (right - part(pair, pair.longer == pair.people, is_decided(pair)).0, whole)
        }),
        consistency: share(|pair| part(pair, pair.is_consistent, true)),
        first_place_rate: share(|pair| (pair.n_first, pair.n_first + pair.n_second)),
        position_bias: share(|pair| {
            let both = one(pair.n_first == 2.0) - one(pair.n_second == 2.0);
            (part(pair, true, true).0 * both, one(pair.is_compared))
        }),
    }
}

fn counted(pair: &JudgedPair) -> Counted {
    let comparison = Comparison {
        prompt_id: pair.prompt_id.clone(),
        new_first: pair.forward,
        new_second: pair.backward,
    };
    let outcome = comparison.outcome();
    let n = |wanted: Preference| {
        [pair.forward, pair.backward].iter().filter(|verdict| **verdict == Some(wanted)).count()
            as f64
    };
    Counted {
        is_compared: outcome != Outcome::Missing,
        people: pair.people,
        judge: match outcome {
            Outcome::Win => Preference::A,
            Outcome::Loss => Preference::B,
            _ => Preference::Tie,
        },
        longer: match pair.n_characters[0].cmp(&pair.n_characters[1]) {
            std::cmp::Ordering::Greater => Preference::A,
            std::cmp::Ordering::Less => Preference::B,
            std::cmp::Ordering::Equal => Preference::Tie,
        },
        is_consistent: !matches!(outcome, Outcome::Disagreement | Outcome::Missing),
        n_verdicts: [pair.forward, pair.backward].iter().flatten().count() as f64,
        n_first: n(Preference::A),
        n_second: n(Preference::B),
    }
}

fn is_decided(pair: &Counted) -> bool {
    pair.people != Preference::Tie
}

fn one(is: bool) -> f64 {
    f64::from(u8::from(is))
}

/// What a pair adds to a share of the compared pairs that `counts`.
fn part(pair: &Counted, is: bool, counts: bool) -> (f64, f64) {
    let counts = pair.is_compared && counts;
    (one(is && counts), one(counts))
}

fn half((part, whole): (f64, f64)) -> (f64, f64) {
    (part / 2.0, whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_to_check_with_a_pencil() {
        use Preference::{A, B, Tie};
        let pair = |people, forward, backward, n_characters| JudgedPair {
            prompt_id: String::new(),
            tree: String::new(),
            people,
            forward,
            backward,
            n_characters,
        };
        let pairs = [
            pair(A, Some(A), Some(B), [9, 5]), // right, and the longer one is
            pair(B, Some(A), Some(B), [9, 5]), // wrong
            pair(B, Some(A), Some(A), [5, 9]), // the first place wins twice: a tie
            pair(Tie, Some(Tie), Some(Tie), [5, 5]), // people and judge tie
            pair(A, None, Some(A), [1, 2]),    // no verdict in one order
        ];
        let found = pairwise(&pairs, &Bootstrap { n_resamples: 100, ..Bootstrap::default() });
        let value = |estimate: Option<Estimate>| estimate.map(|estimate| estimate.value).unwrap();
        assert_eq!((found.n_pairs, found.n_human_ties, found.n_missing), (5, 1, 1));
        assert_eq!((value(found.abstention_rate), value(found.parse_rate)), (0.2, 0.9));
        assert_eq!(value(found.judge.accuracy), 1.0 / 3.0);
        assert_eq!(value(found.judge.untied_accuracy), 0.5);
        assert_eq!((value(found.judge.agreement), value(found.judge.tie_rate)), (0.5, 0.5));
        assert_eq!(
            (value(found.length_baseline.accuracy), value(found.length_baseline.agreement)),
            (2.0 / 3.0, 0.75)
        );
        assert_eq!(
            (value(found.random_baseline.accuracy), value(found.random_baseline.agreement)),
            (0.5, 0.375)
        );
        assert_eq!(value(found.consistency), 0.75);
        // First: one of each of the first two pairs, two of the third, one of the last.
        assert_eq!(value(found.first_place_rate), 5.0 / 7.0);
        assert_eq!(value(found.position_bias), 0.25);
        assert!((value(found.advantage) + 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(pairwise(&[], &Bootstrap::default()).judge, PairMeasures::default());
    }
}
