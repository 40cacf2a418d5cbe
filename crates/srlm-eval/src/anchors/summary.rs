//! What a judge's scores of known answers come to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::AnchorKind;
use super::difference::{difference, exclusive};
use crate::{Estimate, wilson};

/// The scores that a judge gave the two answers of an anchor; `None` where it gave none that can be
/// read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnchorScores {
    /// The anchor.
    pub id: String,
    /// What makes its right answer right.
    pub kind: AnchorKind,
    /// The score of the right answer.
    pub right: Option<f64>,
    /// The score of the wrong answer.
    pub wrong: Option<f64>,
}

/// The content of `anchors.json`: a judge on answers whose truth is known.
///
/// An answer without a score counts in no rate and is counted in `n_unscored`. A pair with one is
/// in no pairwise measure: `n_pairs = n_right_above + n_tied + n_wrong_above + n_unscored_pairs`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnchorSummary {
    /// Who judged: `M1`, `M2` ..., or the name of another judge.
    pub judge: String,
    /// The least score that accepts an answer.
    pub threshold: f64,
    /// Anchors, each with a right and a wrong answer.
    pub n_pairs: u64,
    /// Pairs with an answer that has no score.
    pub n_unscored_pairs: u64,
    /// Pairs whose right answer scores higher.
    pub n_right_above: u64,
    /// Pairs with one score for both.
    pub n_tied: u64,
    /// Pairs whose wrong answer scores higher.
    pub n_wrong_above: u64,
    /// Answers without a score.
    pub n_unscored: u64,
    /// Share of the scored right answers that are accepted; interval by Wilson.
    pub true_positive_rate: Option<Estimate>,
    /// Share of the scored wrong answers that are accepted; interval by Wilson.
    pub false_positive_rate: Option<Estimate>,
    /// Youden's J of accepting: the true-positive rate less the false-positive rate. 0 is a judge
    /// that sees nothing, 1 a perfect one. Interval by Newcombe from those of the two rates; it
    /// stays open where all answers of few anchors are alike, as a bootstrap's does not.
    pub youden_j: Option<Estimate>,
    /// Share of the scored pairs whose right answer scores higher; a tie is a failure. Interval by
    /// Wilson.
    pub pairwise_accuracy: Option<Estimate>,
    /// Share of the scored pairs with the right answer above less that with the wrong one above: J
    /// without a threshold. Interval by Newcombe.
    pub pairwise_j: Option<Estimate>,
    /// The same by what makes an answer right.
    pub by_kind: BTreeMap<AnchorKind, KindSummary>,
}

/// Anchors of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindSummary {
    /// Anchors.
    pub n_pairs: u64,
    /// Pairs whose right answer scores higher.
    pub n_right_above: u64,
    /// Pairs with one score for both.
    pub n_tied: u64,
    /// Pairs whose wrong answer scores higher.
    pub n_wrong_above: u64,
    /// Accepted right answers less accepted wrong ones, each as a share of the scored ones.
    pub youden_j: Option<f64>,
}

/// Measures a judge on anchors.
///
/// # Source
/// Youden 1950, "Index for rating diagnostic tests": J is sensitivity plus specificity less 1,
/// which is the true-positive rate less the false-positive rate. That the two rates are of the same
/// anchors is left out of account, which widens the interval.
pub fn anchor_summary(judge: &str, judged: &[AnchorScores], threshold: f64) -> AnchorSummary {
    let all: Vec<&AnchorScores> = judged.iter().collect();
    let tally = Tally::of(&all, threshold);
    let mut kinds: BTreeMap<AnchorKind, Vec<&AnchorScores>> = BTreeMap::new();
    all.iter().for_each(|one| kinds.entry(one.kind).or_default().push(one));
    let n_scored_pairs = tally.n_right_above + tally.n_tied + tally.n_wrong_above;
    let (accepted_right, accepted_wrong) = (tally.right.rate(), tally.wrong.rate());
    let (above, below) =
        (wilson(tally.n_right_above, n_scored_pairs), wilson(tally.n_wrong_above, n_scored_pairs));
    AnchorSummary {
        judge: judge.to_owned(),
        threshold,
        n_pairs: tally.n_pairs,
        n_unscored_pairs: tally.n_pairs - n_scored_pairs,
        n_right_above: tally.n_right_above,
        n_tied: tally.n_tied,
        n_wrong_above: tally.n_wrong_above,
        n_unscored: 2 * tally.n_pairs - tally.right.n - tally.wrong.n,
        true_positive_rate: accepted_right,
        false_positive_rate: accepted_wrong,
        youden_j: accepted_right
            .zip(accepted_wrong)
            .map(|(right, wrong)| difference(right, wrong, 0.0)),
        pairwise_accuracy: above,
        pairwise_j: above.zip(below).map(|(a, b)| difference(a, b, exclusive(a.value, b.value))),
        by_kind: kinds
            .into_iter()
            .map(|(kind, all)| (kind, Tally::of(&all, threshold).of_kind()))
            .collect(),
    }
}

#[derive(Default)]
struct Tally {
    n_pairs: u64,
    n_right_above: u64,
    n_tied: u64,
    n_wrong_above: u64,
    right: Side,
    wrong: Side,
}

/// The scored answers of one side.
#[derive(Default)]
struct Side {
    n: u64,
    n_accepted: u64,
}

impl Side {
    fn add(&mut self, score: Option<f64>, threshold: f64) {
        let Some(score) = score else { return };
        self.n += 1;
        self.n_accepted += u64::from(score >= threshold);
    }

