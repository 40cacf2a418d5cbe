//! Agreement of two graders beyond chance.

/// Cohen's kappa with quadratic weights of grades from 0 to 5.
///
/// `None` where it is undefined: no items, or both graders giving one and the same grade to all.
///
/// # Panics
/// For a grade above 5.
///
/// # Source
/// Cohen 1968. Checked against `sklearn.metrics.cohen_kappa_score(weights="quadratic")`.
pub fn quadratic_kappa(pairs: &[(u8, u8)]) -> Option<f64> {
    let (mut ours, mut theirs) = ([0.0f64; 6], [0.0f64; 6]);
    let mut observed = 0.0;
    for &(a, b) in pairs {
        ours[usize::from(a)] += 1.0;
        theirs[usize::from(b)] += 1.0;
        observed += (f64::from(a) - f64::from(b)).powi(2);
    }
    let mut expected = 0.0;
    for (a, n_a) in ours.iter().enumerate() {
        for (b, n_b) in theirs.iter().enumerate() {
            expected += (a as f64 - b as f64).powi(2) * n_a * n_b / pairs.len() as f64;
        }
    }
    (expected > 0.0).then(|| 1.0 - observed / expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn perfect_reversed_and_chance_agreement_have_known_values() {
        let all = [0, 1, 2, 3, 4, 5];
        let check = |pairs: Vec<(u8, u8)>, expected| assert_eq!(quadratic_kappa(&pairs), expected, "{pairs:?}");
        check(all.map(|a| (a, a)).to_vec(), Some(1.0));
        check(all.map(|a| (a, 5 - a)).to_vec(), Some(-1.0));
        check(all.iter().flat_map(|&a| all.map(|b| (a, b))).collect(), Some(0.0));
        check(all.map(|a| (a, 3)).to_vec(), Some(0.0));
        check(vec![(3, 3), (3, 3)], None);
        check(Vec::new(), None);
    }
}
