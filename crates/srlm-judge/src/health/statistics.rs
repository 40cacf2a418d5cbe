//! Spread and correlation of few numbers.

/// Pearson's correlation, from -1 to 1. `None` for fewer than two points and where one side never changes.
pub(crate) fn pearson(points: &[(f64, f64)]) -> Option<f64> {
    let n = points.len() as f64;
    let (mean_x, mean_y) = (points.iter().map(|p| p.0).sum::<f64>() / n, points.iter().map(|p| p.1).sum::<f64>() / n);
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in points {
        let (x, y) = (x - mean_x, y - mean_y);
        (xy, xx, yy) = (xy + x * y, xx + x * x, yy + y * y);
    }
    let r = xy / (xx * yy).sqrt();
    r.is_finite().then(|| r.clamp(-1.0, 1.0))
}

/// Spearman's correlation: Pearson's of the ranks; equal numbers share the mean of their ranks.
pub(crate) fn spearman(points: &[(f64, f64)]) -> Option<f64> {
    let [x, y] = [ranks(points.iter().map(|p| p.0).collect()), ranks(points.iter().map(|p| p.1).collect())];
    pearson(&x.into_iter().zip(y).collect::<Vec<_>>())
}

/// Ranks from 1.
fn ranks(values: Vec<f64>) -> Vec<f64> {
    let mut sorted = values.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let rank = |value: &f64| {
        let n_below = sorted.partition_point(|other| other < value);
        let n_not_above = sorted.partition_point(|other| other <= value);
        (n_below + n_not_above + 1) as f64 / 2.0
    };
    values.iter().map(rank).collect()
}

/// Standard deviation of the whole (divided by n, not n - 1). `None` for fewer than two numbers.
pub(crate) fn deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values).filter(|_| values.len() > 1)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((squares / values.len() as f64).sqrt())
}

/// `None` for no numbers.
pub(crate) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// `None` where the whole is 0.
pub(crate) fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCIPY: &str =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/ref_vectors/rank_correlation_scipy.json");

    #[test]
    #[expect(clippy::print_stderr, reason = "tells what was skipped")]
    fn correlations_agree_with_scipy() {
        let Ok(text) = std::fs::read_to_string(SCIPY) else {
            eprintln!("skipped: {SCIPY} is not there");
            return;
        };
        let vectors: serde_json::Value = serde_json::from_str(&text).unwrap();
        for case in vectors["cases"].as_array().unwrap() {
            let numbers = |key| case[key].as_array().unwrap().iter().map(|x: &serde_json::Value| x.as_f64().unwrap());
            let points: Vec<(f64, f64)> = numbers("a").zip(numbers("b")).collect();
            for (key, found) in [("pearson", pearson(&points)), ("spearman", spearman(&points))] {
                let (found, expected) = (found.unwrap_or(f64::NAN), case[key].as_f64().unwrap_or(f64::NAN));
                let agree = (found - expected).abs() < 1e-12 || (found.is_nan() && expected.is_nan());
                assert!(agree, "{key} of {points:?} is {found}, not {expected}");
            }
        }
    }

    #[test]
    fn equal_numbers_share_a_rank() {
        let points = [(1.0, 2.0), (2.0, 1.0), (2.0, 5.0), (4.0, 3.0), (5.0, 9.0)];
        assert_eq!(ranks(points.iter().map(|p| p.0).collect()), [1.0, 2.5, 2.5, 4.0, 5.0]);
        // By hand: 6.5 / sqrt(9.5 * 10).
        assert!((spearman(&points).unwrap() - 6.5 / 95.0_f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn what_never_changes_goes_with_nothing() {
        for points in [&[][..], &[(1.0, 2.0)], &[(1.0, 2.0), (1.0, 3.0)], &[(1.0, 3.0), (2.0, 3.0)]] {
            assert_eq!((pearson(points), spearman(points)), (None, None));
        }
        assert_eq!(spearman(&[(1.0, 10.0), (2.0, 100.0), (3.0, 1000.0)]), Some(1.0));
        assert_eq!(pearson(&[(1.0, 3.0), (2.0, 1.0)]), Some(-1.0));
    }

    #[test]
    fn spread_is_that_of_the_whole() {
        assert_eq!(deviation(&[1.0, 3.0]), Some(1.0));
        assert_eq!((deviation(&[1.0]), mean(&[]), share(0, 0)), (None, None, None));
    }
}