    fn rate(&self) -> Option<Estimate> {
        wilson(self.n_accepted, self.n)
    }
}

impl Tally {
    fn of(judged: &[&AnchorScores], threshold: f64) -> Self {
        let mut tally = Self::default();
        for one in judged {
            tally.n_pairs += 1;
            tally.right.add(one.right, threshold);
            tally.wrong.add(one.wrong, threshold);
            if let (Some(right), Some(wrong)) = (one.right, one.wrong) {
                tally.n_right_above += u64::from(right > wrong);
                tally.n_tied += u64::from(right == wrong);
                tally.n_wrong_above += u64::from(right < wrong);
            }
        }
        tally
    }

    fn of_kind(&self) -> KindSummary {
        KindSummary {
            n_pairs: self.n_pairs,
            n_right_above: self.n_right_above,
            n_tied: self.n_tied,
            n_wrong_above: self.n_wrong_above,
            youden_j: self
                .right
                .rate()
                .zip(self.wrong.rate())
                .map(|(right, wrong)| right.value - wrong.value),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn judged(scores: &[(Option<f64>, Option<f64>)]) -> AnchorSummary {
        let one = |(i, &(right, wrong)): (usize, &(Option<f64>, Option<f64>))| {
            let kind = if i % 2 == 0 { AnchorKind::Arithmetic } else { AnchorKind::Form };
            AnchorScores { id: i.to_string(), kind, right, wrong }
        };
        let all: Vec<_> = scores.iter().enumerate().map(one).collect();
        anchor_summary("M1", &all, 3.0)
    }

    fn value(estimate: Option<Estimate>) -> Option<f64> {
        estimate.map(|estimate| estimate.value)
    }

    #[test]
    fn a_case_to_check_with_a_pencil() {
        // Right: 5 3 2 none, accepted 2 of 3. Wrong: 1 3 4 4, accepted 3 of 4.
        let found = judged(&[
            (Some(5.0), Some(1.0)),
            (Some(3.0), Some(3.0)),
            (Some(2.0), Some(4.0)),
            (None, Some(4.0)),
        ]);
        assert_eq!((found.n_pairs, found.n_unscored_pairs, found.n_unscored), (4, 1, 1));
        assert_eq!((found.n_right_above, found.n_tied, found.n_wrong_above), (1, 1, 1));
        assert_eq!(value(found.true_positive_rate), Some(2.0 / 3.0));
        assert_eq!(value(found.false_positive_rate), Some(0.75));
        assert_eq!(value(found.youden_j), Some(2.0 / 3.0 - 0.75));
        assert_eq!(value(found.pairwise_accuracy), Some(1.0 / 3.0));
        assert_eq!(value(found.pairwise_j), Some(0.0));
        assert_eq!(found.by_kind[&AnchorKind::Arithmetic].youden_j, Some(0.0));
        assert_eq!(found.by_kind[&AnchorKind::Form].n_tied, 1);
    }

    #[test]
    fn a_judge_that_likes_all_has_no_j_and_few_anchors_say_so() {
        let found = judged(&[(Some(5.0), Some(5.0)); 6]);
        let j = found.youden_j.unwrap();
        assert!(j.value == 0.0 && j.low < -0.2 && j.high > 0.2, "{j:?}");
        assert_eq!(value(found.pairwise_accuracy), Some(0.0));
        assert_eq!(judged(&[(None, None)]).youden_j, None);
    }

    #[test]
    fn the_file_reads_as_written() {
        let found = judged(&[(Some(5.0), Some(1.0)), (None, Some(2.0))]);
        let text = serde_json::to_string(&found).unwrap();
        assert_eq!(serde_json::from_str::<AnchorSummary>(&text).unwrap(), found);
        insta::assert_snapshot!(text, @r#"{"judge":"M1","threshold":3.0,"n_pairs":2,"n_unscored_pairs":1,"n_right_above":1,"n_tied":0,"n_wrong_above":0,"n_unscored":1,"true_positive_rate":{"value":1.0,"low":0.20654931437723745,"high":1.0},"false_positive_rate":{"value":0.0,"low":0.0,"high":0.6576197724933469},"youden_j":{"value":1.0,"low":-0.030547308807040263,"high":1.0},"pairwise_accuracy":{"value":1.0,"low":0.20654931437723745,"high":1.0},"pairwise_j":{"value":1.0,"low":-0.12210872068194178,"high":1.0},"by_kind":{"arithmetic":{"n_pairs":1,"n_right_above":1,"n_tied":0,"n_wrong_above":0,"youden_j":1.0},"form":{"n_pairs":1,"n_right_above":0,"n_tied":0,"n_wrong_above":0,"youden_j":null}}}"#);
    }

    proptest! {
        #[test]
        fn counts_add_up_and_j_lies_within_one(
            scores in prop::collection::vec((prop::option::of(0u8..6), prop::option::of(0u8..6)), 0..20)
        ) {
            let scores: Vec<_> = scores.iter().map(|(a, b)| (a.map(f64::from), b.map(f64::from))).collect();
            let found = judged(&scores);
            let counted = found.n_right_above + found.n_tied + found.n_wrong_above + found.n_unscored_pairs;
            prop_assert_eq!(found.n_pairs, counted);
            prop_assert_eq!(found.n_pairs, found.by_kind.values().map(|kind| kind.n_pairs).sum::<u64>());
            for j in [found.youden_j, found.pairwise_j].into_iter().flatten() {
                prop_assert!(j.low >= -1.0 && j.low <= j.high && j.high <= 1.0);
            }
        }
    }
}
