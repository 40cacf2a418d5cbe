//! How scores go with length.

use serde::{Deserialize, Serialize};

use crate::spearman;

/// One response with a score and, where known, a second opinion on its quality.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// Length, in characters or tokens.
    pub length: u64,
    /// The score looked into.
    pub score: f64,
    /// Quality by another measure, such as a person's score, to hold fixed.
    pub quality: f64,
}

/// A range of lengths and the scores within.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LengthBin {
    /// Shortest length within.
    pub from: u64,
    /// Longest length within.
    pub to: u64,
    /// Responses within.
    pub n: u64,
    /// Mean of their scores.
    pub mean_score: f64,
}

/// What scores have to do with length.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LengthBias {
    /// Responses looked at.
    pub n: u64,
    /// Spearman's rho of score and length.
    pub correlation: Option<f64>,
    /// The same with quality held fixed; `None` where quality is constant or decides either side.
    pub partial_correlation: Option<f64>,
    /// Mean score by length, short to long.
    pub curve: Vec<LengthBin>,
}

/// Correlates scores with lengths, and averages them in `n_bins` ranges of about as many responses
/// each. Equal lengths share a range, so that there may be fewer.
///
/// # Source
/// The partial correlation is `(r_sl - r_sq r_lq) / sqrt((1 - r_sq^2) (1 - r_lq^2))` of Spearman's
/// rhos.
pub fn length_bias(responses: &[Scored], n_bins: usize) -> LengthBias {
    let column = |value: fn(&Scored) -> f64| -> Vec<f64> { responses.iter().map(value).collect() };
    let (lengths, scores, qualities) =
        (column(|r| r.length as f64), column(|r| r.score), column(|r| r.quality));
    let correlation = spearman(&scores, &lengths);
    let given =
        |sl: f64| partial(sl, spearman(&scores, &qualities)?, spearman(&lengths, &qualities)?);
    LengthBias {
        n: responses.len() as u64,
        correlation,
        partial_correlation: correlation.and_then(given),
        curve: curve(responses, n_bins),
    }
}

fn partial(sl: f64, sq: f64, lq: f64) -> Option<f64> {
    let free = (1.0 - sq * sq) * (1.0 - lq * lq);
    (free > 1e-12).then(|| ((sl - sq * lq) / free.sqrt()).clamp(-1.0, 1.0))
}

fn curve(responses: &[Scored], n_bins: usize) -> Vec<LengthBin> {
    let mut sorted = responses.to_vec();
    sorted.sort_by_key(|response| response.length);
    let bin_of = |i: usize| i * n_bins / sorted.len();
    let mut bins: Vec<(usize, LengthBin)> = Vec::new();
    for (i, response) in sorted.iter().enumerate() {
        match bins.last_mut() {
            Some((place, bin)) if *place == bin_of(i) || bin.to == response.length => {
                bin.to = response.length;
                bin.n += 1;
                bin.mean_score += (response.score - bin.mean_score) / bin.n as f64;
            }
            _ => {
                let (from, mean_score) = (response.length, response.score);
                bins.push((bin_of(i), LengthBin { from, to: from, n: 1, mean_score }));
            }
        }
    }
    bins.into_iter().map(|(_, bin)| bin).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(length: u64, score: f64, quality: f64) -> Scored {
        Scored { length, score, quality }
    }

    #[test]
    fn a_score_that_follows_quality_has_no_partial_correlation() {
        // Length and score both follow quality, each with an error that the other does not share.
        let responses: Vec<_> = (0..400u64)
            .map(|i| {
                let (quality, e, f) = (i / 4 * 10, i % 2 * 9, i / 2 % 2 * 9);
                scored(quality + e, (quality + f) as f64, quality as f64)
            })
            .collect();
        let found = length_bias(&responses, 4);
        assert!(found.correlation.unwrap() > 0.99);
        assert!(found.partial_correlation.unwrap().abs() < 0.05, "{found:?}");
    }

    #[test]
    fn the_curve_has_every_response_once() {
        let responses: Vec<_> = (0..10u64).map(|i| scored(100 - 10 * i, i as f64, 0.0)).collect();
        let found = length_bias(&responses, 5);
        let bins: Vec<_> =
            found.curve.iter().map(|bin| (bin.from, bin.to, bin.n, bin.mean_score)).collect();
        assert_eq!(
            bins,
            [
                (10, 20, 2, 8.5),
                (30, 40, 2, 6.5),
                (50, 60, 2, 4.5),
                (70, 80, 2, 2.5),
                (90, 100, 2, 0.5)
            ]
        );
        assert_eq!((found.correlation, found.partial_correlation), (Some(-1.0), None));
    }

    #[test]
    fn equal_lengths_share_a_range_and_nothing_gives_nothing() {
        let found =
            length_bias(&[scored(5, 1.0, 0.0), scored(5, 2.0, 0.0), scored(5, 6.0, 1.0)], 3);
        assert_eq!((found.curve.len(), found.curve[0].n, found.curve[0].mean_score), (1, 3, 3.0));
        assert_eq!(found.correlation, None);
        assert_eq!(length_bias(&[], 3).curve, []);
    }
}
