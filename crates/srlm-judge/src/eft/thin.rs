//! Discarding part of what is too common.

use std::collections::BTreeMap;

use srlm_artifact::Score;

/// Room for rounding where a share is met exactly.
const SLACK: f64 = 1e-9;

/// Keeps, of each score, at most as many rows as leave no score with more than `max_share` of all
/// that are kept; in `order` the rows that come first stay. With n different scores the share is at
/// least 1/n: each keeps as many as the rarest has, or more. The order of the rows does not matter
/// to what is kept.
pub(crate) fn thin<T, K: Ord>(
    rows: Vec<T>,
    max_share: f64,
    score: impl Fn(&T) -> Score,
    order: impl Fn(&T) -> K,
) -> Vec<T> {
    let mut of_score: BTreeMap<Score, Vec<T>> = BTreeMap::new();
    rows.into_iter().for_each(|row| of_score.entry(score(&row)).or_default().push(row));
    let n_rows: Vec<usize> = of_score.values().map(Vec::len).collect();
    let limit = limit(&n_rows, max_share);
    let keep = |mut rows: Vec<T>| {
        rows.sort_by_cached_key(&order);
        rows.truncate(limit);
        rows
    };
    of_score.into_values().flat_map(keep).collect()
}

/// The most rows of one score, given how many rows each score has.
fn limit(n_rows: &[usize], max_share: f64) -> usize {
    let share = max_share.max(1.0 / n_rows.len() as f64);
    let kept = |limit: usize| n_rows.iter().map(|&n| n.min(limit)).sum::<usize>();
    let most = n_rows.iter().copied().max().unwrap_or(0);
    (0..=most).rev().find(|&limit| limit as f64 <= share * kept(limit) as f64 + SLACK).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_common_score_is_cut_down_to_its_share() {
        // Rows of each score, the share, and what is kept.
        let rows: [(&[usize], f64, &[usize]); 9] = [
            (&[10, 20, 70], 1.0, &[10, 20, 70]),
            (&[10, 20, 70], 0.5, &[10, 20, 30]),
            (&[10, 20, 30], 0.5, &[10, 20, 30]),
            (&[10, 10, 70], 0.4, &[10, 10, 13]),
            (&[5, 5, 5, 5, 80], 0.4, &[5, 5, 5, 5, 13]),
            (&[3, 50], 0.4, &[3, 3]),
            (&[9], 0.4, &[9]),
            (&[1, 1, 9], 0.1, &[1, 1, 1]),
            (&[], 0.4, &[]),
        ];
        for (n_rows, share, expected) in rows {
            let limit = limit(n_rows, share);
            let kept: Vec<usize> = n_rows.iter().map(|&n| n.min(limit)).collect();
            assert_eq!(kept, expected, "{n_rows:?} at {share}");
        }
    }

    #[test]
    fn what_comes_first_stays() {
        let score = |&(score, _): &(f64, u32)| Score::new(score).unwrap();
        let rows = vec![(4.0, 7), (4.0, 2), (3.0, 9), (4.0, 5)];
        let kept = thin(rows, 0.5, score, |&(_, n)| n);
        assert_eq!(kept, [(3.0, 9), (4.0, 2)]);
    }
}
