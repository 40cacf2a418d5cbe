//! Whether scores give the order that people gave.

use super::ScoreTies;

/// Whether some two of the `(human rank, score)` are the other way around. Rank 0 is best. Equal
/// ranks contradict nothing; equal scores do where `ties` says so.
pub(crate) fn contradicts(ranked: &[(u32, f64)], ties: ScoreTies) -> bool {
    let wrong = |(better, high): (u32, f64), (worse, low): (u32, f64)| {
        better < worse && (high < low || (high == low && ties == ScoreTies::Disagree))
    };
    ranked.iter().any(|&one| ranked.iter().any(|&other| wrong(one, other)))
}

/// Whether there are several scores, all the same.
pub(crate) fn all_tied(ranked: &[(u32, f64)]) -> bool {
    ranked.windows(2).all(|two| two[0].1 == two[1].1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ScoreTies::{Agree, Disagree};

    #[test]
    fn an_order_is_contradicted_by_one_pair() {
        type Ranked<'a> = &'a [(u32, f64)];
        // Ranks and scores; whether they contradict where ties agree, and where they disagree.
        let rows: [(Ranked<'_>, bool, bool); 9] = [
            (&[(0, 4.0), (1, 3.0), (2, 1.0)], false, false),
            (&[(2, 1.0), (0, 4.0), (1, 3.0)], false, false),
            (&[(0, 4.0), (1, 1.0), (2, 3.0)], true, true),
            (&[(0, 1.0), (1, 4.0)], true, true),
            (&[(0, 4.0), (1, 4.0), (2, 1.0)], false, true),
            (&[(0, 4.0), (1, 4.0)], false, true),
            (&[(0, 4.0), (0, 1.0), (1, 0.0)], false, false),
            (&[(0, 1.0), (0, 4.0), (1, 0.0)], false, false),
            (&[(3, 4.0)], false, false),
        ];
        for (ranked, agree, disagree) in rows {
            assert_eq!(
                (contradicts(ranked, Agree), contradicts(ranked, Disagree)),
                (agree, disagree),
                "{ranked:?}"
            );
        }
    }

    #[test]
    fn scores_that_are_all_the_same_rank_nothing() {
        assert!(all_tied(&[(0, 4.0), (1, 4.0), (2, 4.0)]));
        assert!(!all_tied(&[(0, 4.0), (1, 4.0), (2, 3.0)]));
    }
}
