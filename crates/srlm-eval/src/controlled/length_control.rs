//! Win rates without the advantage of length.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::logistic::{Observation, fit, sigmoid};
use crate::{Bootstrap, Error, Estimate};

/// One prompt answered by the new and the old model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LengthPair {
    /// How far the new model's response is preferred: 1 for a win, 0.5 for a tie, 0 for a loss.
    pub preference: f64,
    /// Length of the new model's response, in characters.
    pub new_length: u64,
    /// Length of the old model's response, in characters.
    pub old_length: u64,
}

/// Inverse strength of the ridge on both weights, as scikit-learn's `C`: AlpacaEval's fixed value.
const INVERSE_PENALTY: f64 = 100.0;

/// How length is held fixed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LengthControl {
    /// Largest difference of the lengths of a matched pair, as a share of the longer one.
    pub matched_within: f64,
    /// Fewer pairs than this have no length-controlled win rate: the fit would follow chance.
    pub min_pairs: u64,
}

impl Default for LengthControl {
    fn default() -> Self {
        Self { matched_within: 0.1, min_pairs: 30 }
    }
}

impl LengthControl {
    /// Refuses settings that have no meaning.
    ///
    /// # Errors
    /// [`Error::Config`] names the key, its value and the remedy.
    pub fn validate(&self) -> Result<(), Error> {
        if !(0.0..=1.0).contains(&self.matched_within) {
            let remedy = "use a share from 0 to 1, such as 0.1";
            return Err(Error::Config {
                key: "matched_within",
                value: self.matched_within.to_string(),
                remedy,
            });
        }
        if self.min_pairs == 0 {
            return Err(Error::Config {
                key: "min_pairs",
                value: "0".to_owned(),
                remedy: "use 1 or more, such as 30",
            });
        }
        Ok(())
    }
}

/// A win rate as it is and as it would be at equal lengths.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LengthControlled {
    /// Prompts compared.
    pub n_pairs: u64,
    /// Mean preference for the new model.
    pub win_rate: Estimate,
    /// The win rate that the fitted model predicts at equal lengths.
    pub controlled: Estimate,
    /// Log-odds gained by a response much longer than the other; 0 where length does not matter.
    pub length_weight: f64,
    /// Standard deviation of the differences in length, in characters: the unit of the fitted
    /// difference.
    pub length_std: f64,
}

/// The win rate over pairs whose responses have about the same length.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LengthMatched {
    /// Prompts compared.
    pub n_pairs: u64,
    /// Those whose responses differ in length by no more than `within`.
    pub n_matched: u64,
    /// Largest difference, as a share of the longer response.
    pub within: f64,
    /// Mean preference for the new model over the matched pairs; `None` where there are none.
    pub win_rate: Option<Estimate>,
}

/// The win rate at equal lengths: `sigmoid(m)` after fitting `preference ~ sigmoid(m + l * tanh(d /
/// std(d)))`, where `d` is the new response's length less the old one's. `None` below `min_pairs`
/// pairs. Pairs are drawn again for the intervals, and each draw is fitted anew.
///
/// # Source
/// Dubois et al. 2024, "Length-Controlled AlpacaEval", the reading `length_controlled_minimal` of
/// its code: there is no term for the difficulty of instructions, which was fitted on a
/// leaderboard's models. The ridge has the fixed strength of `LengthControl`, where AlpacaEval
/// draws that of an L1 penalty from cross-validation. Checked against scikit-learn, and against
/// AlpacaEval's own fit, in `tests/controlled.rs`.
pub fn length_controlled_win_rate(
    pairs: &[LengthPair],
    config: &LengthControl,
    bootstrap: &Bootstrap,
) -> Option<LengthControlled> {
    if (pairs.len() as u64) < config.min_pairs {
        return None;
    }
    let all: Vec<&LengthPair> = pairs.iter().collect();
    let (_, length_weight) = weights(&all)?;
    Some(LengthControlled {
        n_pairs: pairs.len() as u64,
        win_rate: bootstrap.estimate(pairs, mean_preference)?,
        controlled: bootstrap.estimate(pairs, |pairs| Some(sigmoid(weights(pairs)?.0)))?,
        length_weight,
        length_std: length_std(&all),
    })
}

/// The win rate over the pairs whose lengths hardly differ; `None` without pairs.
pub fn length_matched_win_rate(
    pairs: &[LengthPair],
    config: &LengthControl,
    bootstrap: &Bootstrap,
) -> Option<LengthMatched> {
    let is_matched = |pair: &&LengthPair| {
        let longer = pair.new_length.max(pair.old_length) as f64;
        pair.new_length.abs_diff(pair.old_length) as f64 <= config.matched_within * longer
    };
    let matched: Vec<LengthPair> = pairs.iter().filter(is_matched).copied().collect();
    (!pairs.is_empty()).then(|| LengthMatched {
        n_pairs: pairs.len() as u64,
        n_matched: matched.len() as u64,
        within: config.matched_within,
        win_rate: bootstrap.estimate(&matched, mean_preference),
    })
}

fn mean_preference(pairs: &[&LengthPair]) -> Option<f64> {
    (!pairs.is_empty())
        .then(|| pairs.iter().map(|pair| pair.preference).sum::<f64>() / pairs.len() as f64)
}

