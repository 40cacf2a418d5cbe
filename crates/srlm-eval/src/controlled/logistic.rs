//! Logistic regression on shares, with a ridge.

/// Newton steps at most; ten are usual.
const MAX_STEPS: usize = 100;
/// A step this small ends the fit.
const SMALL_STEP: f64 = 1e-10;

/// Outcomes with the same features.
pub(crate) struct Observation {
    /// One value for each weight.
    pub(crate) features: Vec<f64>,
    /// Share of successes, from 0 to 1.
    pub(crate) share: f64,
    /// How many outcomes, or how much they count.
    pub(crate) n: f64,
}

pub(crate) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The weights that minimize `|w|^2 / (2 c) + sum of n * cross-entropy(share, sigmoid(features .
/// w))`, by Newton's method with halved steps. There is no separate intercept. The ridge makes the
/// minimum unique and finite.
pub(super) fn fit(observations: &[Observation], n_weights: usize, c: f64) -> Vec<f64> {
    let mut weights = vec![0.0; n_weights];
    for _ in 0..MAX_STEPS {
        let (gradient, hessian) = derivatives(observations, &weights, c);
        let step = solve(hessian, gradient);
        let before = objective(observations, &weights, c);
        let mut scale = 1.0;
        let moved = |scale: f64| -> Vec<f64> {
            weights.iter().zip(&step).map(|(w, s)| w - scale * s).collect()
        };
        while scale > SMALL_STEP && objective(observations, &moved(scale), c) > before {
            scale /= 2.0;
        }
        let largest = step.iter().fold(0.0f64, |largest, s| largest.max(s.abs() * scale));
        weights = moved(scale);
        if largest < SMALL_STEP {
            break;
        }
    }
    weights
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn objective(observations: &[Observation], weights: &[f64], c: f64) -> f64 {
    // ln(1 + e^x) without overflow.
    let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
    let loss: f64 = observations
        .iter()
        .map(|o| {
            let x = dot(&o.features, weights);
            o.n * (softplus(x) - o.share * x)
        })
        .sum();
    loss + dot(weights, weights) / (2.0 * c)
}

fn derivatives(observations: &[Observation], weights: &[f64], c: f64) -> (Vec<f64>, Vec<Vec<f64>>) {
    let k = weights.len();
    let mut gradient: Vec<f64> = weights.iter().map(|w| w / c).collect();
    let ridge = |i: usize| (0..k).map(|j| if i == j { 1.0 / c } else { 0.0 }).collect();
    let mut hessian: Vec<Vec<f64>> = (0..k).map(ridge).collect();
    for o in observations {
        let p = sigmoid(dot(&o.features, weights));
        let (slope, curvature) = (o.n * (p - o.share), o.n * p * (1.0 - p));
        for ((g, row), x) in gradient.iter_mut().zip(&mut hessian).zip(&o.features) {
            *g += slope * x;
            row.iter_mut().zip(&o.features).for_each(|(h, y)| *h += curvature * x * y);
        }
    }
    (gradient, hessian)
}

/// Solves `matrix x = right` for a positive definite matrix, by elimination.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let k = right.len();
    for i in 0..k {
        let pivot = matrix[i].clone();
        for j in i + 1..k {
            let factor = matrix[j][i] / pivot[i];
            matrix[j].iter_mut().zip(&pivot).for_each(|(x, p)| *x -= factor * p);
            right[j] -= factor * right[i];
        }
    }
    for i in (0..k).rev() {
        let known = dot(&matrix[i][i + 1..], &right[i + 1..]);
        right[i] = (right[i] - known) / matrix[i][i];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observation(features: &[f64], share: f64, n: f64) -> Observation {
        Observation { features: features.to_vec(), share, n }
    }

    #[test]
    fn one_share_gives_its_log_odds() {
        let weights = fit(&[observation(&[1.0], 0.8, 10.0)], 1, 1e9);
        assert!((weights[0] - 4.0f64.ln()).abs() < 1e-6);
    }

    #[test]
    fn separated_outcomes_stay_finite() {
        let rows = [observation(&[1.0, 2.0], 1.0, 50.0), observation(&[1.0, -2.0], 0.0, 50.0)];
        let weights = fit(&rows, 2, 100.0);
        assert!(weights[1] > 1.0 && weights[1] < 10.0 && weights[0].abs() < 1e-6, "{weights:?}");
    }

    #[test]
    fn nothing_observed_gives_zero() {
        assert_eq!(fit(&[], 2, 1.0), [0.0, 0.0]);
    }
}
