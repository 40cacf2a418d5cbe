//! Parts of a response: paragraphs and alternatives.

use std::sync::LazyLock;

use regex::Regex;

use super::form::expression;
use super::python;

static STARS: LazyLock<Regex> = LazyLock::new(|| expression(r"[\s\x1c-\x1f]?\*\*\*[\s\x1c-\x1f]?"));

fn is_blank(text: &str) -> bool {
    python::strip(text).is_empty()
}

/// Paragraphs between `***`; an empty one is allowed only first and last. `None` where one stands
/// between others.
pub(super) fn n_starred(text: &str) -> Option<u64> {
    let paragraphs: Vec<&str> = STARS.split(text).collect();
    let last = paragraphs.len() - 1;
    let blanks: Vec<usize> = (0..=last).filter(|&i| is_blank(paragraphs[i])).collect();
    blanks.iter().all(|&i| i == 0 || i == last).then(|| (paragraphs.len() - blanks.len()) as u64)
}

/// Whether exactly two different answers stand around `******`.
pub(super) fn are_two(text: &str) -> bool {
    let parts: Vec<&str> = text.split("******").collect();
    let last = parts.len() - 1;
    if (1..last).any(|i| is_blank(parts[i])) {
        return false;
    }
    let answers: Vec<&str> =
        parts.iter().map(|part| python::strip(part)).filter(|part| !part.is_empty()).collect();
    matches!(answers[..], [one, other] if one != other)
}

/// Whether there are `n` paragraphs and the one at place `nth`, from 1, begins with `first_word`,
/// which is in lower case. The place counts blank paragraphs, the number does not.
pub(super) fn nth_begins_with(text: &str, n: u64, nth: u64, first_word: &str) -> bool {
    let paragraphs: Vec<&str> = text.split("\n\n").collect();
    let n_filled = paragraphs.iter().filter(|paragraph| !is_blank(paragraph)).count() as u64;
    if n_filled != n || nth == 0 || nth > n_filled {
        return false;
    }
    python::split(paragraphs[nth as usize - 1]).next().is_some_and(|word| bare(word) == first_word)
}

/// The word without quotation marks before it and anything from the first punctuation mark on, in
/// lower case.
fn bare(word: &str) -> String {
    let word = word.trim_start_matches('\'').trim_start_matches('"');
    let end = word.find(['.', ',', '?', '!', '\'', '"']).unwrap_or(word.len());
    word[..end].chars().flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_paragraphs_count_only_as_errors_between_others() {
        for (text, n) in [
            ("a", Some(1)),
            ("a *** b", Some(2)),
            ("***\na\n***\nb\n***", Some(2)),
            ("a *** *** b", None),
            ("a ****** b", None),
        ] {
            assert_eq!(n_starred(text), n, "{text}");
        }
    }

    #[test]
    fn two_answers_differ() {
        for (text, two) in [
            ("a ****** b", true),
            ("a ****** a", false),
            ("a", false),
            ("******a******b******", true),
        ] {
            assert_eq!(are_two(text), two, "{text}");
        }
        assert!(!are_two("a ****** ****** b"));
    }

    #[test]
    fn first_word_loses_its_marks() {
        assert!(nth_begins_with("One.\n\n\"Two's\" many", 2, 2, "two"));
        assert!(!nth_begins_with("One.\n\nTwofold", 2, 2, "two"));
        assert!(!nth_begins_with("One", 1, 2, "one"));
        assert!(!nth_begins_with("One\n\n\n\nTwo", 2, 2, "two"), "the second paragraph is blank");
    }
}
