//! Strengths from wins: Bradley-Terry by regularized logistic regression.

/// The strengths are found where no slope is above this share of all weights: about the rounding of
/// their sums.
const TOLERANCE: f64 = 1e-13;
/// Newton's method needs about ten steps; each that does not improve is halved.
const MAX_STEPS: usize = 200;

/// The strengths `e` that make the wins likeliest, where i beats j with probability `sigma(e_i -
/// e_j)`:
///
/// ```text
/// maximize  sum_ij wins[i][j] log sigma(e_i - e_j)  -  regularization / 2 sum_i e_i^2
/// ```
///
/// They add up to 0. `400 / ln 10` times a strength are points of Elo. Found by Newton's method
/// from 0; the same wins give the same bits.
///
/// # Shapes
/// `wins` is `[n, n]`, not negative, its diagonal without meaning; the result is `[n]`.
///
/// # Source
/// Bradley and Terry 1952. Wu et al. 2024, fit Elo scores to the battle matrix in this way; the
/// regularization, not stated there, is that of scikit-learn's `LogisticRegression` with `C = 1 /
/// regularization`. Checked against it in `tests/fixtures/strengths.json`.
///
/// # Panics
/// If `wins` is not square or `regularization` is not above 0.
pub fn strengths(wins: &[Vec<f64>], regularization: f64) -> Vec<f64> {
    assert!(wins.iter().all(|row| row.len() == wins.len()), "wins must be square");
    assert!(regularization > 0.0, "the regularization must be above 0");
    let mut at = vec![0.0; wins.len()];
    let flat = TOLERANCE * (regularization + wins.iter().flatten().sum::<f64>());
    for _ in 0..MAX_STEPS {
        let gradient = gradient(wins, regularization, &at);
        if gradient.iter().all(|slope| slope.abs() <= flat) {
            break;
        }
        let step = solve(curvature(wins, regularization, &at), gradient);
        at = improve(wins, regularization, at, &step);
    }
    // They add up to 0 but for rounding, which a weak regularization lets grow.
    let mean = at.iter().sum::<f64>() / at.len().max(1) as f64;
    at.into_iter().map(|strength| strength - mean).collect()
}

/// The mean probability with which each beats the others, from 0 to 1; 1/2 where there is no other.
pub fn win_rates(strengths: &[f64]) -> Vec<f64> {
    let rate = |(i, own): (usize, &f64)| {
        let others = strengths.iter().enumerate().filter(|&(j, _)| j != i);
        let wins: Vec<f64> = others.map(|(_, other)| sigma(own - other)).collect();
        if wins.is_empty() { 0.5 } else { wins.iter().sum::<f64>() / wins.len() as f64 }
    };
    strengths.iter().enumerate().map(rate).collect()
}

fn sigma(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// `log(1 + exp(-x))` without overflow.
fn log_loss(x: f64) -> f64 {
    (-x).max(0.0) + (-x.abs()).exp().ln_1p()
}

fn pairs(n: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n).flat_map(move |i| (0..n).filter(move |&j| j != i).map(move |j| (i, j)))
}

fn penalized_loss(wins: &[Vec<f64>], regularization: f64, at: &[f64]) -> f64 {
    let loss: f64 = pairs(at.len()).map(|(i, j)| wins[i][j] * log_loss(at[i] - at[j])).sum();
    loss + regularization / 2.0 * at.iter().map(|x| x * x).sum::<f64>()
}

/// Of the likelihood: uphill.
fn gradient(wins: &[Vec<f64>], regularization: f64, at: &[f64]) -> Vec<f64> {
    let mut gradient: Vec<f64> = at.iter().map(|x| -regularization * x).collect();
    for (i, j) in pairs(at.len()) {
        let surprise = wins[i][j] * sigma(at[j] - at[i]);
        gradient[i] += surprise;
        gradient[j] -= surprise;
    }
    gradient
}

/// The negative second derivatives, positive definite.
fn curvature(wins: &[Vec<f64>], regularization: f64, at: &[f64]) -> Vec<Vec<f64>> {
    let n = at.len();
    let mut curvature = vec![vec![0.0; n]; n];
    (0..n).for_each(|i| curvature[i][i] = regularization);
    for (i, j) in pairs(n) {
        let weight = wins[i][j] * sigma(at[i] - at[j]) * sigma(at[j] - at[i]);
        curvature[i][i] += weight;
        curvature[j][j] += weight;
        curvature[i][j] -= weight;
        curvature[j][i] -= weight;
    }
    curvature
}

