//! Words, and how a response begins and ends.

use std::sync::LazyLock;

use regex::Regex;

use super::form::expression;
use super::{python, treebank};

/// Python's `\w+`: combining marks split words, unlike in this crate's engine.
static WORD: LazyLock<Regex> = LazyLock::new(|| expression(r"[\p{L}\p{N}_]+"));

/// Runs of letters, digits and underscores.
pub(super) fn n_words(text: &str) -> usize {
    WORD.find_iter(text).count()
}

/// Words in capitals; a hyphenated word counts once.
pub(super) fn n_capital_words(text: &str) -> usize {
    treebank::words(text).iter().filter(|word| python::is_upper(word)).count()
}

/// Whether the text begins with the phrase, case and outer white space aside.
pub(super) fn begins_with(text: &str, phrase: &str) -> bool {
    python::strip(text).to_lowercase().starts_with(&python::strip(phrase).to_lowercase())
}

/// Whether the text ends with the phrase, case, outer white space and closing double quotation
/// marks aside.
pub(super) fn ends_with(text: &str, phrase: &str) -> bool {
    let text = python::strip(text).trim_matches('"').to_lowercase();
    text.ends_with(&python::strip(phrase).to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_pythons() {
        for (text, n) in [("", 0), ("it's 3.5 x_y", 5), ("हिन्दी", 3), ("naïve — ½", 2)]
        {
            assert_eq!(n_words(text), n, "{text}");
        }
    }

    #[test]
    fn capital_words_are_split_as_nltk_does() {
        for (text, n) in
            [("DON'T", 2), ("The U.S. and NASA.", 2), ("A-B c", 1), ("I AM.", 2), ("123 !", 0)]
        {
            assert_eq!(n_capital_words(text), n, "{text}");
        }
    }

    #[test]
    fn ends_are_compared_without_case() {
        assert!(ends_with("It is so. \"Any other questions?\" ", "any other Questions?"));
        assert!(begins_with("\n SAY hi. Hi!", "Say hi. "));
        assert!(!begins_with("He said: say hi", "Say hi"));
    }
}
