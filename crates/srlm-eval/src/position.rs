//! How far the place of an answer decides which one is better.

use serde::{Deserialize, Serialize};

use crate::{Bootstrap, Comparison, Estimate, Preference, wilson};

/// Position bias of the evaluator, and how often its verdicts can be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PositionBias {
    /// Verdicts asked for, two a prompt.
    pub n_verdicts: u64,
    /// Those that could be read.
    pub n_read: u64,
    /// Share of the verdicts that could be read.
    pub parse_rate: Option<f64>,
    /// Share of the read verdicts that are ties.
    pub tie_rate: Option<f64>,
    /// Prompts with a verdict in both orders.
    pub n_prompts: u64,
    /// Those where both orders prefer the answer shown first.
    pub n_first: u64,
    /// Those where both orders prefer the answer shown second.
    pub n_second: u64,
    /// Share of the prompts that the place decided, interval by Wilson; 0 is best.
    pub decided_by_place: Option<Estimate>,
    /// Of the verdicts that are no ties, the share for the answer shown first, interval by
    /// bootstrap over prompts; 0.5 is no bias. Prompts without a verdict in both orders are left
    /// out.
    pub first_rate: Option<Estimate>,
}

/// Measures how far the place decides; `None` without comparisons.
///
/// # Source
/// Both orders of each pair, and the same place preferred in both as inconsistency, as in Zheng et
/// al. 2023, "Judging LLM-as-a-Judge", section 3.3.
pub fn position_bias(comparisons: &[Comparison], bootstrap: &Bootstrap) -> Option<PositionBias> {
    let verdicts =
        || comparisons.iter().flat_map(|comparison| [comparison.new_first, comparison.new_second]);
    let both: Vec<(Preference, Preference)> = comparisons
        .iter()
        .filter_map(|comparison| Some((comparison.new_first?, comparison.new_second?)))
        .collect();
    let n_prompts = both.len() as u64;
    let n_same = |place: Preference| {
        both.iter().filter(|verdicts| **verdicts == (place, place)).count() as u64
    };
    let (n_verdicts, n_read) = (verdicts().count() as u64, verdicts().flatten().count() as u64);
    let n_ties = verdicts().filter(|verdict| *verdict == Some(Preference::Tie)).count() as u64;
    let (n_first, n_second) = (n_same(Preference::A), n_same(Preference::B));
    (n_verdicts > 0).then(|| PositionBias {
        n_verdicts,
        n_read,
        parse_rate: share(n_read, n_verdicts),
        tie_rate: share(n_ties, n_read),
        n_prompts,
        n_first,
        n_second,
        decided_by_place: wilson(n_first + n_second, n_prompts),
        first_rate: bootstrap.estimate(&both, |both| {
            let n = |place: Preference| {
                both.iter()
                    .map(|(a, b)| u64::from(*a == place) + u64::from(*b == place))
                    .sum::<u64>()
            };
            share(n(Preference::A), n(Preference::A) + n(Preference::B))
        }),
    })
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_to_check_with_a_pencil() {
        use Preference::{A, B, Tie};
        let verdicts = [
            (Some(A), Some(B)),
            (Some(A), Some(A)),
            (Some(A), Some(A)),
            (Some(B), Some(B)),
            (Some(Tie), Some(B)),
            (Some(A), None),
        ];
        let comparison = |(new_first, new_second)| Comparison {
            prompt_id: String::new(),
            new_first,
            new_second,
        };
        let found = position_bias(&verdicts.map(comparison), &Bootstrap::default()).unwrap();
        assert_eq!((found.n_verdicts, found.n_read, found.n_prompts), (12, 11, 5));
        assert_eq!((found.n_first, found.n_second), (2, 1));
        assert_eq!((found.parse_rate, found.tie_rate), (Some(11.0 / 12.0), Some(1.0 / 11.0)));
        assert_eq!(found.decided_by_place.unwrap().value, 0.6);
        // With both verdicts: A B, A A, A A, B B, tie B: five for the first place of nine.
        assert_eq!(found.first_rate.unwrap().value, 5.0 / 9.0);
        assert_eq!(position_bias(&[], &Bootstrap::default()), None);
    }
}
