//! Agreement of raters beyond chance.

/// Cohen's kappa of two raters over the same items, each with a category from 0 to `n_categories -
/// 1`.
///
/// `None` without items, and where both raters use one and the same category throughout: there
/// chance explains all.
///
/// # Panics
/// Where the two lists differ in length or a category is not below `n_categories`.
///
/// # Source
/// Cohen 1960. Checked against `sklearn.metrics.cohen_kappa_score` by
/// `tests/fixtures/kappa_reference.py`.
pub fn cohen_kappa(a: &[usize], b: &[usize], n_categories: usize) -> Option<f64> {
    assert_eq!(a.len(), b.len(), "both raters rate the same items");
    let n = a.len() as f64;
    let share = |rater: &[usize], category: usize| {
        rater.iter().filter(|&&given| given == category).count() as f64 / n
    };
    let n_same = a.iter().zip(b).filter(|(a, b)| a == b).count() as f64;
    assert!(
        a.iter().chain(b).all(|&category| category < n_categories),
        "categories are below n_categories"
    );
    let expected = (0..n_categories).map(|category| share(a, category) * share(b, category)).sum();
    beyond_chance(n_same / n, expected)
}

/// Fleiss' kappa: of each item how many raters gave each category. Every item has the same number
/// of raters.
///
/// `None` without items, with fewer than two raters, and where all ratings are of one category.
///
/// # Panics
/// Where items differ in their number of ratings.
///
/// # Source
/// Fleiss 1971. Checked against `statsmodels.stats.inter_rater.fleiss_kappa` by
/// `tests/fixtures/kappa_reference.py`.
pub fn fleiss_kappa(items: &[Vec<u64>]) -> Option<f64> {
    let n_raters = items.first()?.iter().sum::<u64>();
    if n_raters < 2 {
        return None;
    }
    let (n_items, raters) = (items.len() as f64, n_raters as f64);
    let mut observed = 0.0;
    let mut totals = vec![0.0; items[0].len()];
    for item in items {
        assert_eq!(item.iter().sum::<u64>(), n_raters, "every item has the same number of ratings");
        let n_pairs: f64 = item.iter().map(|&n| n as f64 * (n as f64 - 1.0)).sum();
        observed += n_pairs / (raters * (raters - 1.0));
        totals.iter_mut().zip(item).for_each(|(total, &n)| *total += n as f64);
    }
    let expected = totals.iter().map(|total| (total / (n_items * raters)).powi(2)).sum();
    beyond_chance(observed / n_items, expected)
}

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

fn beyond_chance(observed: f64, expected: f64) -> Option<f64> {
    (expected < 1.0)
        .then(|| (observed - expected) / (1.0 - expected))
        .filter(|kappa| kappa.is_finite())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cases_to_check_with_a_pencil() {
        // 3 of 4 the same; by chance 1/2 * 1/4 + 1/2 * 3/4 = 1/2.
        assert_eq!(cohen_kappa(&[0, 0, 1, 1], &[0, 1, 1, 1], 2), Some(0.5));
        assert_eq!(cohen_kappa(&[0, 1, 2], &[0, 1, 2], 3), Some(1.0));
        assert_eq!(cohen_kappa(&[1, 1], &[1, 1], 3), None);
        assert_eq!(cohen_kappa(&[], &[], 3), None);
        assert_eq!(fleiss_kappa(&[vec![3, 0], vec![0, 3]]), Some(1.0));
        assert_eq!(fleiss_kappa(&[vec![1, 0]]), None);
        assert_eq!(fleiss_kappa(&[vec![3, 0], vec![3, 0]]), None);
        assert_eq!(fleiss_kappa(&[]), None);
    }

    #[test]
    fn both_agree_with_scikit_learn_and_statsmodels() {
        #[derive(serde::Deserialize)]
        struct Case {
            n_categories: usize,
            raters: Vec<Vec<usize>>,
            cohen: Vec<(usize, usize, f64)>,
            fleiss: f64,
        }
        let file: serde_json::Value =
            serde_json::from_str(include_str!("../tests/fixtures/kappa.json")).unwrap();
        let cases: Vec<Case> = serde_json::from_value(file["cases"].clone()).unwrap();
        assert_eq!(cases.len(), 4);
        for Case { n_categories, raters, cohen, fleiss } in cases {
            for (i, j, expected) in cohen {
                let found = cohen_kappa(&raters[i], &raters[j], n_categories).unwrap();
                assert!((found - expected).abs() < 1e-12, "{i} {j}: {found} {expected}");
            }
            let of_item = |at: usize| -> Vec<u64> {
                (0..n_categories)
                    .map(|c| raters.iter().filter(|rater| rater[at] == c).count() as u64)
                    .collect()
            };
            let found =
                fleiss_kappa(&(0..raters[0].len()).map(of_item).collect::<Vec<_>>()).unwrap();
            assert!((found - fleiss).abs() < 1e-12, "{found} {fleiss}");
        }
    }

    #[test]
    fn perfect_reversed_and_chance_grades_have_known_values() {
        let all = [0, 1, 2, 3, 4, 5];
        let check = |pairs: Vec<(u8, u8)>, expected| {
            assert_eq!(quadratic_kappa(&pairs), expected, "{pairs:?}")
        };
        check(all.map(|a| (a, a)).to_vec(), Some(1.0));
        check(all.map(|a| (a, 5 - a)).to_vec(), Some(-1.0));
        check(all.iter().flat_map(|&a| all.map(|b| (a, b))).collect(), Some(0.0));
        check(all.map(|a| (a, 3)).to_vec(), Some(0.0));
        check(vec![(3, 3), (3, 3)], None);
        check(Vec::new(), None);
    }

    proptest! {
        #[test]
        fn the_order_of_raters_and_items_does_not_matter(
            pairs in prop::collection::vec((0usize..3, 0usize..3), 1..30)
        ) {
            let (a, b): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
            let (ra, rb): (Vec<_>, Vec<_>) = pairs.iter().rev().copied().unzip();
            let found = cohen_kappa(&a, &b, 3);
            prop_assert_eq!(found, cohen_kappa(&b, &a, 3));
            prop_assert_eq!(found, cohen_kappa(&ra, &rb, 3));
            prop_assert!(found.is_none_or(|kappa| (-1.0..=1.0).contains(&kappa)));
        }
    }
}
