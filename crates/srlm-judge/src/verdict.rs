//! Reading the verdict out of a comparison.

use crate::statement::{Statement, last_stated, undecorated, word};

pub(crate) const LABEL: &str = "Verdict";

/// Which of two responses is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The first.
    A,
    /// The second.
    B,
    /// Neither.
    Tie,
}

/// The last verdict of a comparison: `Verdict: A`, `Verdict: B` or `Verdict: tie`, as forgiving of
/// decoration as
/// [`parse_score`](crate::parse_score); `None` where there is none or its meaning is in doubt.
///
/// ```
/// use srlm_judge::{Verdict, parse_verdict};
///
/// assert_eq!(parse_verdict("B is shorter and still complete.\n**Verdict:** Response B"), Some(Verdict::B));
/// assert_eq!(parse_verdict("Verdict: A or B"), None);
/// ```
pub fn parse_verdict(text: &str) -> Option<Verdict> {
    stated(text, LABEL)
}

/// The last verdict that a text states as `label: A`.
pub(crate) fn stated(text: &str, label: &str) -> Option<Verdict> {
    last_stated(text, label, read)
}

fn read(statement: &Statement<'_>) -> Option<Verdict> {
    let (first, rest) = first_word(statement.value);
    let next = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
    let directly = rest[..rest.len() - next.len()].trim().is_empty();
    let next = word(next).0.to_ascii_lowercase();
    let verdict = match first.to_ascii_lowercase().as_str() {
        "tie" | "tied" => return (!statement.alone || next.is_empty()).then_some(Verdict::Tie),
        "a" if directly && next == "tie" => return Some(Verdict::Tie),
        "a" => Verdict::A,
        "b" => Verdict::B,
        _ => return None,
    };
    let stands = match next.as_str() {
        "" => true,
        _ if statement.alone => false,
        // `A answer` may be a letter or an article.
        next if directly => ["because", "is", "over", "wins"].contains(&next),
        next => !["a", "and", "b", "both", "neither", "or", "tie"].contains(&next),
    };
    stands.then_some(verdict)
}

/// The first word that says something, and what follows it.
fn first_word(value: &str) -> (&str, &str) {
    const FILLERS: [&str; 11] = [
        "answer",
        "assistant",
        "candidate",
        "is",
        "it",
        "judgement",
        "judgment",
        "option",
        "response",
        "s",
        "the",
    ];
    let (mut first, mut rest) = word(undecorated(value));
    while FILLERS.iter().any(|filler| first.eq_ignore_ascii_case(filler)) {
        (first, rest) = word(undecorated(rest));
    }
    (first, rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_verdict_is_read_whatever_it_is_decorated_with() {
        let rows = [
            ("Verdict: A", Some(Verdict::A)),
            ("verdict: a", Some(Verdict::A)),
            ("Verdict: B.", Some(Verdict::B)),
            ("**Verdict:** B", Some(Verdict::B)),
            ("Verdict: **A**", Some(Verdict::A)),
            ("## Verdict: [[A]]", Some(Verdict::A)),
            ("“Verdict: B”", Some(Verdict::B)),
            ("Verdict - B", Some(Verdict::B)),
            ("Verdict\nB", Some(Verdict::B)),
            ("Final verdict: Response A", Some(Verdict::A)),
            ("Verdict: the answer B", Some(Verdict::B)),
            ("Verdict: Judgment B", Some(Verdict::B)),
            ("Verdict: A is better", Some(Verdict::A)),
            ("Verdict: A, not B", Some(Verdict::A)),
            ("Verdict: A (slightly better)", Some(Verdict::A)),
            ("Verdict: tie", Some(Verdict::Tie)),
            ("Verdict: TIE!", Some(Verdict::Tie)),
            ("Verdict: a tie", Some(Verdict::Tie)),
            ("Verdict: It's a tie.", Some(Verdict::Tie)),
            ("Verdict: tie between A and B", Some(Verdict::Tie)),
            ("Verdict: A\nVerdict: B", Some(Verdict::B)),
            ("Verdict: B\nThe verdict follows from the facts.", Some(Verdict::B)),
            ("Verdict: A or B", None),
            ("Verdict: A/B", None),
            ("Verdict: A, B", None),
            ("Verdict: **A** or **B**", None),
            ("Verdict: A > B", None),
            ("Verdict: A close call", None),
            ("Verdict: both", None),
            ("Verdict: neither", None),
            ("Verdict: not a tie", None),
            ("Verdict: C", None),
            ("Verdict: A1", None),
            ("Verdict:", None),
            ("Verdict: A\nVerdict: unclear", None),
            ("A is better.", None),
            ("", None),
        ];
        for (text, expected) in rows {
            assert_eq!(parse_verdict(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in any::<String>(), near in "(?s)(Verdict|[:., \n-]|A|B|tie|or|is|é){0,16}") {
            let _ = parse_verdict(&text);
            let _ = parse_verdict(&near);
        }

        #[test]
        fn a_stated_verdict_is_read_back(before in any::<String>()) {
            let rows = [("A", Verdict::A), ("B", Verdict::B), ("tie", Verdict::Tie)];
            for (word, verdict) in rows {
                prop_assert_eq!(parse_verdict(&format!("{before}\nVerdict: {word}")), Some(verdict));
            }
        }
    }
}
