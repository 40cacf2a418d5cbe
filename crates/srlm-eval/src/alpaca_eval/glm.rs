//! AlpacaEval's own length-controlled win rate.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{Annotation, GamedRow};
use crate::controlled::{Observation, cross_validated, sigmoid};

/// What a row of a gamed model counts: AlpacaEval's 0.2, shared by its two gamed models.
const GAMED_WEIGHT: f64 = 0.1;

/// The fit `preference ~ sigmoid(m + l * tanh(d / std(d)) + h * difficulty)`, where `d` is the
/// model's length less the baseline's, in characters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Glm {
    /// AlpacaEval's name of the formula: `length_controlled_v1` with instruction difficulties, else
    /// `length_controlled_minimal`.
    pub name: String,
    /// Mean over the instructions of what the fit predicts at equal lengths.
    pub win_rate: f64,
    /// Weight `m` of the model, in log-odds.
    pub model_weight: f64,
    /// Weight `l` of length.
    pub length_weight: f64,
    /// Weight `h` of the instructions' difficulty; 0 without difficulties.
    pub difficulty_weight: f64,
    /// Inverse strength of the L1 penalty that cross-validation picked.
    pub inverse_penalty: f64,
}

/// Fits one model's annotations, in the order of the file. With `gamed`, an instruction's
/// difficulty is that of its place in the file, as AlpacaEval takes it, and the gamed models' rows
/// hold the weights back. `None` for fewer than five preferences, and where a place has no
/// difficulty.
///
/// # Source
/// AlpacaEval 0.6.6, `metrics/glm_winrate.py`. Checked against it in `tests/alpaca_eval.rs`.
pub(super) fn glm(annotations: &[&Annotation], gamed: Option<&[GamedRow]>) -> Option<Glm> {
    let name = if gamed.is_some() { "length_controlled_v1" } else { "length_controlled_minimal" };
    let difficulties = difficulties(annotations.len(), gamed)?;
    let lengths = standardized(annotations);
    let mut observations: Vec<Observation> =
        gamed.unwrap_or_default().iter().filter_map(of_gamed).collect();
    for ((row, &length), &difficulty) in annotations.iter().zip(&lengths).zip(&difficulties) {
        let features = vec![1.0, length.tanh(), difficulty];
        observations.extend(row.preference.map(|share| Observation { features, share, n: 1.0 }));
    }
    let fitted = cross_validated(&observations, 3)?;
    let predicted = |difficulty: &f64| sigmoid(fitted.weights[0] + fitted.weights[2] * difficulty);
    Some(Glm {
        name: name.to_owned(),
        win_rate: difficulties.iter().map(predicted).sum::<f64>() / difficulties.len() as f64,
        model_weight: fitted.weights[0],
        length_weight: fitted.weights[1],
        difficulty_weight: fitted.weights[2],
        inverse_penalty: fitted.inverse_penalty,
    })
}

/// The difficulty of the instruction at each place; zeros without data.
fn difficulties(n: usize, gamed: Option<&[GamedRow]>) -> Option<Vec<f64>> {
    let Some(gamed) = gamed else { return Some(vec![0.0; n]) };
    let mut known = HashMap::new();
    for row in gamed {
        known.entry(row.index).or_insert(row.instruction_difficulty);
    }
    (0..n).map(|place| known.get(&place).copied()).collect()
}

/// Differences of length in units of their sample standard deviation, over all rows; zeros where
/// all are equal.
fn standardized(annotations: &[&Annotation]) -> Vec<f64> {
    let n_characters = |text: &str| text.chars().count() as f64;
    let differences: Vec<f64> = annotations
        .iter()
        .map(|row| n_characters(&row.output_2) - n_characters(&row.output_1))
        .collect();
    let n = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / n;
    let std = (differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    differences.into_iter().map(|d| if std > 0.0 { d / std } else { 0.0 }).collect()
}

/// The file's lengths are the baseline's less the model's: the sign is turned, as the rest of this
/// crate has it.
fn of_gamed(row: &GamedRow) -> Option<Observation> {
    let (ordinary, weight) = if row.not_gamed_baseline { (1.0, 1.0) } else { (0.0, GAMED_WEIGHT) };
    let features = vec![ordinary, (-row.std_delta_len).tanh(), row.instruction_difficulty];
    Some(Observation { features, share: row.preference?, n: weight })
}
