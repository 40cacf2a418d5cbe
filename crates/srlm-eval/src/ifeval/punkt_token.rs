//! Words as Punkt sees them.

use std::sync::LazyLock;

use regex::Regex;

use super::form::expression;
use super::python;

static NUMBER: LazyLock<Regex> = LazyLock::new(|| expression(r"^-?[.,]?\d[\d,.-]*\.?$"));
/// A letter and a period, and nothing before them.
static INITIAL: LazyLock<Regex> = LazyLock::new(|| expression(r"^[\p{L}\p{Nl}\p{No}_]\.$"));

/// What numbers have for a type, their final period included.
pub(super) const NUMBER_TYPE: &str = "##number##";

/// A word with what the first pass says of it.
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    /// The text in lower case; all numbers have one type.
    pub(super) type_: String,
    pub(super) is_break: bool,
    pub(super) is_abbreviation: bool,
}

impl<'a> Token<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let lower = text.to_lowercase();
        let type_ = if NUMBER.is_match(&lower) { NUMBER_TYPE.to_owned() } else { lower };
        Self { text, type_, is_break: false, is_abbreviation: false }
    }

    pub(super) fn type_without_period(&self) -> &str {
        if self.type_.len() > 1 {
            self.type_.strip_suffix('.').unwrap_or(&self.type_)
        } else {
            &self.type_
        }
    }

    /// The type, without its period where that ends a sentence.
    pub(super) fn type_in_sentence(&self) -> &str {
        if self.is_break { self.type_without_period() } else { &self.type_ }
    }

    pub(super) fn is_ellipsis(&self) -> bool {
        self.text.len() > 1 && self.text.bytes().all(|b| b == b'.')
    }

    pub(super) fn is_initial(&self) -> bool {
        INITIAL.is_match(self.text)
    }

    pub(super) fn begins_upper(&self) -> bool {
        self.text.starts_with(char::is_uppercase)
    }

    pub(super) fn begins_lower(&self) -> bool {
        self.text.starts_with(char::is_lowercase)
    }
}

/// Marks that end a word wherever they stand.
pub(super) fn ends_word(c: char) -> bool {
    matches!(c, ')' | '"' | ';' | '}' | ']' | '*' | ':' | '@' | '\'' | '(' | '{' | '[' | '?' | '!')
}

/// Marks that are words of their own where they begin one.
fn stands_alone(c: char) -> bool {
    matches!(
        c,
        '(' | '"'
            | '`'
            | '{'
            | '['
            | ':'
            | ';'
            | '&'
            | '#'
            | '*'
            | '@'
            | ')'
            | '}'
            | ']'
            | '-'
            | ','
    )
}

/// The words of each line. Periods stay with the word before them.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    text.split('\n').flat_map(tokens_of_line).collect()
}

fn tokens_of_line(line: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = line.trim_start_matches(python::is_space);
    while let Some(first) = rest.chars().next() {
        let length = match marks_at(rest) {
            Some(length) => length,
            None if stands_alone(first) => first.len_utf8(),
            None => word_length(rest),
        };
        found.push(Token::new(&rest[..length]));
        rest = rest[length..].trim_start_matches(python::is_space);
    }
    found
}

/// Length in bytes of the dashes, the dots or the spaced dots at the beginning.
fn marks_at(text: &str) -> Option<usize> {
    for mark in ['-', '.'] {
        let length = text.len() - text.trim_start_matches(mark).len();
        if length >= 2 {
            return Some(length);
        }
    }
    spaced_dots_at(text)
}

/// Three dots or more with one blank between each two.
fn spaced_dots_at(text: &str) -> Option<usize> {
    let mut rest = text.strip_prefix('.')?;
    let mut n_more = 0;
    while let Some(next) =
        rest.strip_prefix(python::is_space).and_then(|after| after.strip_prefix('.'))
    {
        rest = next;
        n_more += 1;
    }
    (n_more >= 2).then(|| text.len() - rest.len())
}

/// Length in bytes of a word of at least one character: up to a blank, a mark, or a comma before
/// one.
fn word_length(text: &str) -> usize {
    let ends = |at: &str| {
        at.chars().next().is_none_or(|c| python::is_space(c) || ends_word(c))
            || marks_at(at).is_some()
    };
    let places = text.char_indices().map(|(i, _)| i).skip(1);
    let end = places
        .into_iter()
        .find(|&i| ends(&text[i..]) || text[i..].strip_prefix(',').is_some_and(ends));
    end.unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_their_periods() {
        for (text, expected) in [
            ("Dr. Smith, (aged 3.5)", "Dr.|Smith|,|(|aged|3.5|)"),
            ("wait... what--no", "wait|...|what|--|no"),
            ("so . . . on", "so|. . .|on"),
            ("1,000, 'a' & x?!", "1,000|,|'a|'|&|x|?|!"),
        ] {
            let found: Vec<&str> = tokens(text).iter().map(|token| token.text).collect();
            assert_eq!(found.join("|"), expected);
        }
    }

    #[test]
    fn numbers_share_a_type() {
        for (text, expected) in
            [("3.5", NUMBER_TYPE), ("-1,000.", NUMBER_TYPE), ("U.S.", "u.s."), ("3rd.", "3rd.")]
        {
            assert_eq!(Token::new(text).type_, expected);
        }
    }
}