fn length_difference(pair: &LengthPair) -> f64 {
    pair.new_length as f64 - pair.old_length as f64
}

/// Sample standard deviation, the sum of squares divided by `n - 1`; 0 for fewer than two pairs.
fn length_std(pairs: &[&LengthPair]) -> f64 {
    let n = pairs.len() as f64;
    let mean = pairs.iter().map(|pair| length_difference(pair)).sum::<f64>() / n;
    let squares: f64 = pairs.iter().map(|pair| (length_difference(pair) - mean).powi(2)).sum();
    if n < 2.0 { 0.0 } else { (squares / (n - 1.0)).sqrt() }
}

/// The weight of the model and that of length. Equal differences everywhere tell nothing about
/// length.
fn weights(pairs: &[&LengthPair]) -> Option<(f64, f64)> {
    let std = length_std(pairs);
    let standardized =
        |pair: &LengthPair| if std > 0.0 { (length_difference(pair) / std).tanh() } else { 0.0 };
    let observe = |pair: &&LengthPair| Observation {
        features: vec![1.0, standardized(pair)],
        share: pair.preference,
        n: 1.0,
    };
    let observations: Vec<Observation> = pairs.iter().map(observe).collect();
    let weights = fit(&observations, 2, INVERSE_PENALTY);
    (!pairs.is_empty()).then(|| (weights[0], weights[1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(preference: f64, new_length: u64, old_length: u64) -> LengthPair {
        LengthPair { preference, new_length, old_length }
    }

    fn found(pairs: &[LengthPair]) -> Option<LengthControlled> {
        let bootstrap = Bootstrap { n_resamples: 200, ..Bootstrap::default() };
        length_controlled_win_rate(pairs, &LengthControl::default(), &bootstrap)
    }

    #[test]
    fn a_model_that_wins_by_length_alone_is_no_better() {
        // Longer wins three times of four, whoever it is; the new model is longer on three prompts
        // of four.
        let pairs: Vec<_> = (0..320u64)
            .map(|i| {
                let (is_longer, longer_wins) = (i % 4 > 0, i / 4 % 4 > 0);
                pair(
                    f64::from(u8::from(is_longer == longer_wins)),
                    if is_longer { 300 } else { 100 },
                    200,
                )
            })
            .collect();
        let found = found(&pairs).unwrap();
        assert_eq!(found.win_rate.value, 0.625);
        assert!(
            (found.controlled.value - 0.5).abs() < 0.01 && found.controlled.covers(0.5),
            "{found:?}"
        );
        assert!(found.length_weight > 1.0);
    }

    #[test]
    fn equal_lengths_leave_the_win_rate() {
        let pairs: Vec<_> = (0..400).map(|i| pair(f64::from(i % 4).min(1.0), 7, 7)).collect();
        let found = found(&pairs).unwrap();
        assert!((found.controlled.value - 0.75).abs() < 1e-3);
        assert_eq!((found.length_weight, found.length_std), (0.0, 0.0));
    }

    #[test]
    fn exchanging_the_models_mirrors_the_rate() {
        let pairs: Vec<_> = (0..90u64)
            .map(|i| pair((i % 3) as f64 / 2.0, 50 + i * 7 % 40, 60 + i * 5 % 30))
            .collect();
        let mirrored: Vec<_> =
            pairs.iter().map(|p| pair(1.0 - p.preference, p.old_length, p.new_length)).collect();
        let (a, b) = (found(&pairs).unwrap(), found(&mirrored).unwrap());
        assert!((a.controlled.value + b.controlled.value - 1.0).abs() < 1e-9);
        assert!((a.length_weight - b.length_weight).abs() < 1e-9);
    }

    #[test]
    fn matched_pairs_differ_little() {
        let pairs = [
            pair(1.0, 100, 91),
            pair(0.0, 100, 90),
            pair(1.0, 100, 89),
            pair(1.0, 0, 0),
            pair(0.0, 1, 0),
        ];
        let matched = |pairs: &[LengthPair]| {
            length_matched_win_rate(pairs, &LengthControl::default(), &Bootstrap::default())
        };
        let found = matched(&pairs).unwrap();
        assert_eq!(
            (found.n_pairs, found.n_matched, found.win_rate.unwrap().value),
            (5, 3, 2.0 / 3.0)
        );
        assert_eq!(matched(&pairs[2..3]).unwrap().win_rate, None);
        assert_eq!(matched(&[]), None);
    }

    #[test]
    fn too_few_pairs_have_no_controlled_rate() {
        let pairs: Vec<_> = (0..30).map(|i| pair(1.0, 100 + i, 100)).collect();
        assert!(found(&pairs).is_some());
        assert_eq!(found(&pairs[1..]), None);
        assert_eq!(found(&[]), None);
    }

    #[test]
    fn bad_settings_are_named() {
        let error = LengthControl { matched_within: 10.0, ..LengthControl::default() }
            .validate()
            .unwrap_err();
        insta::assert_snapshot!(error, @"matched_within = 10: use a share from 0 to 1, such as 0.1");
        assert!(LengthControl { min_pairs: 0, ..LengthControl::default() }.validate().is_err());
        assert!(LengthControl::default().validate().is_ok());
    }
}
