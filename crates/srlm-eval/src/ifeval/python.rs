//! What Python's strings do and Rust's do otherwise.

/// `str.isspace` of one character: Unicode white space and the four ASCII separators.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// `str.strip()`.
pub(super) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// `str.split()`: the runs between white space.
pub(super) fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|word| !word.is_empty())
}

/// `str.isupper()`: no lower case letter, and at least one upper case letter.
pub(super) fn is_upper(text: &str) -> bool {
    text.chars().any(char::is_uppercase) && !text.chars().any(|c| c.is_lowercase() || is_title(c))
}

/// `str.islower()`: no upper case letter, and at least one lower case letter.
pub(super) fn is_lower(text: &str) -> bool {
    text.chars().any(char::is_lowercase) && !text.chars().any(|c| c.is_uppercase() || is_title(c))
}

/// Whether the letter is in title case, such as `Dž` as one character: neither upper nor lower.
fn is_title(c: char) -> bool {
    matches!(c, '\u{1c5}' | '\u{1c8}' | '\u{1cb}' | '\u{1f2}' | '\u{1f88}'..='\u{1f8f}' | '\u{1f98}'..='\u{1f9f}'
        | '\u{1fa8}'..='\u{1faf}' | '\u{1fbc}' | '\u{1fcc}' | '\u{1ffc}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_needs_a_letter_that_has_one() {
        for (text, upper, lower) in [
            ("ABC 1!", true, false),
            ("abc é", false, true),
            ("Abc", false, false),
            ("123", false, false),
            ("", false, false),
            ("A\u{1c5}", false, false),
            ("漢字", false, false),
        ] {
            assert_eq!((is_upper(text), is_lower(text)), (upper, lower), "{text}");
        }
    }

    #[test]
    fn separators_are_space_and_a_zero_width_space_is_not() {
        assert_eq!(strip(" \u{1c}\u{a0}x\u{200b}\n"), "x\u{200b}");
        assert_eq!(split(" a\u{1f}b \n c").collect::<Vec<_>>(), ["a", "b", "c"]);
    }
}
