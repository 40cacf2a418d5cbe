//! Whether scores mean what they say.

use serde::{Deserialize, Serialize};

use super::data::{JudgedGroup, Pick, Scale, by_tree};
use crate::{Bootstrap, Estimate};

/// Whether a larger gap is a surer order, and, where people rate, whether a score is the rating to
/// expect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreCalibration {
    /// Human-ordered pairs by the distance of the judge's two scores; pairs of equal scores are in
    /// none.
    pub by_gap: Vec<GapBin>,
    /// Rated responses by the judge's score, rounded; empty where people do not rate.
    pub by_score: Vec<ScoreBin>,
    /// Mean over the rated responses of the distance between the two means of their bin, on the
    /// scale from 0 to 5.
    pub calibration_error: Option<Estimate>,
}

/// Pairs whose two scores are so far apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GapBin {
    /// The gap is above this.
    pub above: f64,
    /// And at most this.
    pub at_most: f64,
    /// Pairs.
    pub n_pairs: u64,
    /// Share of them in the human order.
    pub accuracy: Option<Estimate>,
}

/// Responses that the judge gave about this score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreBin {
    /// The score, rounded; halves upward.
    pub score: u32,
    /// Responses.
    pub n: u64,
    /// Mean of the judge's scores.
    pub mean_score: f64,
    /// Mean of people's ratings, on the scale from 0 to 5.
    pub mean_rating: f64,
}

const GAPS: [f64; 5] = [0.0, 0.5, 1.0, 2.0, 5.0];

pub(super) fn calibration(
    groups: &[JudgedGroup],
    scale: Option<Scale>,
    pick: Pick,
    bootstrap: &Bootstrap,
) -> ScoreCalibration {
    let trees = by_tree(groups, |group| &group.tree);
    let pairs: Vec<Vec<(f64, bool)>> = trees
        .iter()
        .map(|groups| groups.iter().flat_map(|group| gaps(group, pick)).collect())
        .collect();
    let ratings: Vec<Vec<(f64, f64)>> = match scale {
        None => Vec::new(),
        Some(scale) => trees
            .iter()
            .map(|groups| groups.iter().flat_map(|group| &group.responses))
            .map(|responses| {
                responses.filter_map(|r| Some((pick(r)?, scale.stored(r.worth)))).collect()
            })
            .collect(),
    };
    ScoreCalibration {
        by_gap: GAPS.windows(2).map(|ends| gap_bin(ends[0], ends[1], &pairs, bootstrap)).collect(),
        by_score: reliability(ratings.iter().flatten()),
        calibration_error: bootstrap
            .estimate(&ratings, |trees| error(&reliability(trees.iter().copied().flatten()))),
    }
}

/// The gap of each pair that people order and the judge does not tie, and whether the judge is
/// right.
fn gaps(group: &JudgedGroup, pick: Pick) -> Vec<(f64, bool)> {
    let mut found = Vec::new();
    for better in &group.responses {
        for worse in group.responses.iter().filter(|worse| worse.worth < better.worth) {
            let gap = pick(better).zip(pick(worse)).map_or(0.0, |(better, worse)| better - worse);
            if gap != 0.0 {
                found.push((gap.abs(), gap > 0.0));
            }
        }
    }
    found
}

fn gap_bin(above: f64, at_most: f64, trees: &[Vec<(f64, bool)>], bootstrap: &Bootstrap) -> GapBin {
    let is_in = |pair: &&(f64, bool)| pair.0 > above && pair.0 <= at_most;
    let accuracy = |trees: &[&Vec<(f64, bool)>]| {
        let (n, n_right) = trees
            .iter()
            .copied()
            .flatten()
            .filter(is_in)
            .fold((0u64, 0u64), |(n, n_right), pair| (n + 1, n_right + u64::from(pair.1)));
        (n > 0).then(|| n_right as f64 / n as f64)
    };
    let n_pairs = trees.iter().flatten().filter(is_in).count() as u64;
    GapBin { above, at_most, n_pairs, accuracy: bootstrap.estimate(trees, accuracy) }
}

fn reliability<'a>(ratings: impl Iterator<Item = &'a (f64, f64)>) -> Vec<ScoreBin> {
    let mut sums = [(0u64, 0.0, 0.0); 6];
    for (score, rating) in ratings {
        let bin = &mut sums[(score.round() as usize).min(5)];
        *bin = (bin.0 + 1, bin.1 + score, bin.2 + rating);
    }
    let bin = |(score, (n, scores, ratings)): (u32, (u64, f64, f64))| ScoreBin {
        score,
        n,
        mean_score: scores / n as f64,
        mean_rating: ratings / n as f64,
    };
    (0..).zip(sums).filter(|(_, (n, ..))| *n > 0).map(bin).collect()
}

fn error(bins: &[ScoreBin]) -> Option<f64> {
    let n: u64 = bins.iter().map(|bin| bin.n).sum();
    let distance: f64 =
        bins.iter().map(|bin| bin.n as f64 * (bin.mean_score - bin.mean_rating).abs()).sum();
    (n > 0).then(|| distance / n as f64)
}

#[cfg(test)]
mod tests {
    use super::super::data::JudgedResponse;
    use super::*;

    #[test]
    fn a_case_to_check_with_a_pencil() {
        let response = |&(worth, written): &(f64, f64)| JudgedResponse {
            worth,
            written: Some(written),
            expected: None,
            n_characters: 0,
        };
        let group = |tree: &str, responses: &[(f64, f64)]| JudgedGroup {
            prompt_id: tree.to_owned(),
            tree: tree.to_owned(),
            responses: responses.iter().map(response).collect(),
        };
        let groups = [
            group("s", &[(5.0, 4.0), (1.0, 3.6), (3.0, 4.0)]),
            group("t", &[(2.0, 1.0), (1.0, 4.4)]),
        ];
        let scale = Scale::of([1.0, 5.0]);
        let bootstrap = Bootstrap { n_resamples: 100, ..Bootstrap::default() };
        let found = calibration(&groups, scale, |response| response.written, &bootstrap);
        // Pairs: 0.4 right twice, a tie that is in no bin, 3.4 wrong.
        let bins: Vec<_> =
            found.by_gap.iter().map(|bin| (bin.n_pairs, bin.accuracy.map(|e| e.value))).collect();
        assert_eq!(bins, [(2, Some(1.0)), (0, None), (0, None), (1, Some(0.0))]);
        let bins: Vec<_> =
            found.by_score.iter().map(|bin| (bin.score, bin.n, bin.mean_rating)).collect();
        assert_eq!(bins, [(1, 1, 2.0), (4, 4, 2.5)]);
        // |1 - 2| once and |4 - 2.5| four times.
        assert!((found.calibration_error.unwrap().value - (1.0 + 4.0 * 1.5) / 5.0).abs() < 1e-12);
        assert_eq!(
            calibration(&groups, None, |response| response.written, &bootstrap).by_score,
            []
        );
    }
}
