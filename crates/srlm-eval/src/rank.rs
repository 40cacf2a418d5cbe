//! Kendall's tau-b.

/// Kendall's tau-b, which allows for ties on either side, in O(n log n).
///
/// `None` where it is undefined: fewer than two values, one side constant, or a NaN.
///
/// # Panics
/// When the sides differ in length.
///
/// # Source
/// Knight 1966, "A computer method for calculating Kendall's tau with ungrouped data". Checked
/// against `scipy.stats.kendalltau`, which answers NaN where this answers `None`.
pub fn kendall_tau_b(a: &[f64], b: &[f64]) -> Option<f64> {
    assert_eq!(a.len(), b.len(), "both sides of a correlation have a value for each item");
    if has_nan(a) || has_nan(b) {
        return None;
    }
    // Adding zero turns -0.0 into 0.0, so that the total order agrees with equality.
    let mut items: Vec<(f64, f64)> = a.iter().zip(b).map(|(x, y)| (x + 0.0, y + 0.0)).collect();
    items.sort_unstable_by(|x, y| x.0.total_cmp(&y.0).then(x.1.total_cmp(&y.1)));
    let n_tied_a = tied_pairs(&items, |x, y| x.0 == y.0);
    let n_tied_both = tied_pairs(&items, |x, y| x == y);
    let mut by_b: Vec<f64> = items.iter().map(|item| item.1).collect();
    let n_discordant = sort_counting_exchanges(&mut by_b);
    let n_tied_b = tied_pairs(&by_b, |x, y| x == y);

    let n_pairs = pairs_of(items.len() as u64);
    let (untied_a, untied_b) = (n_pairs - n_tied_a, n_pairs - n_tied_b);
    if untied_a == 0 || untied_b == 0 {
        return None;
    }
    let n_concordant = n_pairs + n_tied_both - n_tied_a - n_tied_b - n_discordant;
    let difference = n_concordant as f64 - n_discordant as f64;
    Some((difference / (untied_a as f64).sqrt() / (untied_b as f64).sqrt()).clamp(-1.0, 1.0))
}

fn has_nan(values: &[f64]) -> bool {
    values.iter().any(|value| value.is_nan())
}

fn pairs_of(n: u64) -> u64 {
    n * n.saturating_sub(1) / 2
}

fn tied_pairs<T>(sorted: &[T], same: impl Fn(&T, &T) -> bool) -> u64 {
    sorted.chunk_by(same).map(|group| pairs_of(group.len() as u64)).sum()
}

/// Merge-sorts, and counts the exchanges of neighbors that sorting would take.
fn sort_counting_exchanges(values: &mut [f64]) -> u64 {
    if values.len() < 2 {
        return 0;
    }
    let (left, right) = values.split_at_mut(values.len() / 2);
    let mut n_exchanges = sort_counting_exchanges(left) + sort_counting_exchanges(right);
    let (left, right) = (left.to_vec(), right.to_vec());
    let (mut i, mut j) = (0, 0);
    for value in values {
        if j == right.len() || (i < left.len() && left[i] <= right[j]) {
            *value = left[i];
            i += 1;
        } else {
            *value = right[j];
            j += 1;
            n_exchanges += (left.len() - i) as u64;
        }
    }
    n_exchanges
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use srlm_artifact::spearman;

    use super::*;

    fn scipy_cases() -> Option<serde_json::Value> {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/fixtures/reference/rank_correlation_scipy.json"
        );
        crate::testing::reference(path)
    }

    fn floats(value: &serde_json::Value) -> Vec<f64> {
        value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
    }

    fn agrees(ours: Option<f64>, theirs: &serde_json::Value) -> bool {
        match (ours, theirs.as_f64()) {
            (Some(x), Some(y)) => (x - y).abs() < 1e-9,
            (None, None) => true,
            _ => false,
        }
    }

    #[test]
    fn both_agree_with_scipy() {
        let Some(file) = scipy_cases() else { return };
        let cases = file["cases"].as_array().unwrap();
        assert_eq!(cases.len(), 61);
        for case in cases {
            let (a, b) = (floats(&case["a"]), floats(&case["b"]));
            assert!(agrees(spearman(&a, &b), &case["spearman"]), "spearman of {case}");
            assert!(agrees(kendall_tau_b(&a, &b), &case["kendall_b"]), "tau-b of {case}");
        }
    }

    #[test]
    fn undefined_is_none_and_not_zero() {
        for (a, b) in [
            (&[][..], &[][..]),
            (&[1.0], &[2.0]),
            (&[1.0, 1.0], &[1.0, 2.0]),
            (&[1.0, f64::NAN], &[1.0, 2.0]),
        ] {
            assert_eq!(spearman(a, b), None);
            assert_eq!(kendall_tau_b(a, b), None);
        }
    }

    /// The definition: all pairs, one by one.
    fn tau_by_definition(a: &[f64], b: &[f64]) -> Option<f64> {
        let (mut sum, mut untied_a, mut untied_b) = (0.0, 0.0f64, 0.0f64);
        for i in 0..a.len() {
            for j in 0..i {
                let sign = |x: f64, y: f64| if x == y { 0.0 } else { (x - y).signum() };
                let (x, y) = (sign(a[i], a[j]), sign(b[i], b[j]));
                sum += x * y;
                untied_a += x.abs();
                untied_b += y.abs();
            }
        }
        (untied_a > 0.0 && untied_b > 0.0).then(|| sum / (untied_a * untied_b).sqrt())
    }

    proptest! {
        #[test]
        fn tau_equals_its_definition(items in prop::collection::vec((-4i32..4, -4i32..4), 0..40)) {
            let a: Vec<f64> = items.iter().map(|x| f64::from(x.0)).collect();
            let b: Vec<f64> = items.iter().map(|x| f64::from(x.1)).collect();
            match (kendall_tau_b(&a, &b), tau_by_definition(&a, &b)) {
                (Some(x), Some(y)) => prop_assert!((x - y).abs() < 1e-12),
                (x, y) => prop_assert_eq!(x, y),
            }
        }

        #[test]
        fn an_increasing_map_changes_neither(items in prop::collection::vec((-9i32..9, -9i32..9), 2..30)) {
            let a: Vec<f64> = items.iter().map(|x| f64::from(x.0)).collect();
            let b: Vec<f64> = items.iter().map(|x| f64::from(x.1)).collect();
            let mapped: Vec<f64> = a.iter().map(|x| (x / 3.0).exp()).collect();
            prop_assert_eq!(spearman(&a, &b), spearman(&mapped, &b));
            prop_assert_eq!(kendall_tau_b(&a, &b), kendall_tau_b(&mapped, &b));
        }
    }
}
