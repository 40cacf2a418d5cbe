//! Where Python's strings differ from Rust's.

/// `str.isspace` of one character: four separators more than Unicode's white space.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// `str.strip`.
pub(super) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// `str.capitalize`: the first character in title case, the others in lower case.
pub(super) fn capitalize(text: &str) -> String {
    let mut characters = text.chars();
    let Some(first) = characters.next() else { return String::new() };
    // Title case of a letter with several upper-case ones, such as the German sharp s, has only the
    // first of them.
    let mut upper = first.to_uppercase();
    let head = upper.next().into_iter().chain(upper.flat_map(char::to_lowercase));
    head.collect::<String>() + &characters.as_str().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_are_those_of_python() {
        for (text, expected) in [
            ("", ""),
            ("the OVEN", "The oven"),
            ("ßtrong", "Sstrong"),
            ("élan", "Élan"),
            ("9A", "9a"),
        ] {
            assert_eq!(capitalize(text), expected);
        }
        assert_eq!(strip("\u{1c} a b\u{a0}\n"), "a b");
    }
}
