//! Reading the verdict out of a judgment, as FastChat does.

use std::sync::LazyLock;

use regex::Regex;

use crate::Preference;

/// Scores that differ by no more are a tie.
const TIE: f64 = 0.1;

static ONE: LazyLock<[Regex; 2]> = LazyLock::new(|| {
    [r"\[\[(\d+\.?\d*)\]\]", r"\[(\d+\.?\d*)\]"]
        .map(|p| Regex::new(p).expect("a pattern of our own"))
});
static TWO: LazyLock<[Regex; 2]> = LazyLock::new(|| {
    [r"\[\[(\d+\.?\d*),\s?(\d+\.?\d*)\]\]", r"\[(\d+\.?\d*),\s?(\d+\.?\d*)\]"]
        .map(|p| Regex::new(p).expect("a pattern of our own"))
});

/// The first `[[7]]`, else the first `[7]`.
pub(super) fn rating(judgment: &str) -> Option<f64> {
    let found = ONE.iter().find_map(|pattern| pattern.captures(judgment))?;
    found[1].parse().ok()
}

/// `[[A]]` before `[[B]]` before `[[C]]`, a tie, wherever they stand.
pub(super) fn letter(judgment: &str) -> Option<Preference> {
    let letters = [("[[A]]", Preference::A), ("[[B]]", Preference::B), ("[[C]]", Preference::Tie)];
    letters.into_iter().find(|(mark, _)| judgment.contains(mark)).map(|(_, preference)| preference)
}

/// The first `[[7, 5]]`, else the first `[7, 5]`.
pub(super) fn two_ratings(judgment: &str) -> Option<Preference> {
    let found = TWO.iter().find_map(|pattern| pattern.captures(judgment))?;
    let (a, b): (f64, f64) = (found[1].parse().ok()?, found[2].parse().ok()?);
    Some(if (a - b).abs() <= TIE {
        Preference::Tie
    } else if a > b {
        Preference::A
    } else {
        Preference::B
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratings_are_read_as_fastchat_reads_them() {
        let rows = [
            ("Rating: [[7]]", Some(7.0)),
            ("[[7.5]] then [[2]]", Some(7.5)),
            ("[3] of [[10]]", Some(10.0)),
            ("Rating: [8]", Some(8.0)),
            ("Rating: [[8/10]]", None),
            ("[[-1]]", None),
            ("eight", None),
        ];
        rows.iter().for_each(|&(text, expected)| assert_eq!(rating(text), expected, "{text}"));
    }

    #[test]
    fn preferences_are_read_as_fastchat_reads_them() {
        use Preference::{A, B, Tie};
        let letters =
            [("[[B]] not [[A]]", Some(A)), ("[[B]]", Some(B)), ("[[C]]", Some(Tie)), ("[A]", None)];
        letters.iter().for_each(|&(text, expected)| assert_eq!(letter(text), expected, "{text}"));
        let ratings = [
            ("[[7, 5]]", Some(A)),
            ("[[7,7.1]]", Some(Tie)),
            ("[4,5]", Some(B)),
            ("[[7;5]]", None),
            ("7, 5", None),
        ];
        ratings
            .iter()
            .for_each(|&(text, expected)| assert_eq!(two_ratings(text), expected, "{text}"));
    }
}
