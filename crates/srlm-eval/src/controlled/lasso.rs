//! Logistic regression on shares, with an L1 penalty whose strength cross-validation picks.

use super::logistic::{Observation, sigmoid};

/// Strengths that are tried: ten from 1e-4 to 1e4, evenly spaced by their logarithms.
const N_STRENGTHS: usize = 10;
/// Parts that are left out in turn.
const N_FOLDS: usize = 5;
/// Rounds over the weights at most.
const MAX_ROUNDS: usize = 500;
/// A round that moves no weight by more ends the fit.
const SMALL_STEP: f64 = 1e-9;

/// Weights with the strength that was picked.
pub(crate) struct CrossValidated {
    pub(crate) weights: Vec<f64>,
    pub(crate) inverse_penalty: f64,
}

/// Fits with the strength of the smallest mean loss on left-out parts, the weakest inverse strength
/// among equals; `None` for fewer rows than parts. The last row is in the first part, the one
/// before in the second, and so on.
///
/// # Source
/// scikit-learn's `LogisticRegressionCV` with `GroupKFold(5)`, as AlpacaEval's `glm_winrate.py`
/// calls them.
pub(crate) fn cross_validated(
    observations: &[Observation],
    n_weights: usize,
) -> Option<CrossValidated> {
    if observations.len() < N_FOLDS {
        return None;
    }
    let mut best = (f64::INFINITY, 1.0);
    for i in 0..N_STRENGTHS {
        let c = 10f64.powf(-4.0 + 8.0 * i as f64 / (N_STRENGTHS - 1) as f64);
        let loss =
            (0..N_FOLDS).map(|fold| left_out_loss(observations, n_weights, c, fold)).sum::<f64>();
        if loss < best.0 {
            best = (loss, c);
        }
    }
    let all: Vec<&Observation> = observations.iter().collect();
    Some(CrossValidated { weights: fit(&all, n_weights, best.1), inverse_penalty: best.1 })
}

/// Mean loss of a part's rows after a fit on the others.
fn left_out_loss(observations: &[Observation], n_weights: usize, c: f64, fold: usize) -> f64 {
    let place = |i: usize| (observations.len() - 1 - i) % N_FOLDS;
    let (left_out, kept): (Vec<_>, Vec<_>) =
        observations.iter().enumerate().partition(|&(i, _)| place(i) == fold);
    let rows = |part: Vec<(usize, _)>| -> Vec<&Observation> {
        part.into_iter().map(|(_, row)| row).collect()
    };
    let (left_out, kept) = (rows(left_out), rows(kept));
    let weights = fit(&kept, n_weights, c);
    left_out.iter().map(|row| loss(row, &weights)).sum::<f64>() / left_out.len() as f64
}

/// The weights that minimize `|w|_1 + c * sum of n * cross-entropy(share, sigmoid(features . w))`,
/// one at a time.
fn fit(observations: &[&Observation], n_weights: usize, c: f64) -> Vec<f64> {
    let mut weights = vec![0.0; n_weights];
    for _ in 0..MAX_ROUNDS {
        let mut largest = 0.0f64;
        for j in 0..n_weights {
            largest = largest.max(moved(observations, &mut weights, j, c));
        }
        if largest < SMALL_STEP {
            break;
        }
    }
    weights
}

/// Moves one weight by Newton's method with soft thresholding, halved until the objective does not
/// grow; how far.
fn moved(observations: &[&Observation], weights: &mut [f64], j: usize, c: f64) -> f64 {
    let (slope, curvature) = derivatives(observations, weights, j, c);
    if curvature <= 0.0 {
        return 0.0;
    }
    let (before, old) = (objective(observations, weights, c), weights[j]);
    let mut step = soft(old - slope / curvature, 1.0 / curvature) - old;
    while step.abs() >= SMALL_STEP {
        weights[j] = old + step;
        if objective(observations, weights, c) <= before {
            return step.abs();
        }
        step /= 2.0;
    }
    weights[j] = old;
    0.0
}

fn soft(x: f64, threshold: f64) -> f64 {
    x.signum() * (x.abs() - threshold).max(0.0)
}

fn derivatives(observations: &[&Observation], weights: &[f64], j: usize, c: f64) -> (f64, f64) {
    observations.iter().fold((0.0, 0.0), |(slope, curvature), row| {
        let (p, x) = (sigmoid(dot(&row.features, weights)), row.features[j]);
        (slope + c * row.n * (p - row.share) * x, curvature + c * row.n * p * (1.0 - p) * x * x)
    })
}

fn objective(observations: &[&Observation], weights: &[f64], c: f64) -> f64 {
    let penalty: f64 = weights.iter().map(|w| w.abs()).sum();
    penalty + c * observations.iter().map(|row| loss(row, weights)).sum::<f64>()
}

/// Weighted cross-entropy, in nats.
fn loss(row: &Observation, weights: &[f64]) -> f64 {
    let x = dot(&row.features, weights);
    // ln(1 + e^x) without overflow.
    row.n * (x.max(0.0) + (-x.abs()).exp().ln_1p() - row.share * x)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(shares: &[f64]) -> Vec<Observation> {
        shares.iter().map(|&share| Observation { features: vec![1.0], share, n: 1.0 }).collect()
    }

    #[test]
    fn one_weight_solves_its_equation() {
        // |w| + c n (softplus(w) - share w) is least where sigmoid(w) = share - 1 / (c n).
        let rows = rows(&[1.0, 1.0, 1.0, 0.0]);
        let weights = fit(&rows.iter().collect::<Vec<_>>(), 1, 10.0);
        assert!((sigmoid(weights[0]) - (0.75 - 1.0 / 40.0)).abs() < 1e-8, "{weights:?}");
    }

    #[test]
    fn a_strong_penalty_leaves_zero() {
        let rows = rows(&[1.0, 1.0, 1.0, 0.0]);
        assert_eq!(fit(&rows.iter().collect::<Vec<_>>(), 1, 0.1), [0.0]);
    }

    #[test]
    fn too_few_rows_have_no_fit() {
        assert!(cross_validated(&rows(&[1.0; 4]), 1).is_none());
        let found = cross_validated(&rows(&[1.0; 50]), 1).unwrap();
        assert!(found.weights[0] > 3.0 && found.inverse_penalty > 1.0);
    }
}
