//! Marks of form: placeholders, bullets, highlights, titles, quotation marks.

use std::sync::LazyLock;

use regex::Regex;

use super::python;

static PLACEHOLDER: LazyLock<Regex> = LazyLock::new(|| expression(r"\[.*?\]"));
static STAR_BULLET: LazyLock<Regex> = LazyLock::new(|| expression(r"(?m)^[\s\x1c-\x1f]*\*[^*].*$"));
static DASH_BULLET: LazyLock<Regex> = LazyLock::new(|| expression(r"(?m)^[\s\x1c-\x1f]*-.*$"));
static HIGHLIGHT: LazyLock<Regex> = LazyLock::new(|| expression(r"\*[^\n*]*\*"));
static DOUBLE_HIGHLIGHT: LazyLock<Regex> = LazyLock::new(|| expression(r"\*\*[^\n*]*\*\*"));
static TITLE: LazyLock<Regex> = LazyLock::new(|| expression(r"<<[^\n]+>>"));

/// The answers that `constrained_response` allows.
const FIXED_ANSWERS: [&str; 3] = ["My answer is yes.", "My answer is no.", "My answer is maybe."];

pub(super) fn expression(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a constant expression compiles, as its test shows")
}

/// Square brackets that open and close in one line.
pub(super) fn n_placeholders(text: &str) -> u64 {
    PLACEHOLDER.find_iter(text).count() as u64
}

/// Lines that begin with one star or with a dash.
pub(super) fn n_bullets(text: &str) -> u64 {
    (STAR_BULLET.find_iter(text).count() + DASH_BULLET.find_iter(text).count()) as u64
}

/// Text between stars, of which bold text counts once for its double stars and, at times, once for
/// its single ones.
pub(super) fn n_highlights(text: &str) -> u64 {
    let filled = |inner: &str| !python::strip(inner).is_empty();
    let single =
        HIGHLIGHT.find_iter(text).filter(|found| filled(found.as_str().trim_matches('*'))).count();
    let double = DOUBLE_HIGHLIGHT
        .find_iter(text)
        .filter(|found| filled(&found.as_str()[2..found.len() - 2]))
        .count();
    (single + double) as u64
}

/// Whether a line holds `<<...>>` with something inside.
pub(super) fn has_title(text: &str) -> bool {
    TITLE.find_iter(text).any(|found| {
        let inner = found.as_str().trim_start_matches('<').trim_end_matches('>');
        !python::strip(inner).is_empty()
    })
}

pub(super) fn has_fixed_answer(text: &str) -> bool {
    FIXED_ANSWERS.iter().any(|answer| text.contains(answer))
}

/// Whether straight double quotation marks stand at both ends.
pub(super) fn is_quoted(text: &str) -> bool {
    let text = python::strip(text);
    text.len() > 1 && text.starts_with('"') && text.ends_with('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bold_text_counts_by_its_double_stars() {
        for (text, n) in [
            ("*a* and *b*", 2),
            ("**a**", 1),
            ("* *", 0),
            ("****", 0),
            ("*a\nb*", 0),
            ("**a** *b*", 2),
        ] {
            assert_eq!(n_highlights(text), n, "{text}");
        }
    }

    #[test]
    fn bullets_are_lines_with_one_star_or_a_dash() {
        for (text, n) in
            [("* a\n* b", 2), ("** a", 0), ("- a\n  - b\n---", 3), ("a * b - c", 0), ("*\n* a", 1)]
        {
            assert_eq!(n_bullets(text), n, "{text}");
        }
    }

    #[test]
    fn titles_and_quotation_marks_need_both_ends() {
        for (text, title) in
            [("<<a>>", true), ("<< >>", false), ("<<a\n>>", false), ("<<<b>>>", true)]
        {
            assert_eq!(has_title(text), title, "{text}");
        }
        for (text, quoted) in
            [("\"a\"", true), ("\"", false), (" \"a\" \n", true), ("\u{201c}a\u{201d}", false)]
        {
            assert_eq!(is_quoted(text), quoted, "{text}");
        }
    }
}