/// The solution of `matrix x = right`, by elimination; a positive definite matrix needs no exchange
/// of rows.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let n = right.len();
    for column in 0..n {
        for row in column + 1..n {
            let factor = matrix[row][column] / matrix[column][column];
            let pivot = matrix[column].clone();
            (column..n).for_each(|k| matrix[row][k] -= factor * pivot[k]);
            right[row] -= factor * right[column];
        }
    }
    for row in (0..n).rev() {
        let known: f64 = (row + 1..n).map(|k| matrix[row][k] * right[k]).sum();
        right[row] = (right[row] - known) / matrix[row][row];
    }
    right
}

/// The whole step, or the largest of its halves that does not make the loss larger beyond rounding.
fn improve(wins: &[Vec<f64>], regularization: f64, at: Vec<f64>, step: &[f64]) -> Vec<f64> {
    let loss = penalized_loss(wins, regularization, &at);
    let moved = |share: f64| -> Vec<f64> {
        at.iter().zip(step).map(|(x, step)| x + share * step).collect()
    };
    let improves =
        |at: &Vec<f64>| penalized_loss(wins, regularization, at) <= loss + 1e-12 * loss.abs();
    let halves = std::iter::successors(Some(1.0), |share| Some(share / 2.0)).take(40);
    halves.map(moved).find(improves).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: &[f64], expected: &[f64], tolerance: f64) {
        assert_eq!(found.len(), expected.len());
        let off = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(off <= tolerance, "{found:?} is not {expected:?}: off by {off}");
    }

    #[test]
    fn two_players_to_check_with_a_pencil() {
        // By symmetry the strengths are x and -x, and the slope is 0 where w sigma(-2x) = x. At x =
        // ln(3) / 2 that is w / 4 = ln(3) / 2.
        let x = 3_f64.ln() / 2.0;
        close(&strengths(&[vec![0.0, 4.0 * x], vec![0.0, 0.0]], 1.0), &[x, -x], 1e-12);
        close(&win_rates(&[x, -x]), &[0.75, 0.25], 1e-15);
    }

    #[test]
    fn three_players_to_check_with_a_pencil() {
        // The first beats the second as often as the second the third: x, 0, -x with w sigma(-x) =
        // x. At x = ln 2 that is w / 3 = ln 2.
        let x = 2_f64.ln();
        let w = 3.0 * x;
        close(
            &strengths(&[vec![0.0, w, 0.0], vec![0.0, 0.0, w], vec![0.0; 3]], 1.0),
            &[x, 0.0, -x],
            1e-12,
        );
        // Each beats the next, around a circle: nobody is stronger.
        close(
            &strengths(&[vec![0.0, w, 0.0], vec![0.0, 0.0, w], vec![w, 0.0, 0.0]], 1.0),
            &[0.0; 3],
            1e-12,
        );
    }

    #[test]
    fn expected_wins_give_the_strengths_back() {
        let known = [1.5, 0.25, 0.0, -0.5, -1.25];
        let wins = |n: f64| known.map(|own| known.map(|other| n * sigma(own - other)).to_vec());
        close(&strengths(&wins(1e7), 1e-3), &known, 1e-8);
    }

    #[test]
    fn a_winner_of_everything_has_a_finite_strength() {
        let mut wins = vec![vec![0.0; 11]; 11];
        (0..11).for_each(|i| (i + 1..11).for_each(|j| wins[i][j] = 1e6));
        for regularization in [1e-6, 1.0, 1e6] {
            let found = strengths(&wins, regularization);
            assert!(found.windows(2).all(|two| two[0] > two[1]), "{found:?}");
            let slopes = gradient(&wins, regularization, &found);
            assert!(
                slopes.iter().all(|slope| slope.abs() < 1e-6),
                "{slopes:?} at {regularization}"
            );
        }
        assert!(strengths(&[], 1.0).is_empty());
        assert_eq!(strengths(&[vec![3.0]], 1.0), [0.0]);
    }
}
