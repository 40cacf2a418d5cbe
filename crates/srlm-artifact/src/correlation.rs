//! Correlation of two numbers of each item.

/// Pearson's correlation, from -1 to 1.
///
/// `None` where it is undefined: fewer than two values, one side constant, or a number that is not
/// finite.
///
/// # Panics
/// When the sides differ in length.
///
/// # Source
/// Checked against `scipy.stats.pearsonr`, which answers NaN where this answers `None`.
pub fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    assert_eq!(a.len(), b.len(), "both sides of a correlation have a value for each item");
    // Said of the values: rounding may leave a constant side a variance.
    if is_constant(a) || is_constant(b) {
        return None;
    }
    let n = a.len() as f64;
    let (mean_a, mean_b) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let (mut covariance, mut variance_a, mut variance_b) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        covariance += (x - mean_a) * (y - mean_b);
        variance_a += (x - mean_a).powi(2);
        variance_b += (y - mean_b).powi(2);
    }
    let r: f64 = covariance / (variance_a * variance_b).sqrt();
    r.is_finite().then(|| r.clamp(-1.0, 1.0))
}

/// Spearman's rho: Pearson's correlation of average ranks.
///
/// `None` where it is undefined: fewer than two values, one side constant, or a NaN.
///
/// # Panics
/// When the sides differ in length.
///
/// # Source
/// Checked against `scipy.stats.spearmanr`, which answers NaN where this answers `None`.
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    assert_eq!(a.len(), b.len(), "both sides of a correlation have a value for each item");
    if a.iter().chain(b).any(|value| value.is_nan()) {
        return None;
    }
    pearson(&average_ranks(a), &average_ranks(b))
}

fn is_constant(values: &[f64]) -> bool {
    values.iter().all(|value| *value == values[0])
}

/// Ranks from 1; equal values share the mean of their places.
fn average_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&i, &j| (values[i] + 0.0).total_cmp(&(values[j] + 0.0)));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for group in order.chunk_by(|&i, &j| values[i] == values[j]) {
        let mean_place = first as f64 + (group.len() as f64 + 1.0) / 2.0;
        for &item in group {
            ranks[item] = mean_place;
        }
        first += group.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCIPY: &str = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/fixtures/reference/rank_correlation_scipy.json"
    );

    #[allow(clippy::print_stderr, reason = "a skipped test says so")]
    #[test]
    fn correlations_agree_with_scipy() {
        let Ok(text) = std::fs::read_to_string(SCIPY) else {
            eprintln!("skipped: {SCIPY} is not there");
            return;
        };
        let vectors: serde_json::Value = serde_json::from_str(&text).unwrap();
        for case in vectors["cases"].as_array().unwrap() {
            let numbers = |key: &str| -> Vec<f64> {
                case[key]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|number| number.as_f64().unwrap())
                    .collect()
            };
            let (a, b) = (numbers("a"), numbers("b"));
            for (key, found) in [("pearson", pearson(&a, &b)), ("spearman", spearman(&a, &b))] {
                let (found, expected) =
                    (found.unwrap_or(f64::NAN), case[key].as_f64().unwrap_or(f64::NAN));
                let agree =
                    (found - expected).abs() < 1e-12 || (found.is_nan() && expected.is_nan());
                assert!(agree, "{key} of {case} is {found}");
            }
        }
    }

    #[test]
    fn equal_numbers_share_a_rank() {
        let (a, b) = ([1.0, 2.0, 2.0, 4.0, 5.0], [2.0, 1.0, 5.0, 3.0, 9.0]);
        assert_eq!(average_ranks(&a), [1.0, 2.5, 2.5, 4.0, 5.0]);
        // By hand: 6.5 / sqrt(9.5 * 10).
        assert!((spearman(&a, &b).unwrap() - 6.5 / 95.0_f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn what_never_changes_goes_with_nothing() {
        let check = |a: &[f64], b: &[f64]| {
            assert_eq!((pearson(a, b), spearman(a, b)), (None, None), "{a:?} {b:?}")
        };
        check(&[], &[]);
        check(&[1.0], &[2.0]);
        check(&[1.0, 1.0], &[2.0, 3.0]);
        check(&[0.1, 0.1, 0.1], &[1.0, 2.0, 3.0]);
        check(&[1.0, f64::NAN], &[1.0, 2.0]);
        assert_eq!(spearman(&[1.0, 2.0, 3.0], &[10.0, 100.0, 1000.0]), Some(1.0));
    }
}
