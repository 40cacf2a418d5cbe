//! The interval of a difference of two shares.

use crate::Estimate;

/// `a - b`, where each has its interval by Wilson, and `correlation` is that of the two shares.
///
/// # Source
/// Newcombe 1998, "Interval estimation for the difference between independent proportions", method
/// 10, and his term for correlated proportions of the same year. Without correlation checked
/// against `statsmodels.stats.proportion.confint_proportions_2indep(method="newcomb")`.
pub(super) fn difference(a: Estimate, b: Estimate, correlation: f64) -> Estimate {
    let value = a.value - b.value;
    let half = |da: f64, db: f64| (da * da - 2.0 * correlation * da * db + db * db).max(0.0).sqrt();
    let low = value - half(a.value - a.low, b.high - b.value);
    let high = value + half(a.high - a.value, b.value - b.low);
    Estimate { value, low: low.max(-1.0), high: high.min(1.0) }
}

/// Correlation of the shares of two outcomes of which at most one happens.
pub(super) fn exclusive(a: f64, b: f64) -> f64 {
    let spread = ((1.0 - a) * (1.0 - b)).sqrt();
    if spread > 0.0 { -((a * b).sqrt() / spread).min(1.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wilson;

    #[test]
    fn independent_shares_agree_with_statsmodels() {
        let check = |(a, n): (u64, u64), (b, m): (u64, u64), low: f64, high: f64| {
            let found = difference(wilson(a, n).unwrap(), wilson(b, m).unwrap(), 0.0);
            assert!(
                (found.low - low).abs() < 1e-12 && (found.high - high).abs() < 1e-12,
                "{found:?}"
            );
        };
        check((14, 16), (3, 16), 0.34959221552294, 0.8387835880953651);
        check((4, 4), (0, 4), 0.30718973500360847, 1.0);
        check((8, 16), (8, 16), -0.3111331552040353, 0.3111331552040353);
        check((2, 3), (3, 4), -0.5857993067652942, 0.4418528186173334);
    }

    #[test]
    fn outcomes_that_exclude_each_other_have_a_wider_difference() {
        let (a, b) = (wilson(8, 16).unwrap(), wilson(8, 16).unwrap());
        assert_eq!(exclusive(0.5, 0.5), -1.0);
        let (wide, narrow) = (difference(a, b, exclusive(0.5, 0.5)), difference(a, b, 0.0));
        assert!(wide.high > narrow.high && wide.low < narrow.low);
        assert_eq!((exclusive(1.0, 0.0), exclusive(0.0, 0.0)), (0.0, 0.0));
    }
}
