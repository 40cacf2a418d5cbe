//! Whether expected scores mean what they say.

use serde::{Deserialize, Serialize};
use srlm_artifact::Score;

use crate::{Bootstrap, Estimate, RankedGroup};

/// Pairs of about the same confidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReliabilityBin {
    /// Least confidence within, from 0.5 to 1.
    pub from: f64,
    /// Greatest confidence within.
    pub to: f64,
    /// Pairs within.
    pub n: u64,
    /// Their mean confidence.
    pub confidence: f64,
    /// The share of them that people order as the scores do; a tie of the scores counts one half.
    pub accuracy: f64,
}

/// How sure expected scores are against how often people agree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Human-ordered pairs with two expected scores.
    pub n_pairs: u64,
    /// Mean distance of confidence and accuracy over the bins, weighted by their pairs; 0 is best.
    /// The interval is by bootstrap over prompts, and lies high, because chance moves every bin
    /// away from its confidence.
    pub expected_calibration_error: Estimate,
    /// Low confidence first, about as many pairs in each.
    pub bins: Vec<ReliabilityBin>,
}

/// A human-ordered pair.
#[derive(Clone, Copy, Debug)]
struct Pair {
    confidence: f64,
    /// 1 where people agree, 0 where they do not, 0.5 where the scores are equal.
    agrees: f64,
}

/// Measures the calibration of the scores in `groups`, which are expected ones; `None` where no
/// human-ordered pair has two. `n_bins` is at least 1.
///
/// An expected score e of 0 to 5 is read as the probability e / 5 that the response is good. Then
/// the response of the higher score is the better one, or as good, with confidence `0.5 + (e_high -
/// e_low) / 10`, ties counted half.
///
/// # Source
/// The expected calibration error of Guo et al. 2017, "On Calibration of Modern Neural Networks",
/// section 2, on bins of equal counts, since confidences crowd near 0.5. The reading of a score as
/// a probability is ours.
pub fn calibration(
    groups: &[RankedGroup],
    n_bins: usize,
    bootstrap: &Bootstrap,
) -> Option<Calibration> {
    let clusters: Vec<Vec<Pair>> =
        groups.iter().map(pairs).filter(|pairs| !pairs.is_empty()).collect();
    let all: Vec<Pair> = clusters.concat();
    let bins = bins(all, n_bins);
    Some(Calibration {
        n_pairs: bins.iter().map(|bin| bin.n).sum(),
        expected_calibration_error: bootstrap.estimate(&clusters, |clusters| {
            let pairs = clusters.iter().flat_map(|pairs| pairs.iter().copied()).collect();
            error(&self::bins(pairs, n_bins))
        })?,
        bins,
    })
}

fn pairs(group: &RankedGroup) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for better in &group.responses {
        for worse in group.responses.iter().filter(|worse| better.human_rank < worse.human_rank) {
            let (Some(high), Some(low)) = (better.mean_score, worse.mean_score) else { continue };
            let agrees = if high == low { 0.5 } else { f64::from(u8::from(high > low)) };
            pairs.push(Pair { confidence: 0.5 + (high - low).abs() / (2.0 * Score::MAX), agrees });
        }
    }
    pairs
}

fn bins(mut pairs: Vec<Pair>, n_bins: usize) -> Vec<ReliabilityBin> {
    pairs.sort_by(|a, b| a.confidence.total_cmp(&b.confidence));
    let size = pairs.len().div_ceil(n_bins).max(1);
    let mean = |pairs: &[Pair], value: fn(&Pair) -> f64| {
        pairs.iter().map(value).sum::<f64>() / pairs.len() as f64
    };
    let bin = |pairs: &[Pair]| ReliabilityBin {
        from: pairs[0].confidence,
        to: pairs[pairs.len() - 1].confidence,
        n: pairs.len() as u64,
        confidence: mean(pairs, |pair| pair.confidence),
        accuracy: mean(pairs, |pair| pair.agrees),
    };
    pairs.chunks(size).map(bin).collect()
}

fn error(bins: &[ReliabilityBin]) -> Option<f64> {
    let n: u64 = bins.iter().map(|bin| bin.n).sum();
    let sum: f64 =
        bins.iter().map(|bin| bin.n as f64 * (bin.accuracy - bin.confidence).abs()).sum();
    (n > 0).then(|| sum / n as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::RankedResponse;

    fn group(i: usize, scores: &[f64]) -> RankedGroup {
        let response = |(rank, score): (usize, &f64)| RankedResponse {
            human_rank: rank as u32,
            mean_score: Some(*score),
            n_characters: 1,
        };
        RankedGroup {
            prompt_id: i.to_string(),
            responses: scores.iter().enumerate().map(response).collect(),
        }
    }

    fn found(groups: &[RankedGroup], n_bins: usize) -> Option<Calibration> {
        calibration(groups, n_bins, &Bootstrap { n_resamples: 100, ..Bootstrap::default() })
    }

    #[test]
    fn agreement_as_often_as_the_scores_say_is_calibrated() {
        // A gap of 2 says 0.7: people agree in seven pairs of ten.
        let groups: Vec<_> = (0..100)
            .map(|i| if i % 10 < 7 { group(i, &[4.0, 2.0]) } else { group(i, &[1.0, 3.0]) })
            .collect();
        let found = found(&groups, 1).unwrap();
        assert_eq!((found.n_pairs, found.bins.len()), (100, 1));
        assert!(found.expected_calibration_error.value < 1e-9, "{found:?}");
        assert!(
            (found.bins[0].confidence - 0.7).abs() < 1e-9
                && (found.bins[0].accuracy - 0.7).abs() < 1e-9
        );
    }

    #[test]
    fn a_sure_judge_that_errs_is_not() {
        let groups: Vec<_> = (0..20).map(|i| group(i, &[0.0, 5.0])).collect();
        assert_eq!(found(&groups, 5).unwrap().expected_calibration_error.value, 1.0);
        let ties: Vec<_> = (0..20).map(|i| group(i, &[3.0, 3.0])).collect();
        assert_eq!(found(&ties, 5).unwrap().expected_calibration_error.value, 0.0);
        assert_eq!(found(&[], 5), None);
        let unscored = RankedResponse { human_rank: 1, mean_score: None, n_characters: 1 };
        let mut half = group(0, &[3.0]);
        half.responses.push(unscored);
        assert_eq!(found(&[half], 5), None);
    }

    proptest! {
        #[test]
        fn every_pair_is_in_one_bin_and_the_error_is_a_share(
            scores in prop::collection::vec(prop::collection::vec(0.0..=5.0f64, 2..5), 1..12), n_bins in 1usize..8
        ) {
            let groups: Vec<_> = scores.iter().enumerate().map(|(i, scores)| group(i, scores)).collect();
            let found = found(&groups, n_bins).unwrap();
            let n: usize = scores.iter().map(|scores| scores.len() * (scores.len() - 1) / 2).sum();
            prop_assert_eq!(found.n_pairs, n as u64);
            prop_assert!(found.bins.len() <= n_bins);
            prop_assert!((0.0..=1.0).contains(&found.expected_calibration_error.value));
            for bin in &found.bins {
                prop_assert!(0.5 <= bin.from && bin.from <= bin.to && bin.to <= 1.0);
            }
        }
    }
}
