//! Wins against losses: the exact sign test and Wilson's interval.

use crate::Estimate;

/// 97.5th percentile of the standard normal distribution: two-sided intervals at 95 %.
const Z_95: f64 = 1.959_963_984_540_054;

/// Two-sided p-value of the exact sign test: how likely wins and losses are at least this uneven if
/// each is as likely as the other. Ties are left out before. Without wins and losses it is 1.
///
/// # Source
/// Checked against `scipy.stats.binomtest(wins, wins + losses, 0.5)`.
pub fn sign_test(n_wins: u64, n_losses: u64) -> f64 {
    let n = n_wins + n_losses;
    let fewer = n_wins.min(n_losses);
    // ln of C(n, k) / 2^n, from k = 0 up.
    let mut ln_probability = -(n as f64) * std::f64::consts::LN_2;
    let mut tail = ln_probability.exp();
    for k in 0..fewer {
        ln_probability += ((n - k) as f64 / (k + 1) as f64).ln();
        tail += ln_probability.exp();
    }
    (2.0 * tail).min(1.0)
}

/// The share `n_hits / n` with Wilson's score interval at 95 %, without continuity correction;
/// `None` when `n` is 0.
///
/// # Panics
/// When `n_hits` is above `n`.
///
/// # Source
/// Wilson 1927. Checked against `scipy.stats.binomtest(...).proportion_ci(method="wilson")`.
pub fn wilson(n_hits: u64, n: u64) -> Option<Estimate> {
    assert!(n_hits <= n, "a share is at most the whole");
    if n == 0 {
        return None;
    }
    let (hits, total) = (n_hits as f64, n as f64);
    let share = hits / total;
    let z2 = Z_95 * Z_95;
    let center = (hits + z2 / 2.0) / (total + z2);
    let half = Z_95 / (total + z2) * (total * share * (1.0 - share) + z2 / 4.0).sqrt();
    // Rounding must not push the ends past 0 and 1, which they touch exactly.
    let low = if n_hits == 0 { 0.0 } else { center - half };
    let high = if n_hits == n { 1.0 } else { center + half };
    Some(Estimate { value: share, low, high })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_agree_with_scipy() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/fixtures/reference/sign_test_scipy.json"
        );
        let Some(file) = crate::testing::reference(path) else { return };
        for case in file["cases"].as_array().unwrap() {
            let (wins, losses) = (case["wins"].as_u64().unwrap(), case["losses"].as_u64().unwrap());
            let p = case["two_sided_p"].as_f64().unwrap();
            assert!((sign_test(wins, losses) - p).abs() < 1e-12, "{case}");
            let interval = wilson(wins, wins + losses).unwrap();
            assert!((interval.low - case["wilson95"][0].as_f64().unwrap()).abs() < 1e-12, "{case}");
            assert!(
                (interval.high - case["wilson95"][1].as_f64().unwrap()).abs() < 1e-12,
                "{case}"
            );
        }
    }

    #[test]
    fn few_and_many_are_exact() {
        assert_eq!(sign_test(0, 0), 1.0);
        assert!((sign_test(3, 0) - 0.25).abs() < 1e-15);
        assert_eq!(sign_test(10, 3), sign_test(3, 10));
        assert!((sign_test(6, 1) - 0.125).abs() < 1e-15);
        // 2^-10000 underflows; equal counts must still give 1.
        assert!((sign_test(5000, 5000) - 1.0).abs() < 1e-9);
        assert_eq!(wilson(0, 0), None);
    }
}
