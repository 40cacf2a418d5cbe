//! Regular expressions that come from data.

use std::borrow::Cow;
use std::fmt;

use regex::{Regex, RegexBuilder};

/// A regular expression of a row's arguments. Two are equal when their texts are.
#[derive(Clone)]
pub struct Pattern {
    expression: Regex,
    any_case: bool,
}

impl Pattern {
    /// Compiles `pattern`, case ignored where `any_case`.
    ///
    /// # Errors
    /// The text is no regular expression.
    pub(super) fn new(pattern: &str, any_case: bool) -> Result<Self, regex::Error> {
        let pattern = if any_case { with_one_i(pattern) } else { pattern.into() };
        let expression = RegexBuilder::new(&pattern).case_insensitive(any_case).build()?;
        Ok(Self { expression, any_case })
    }

    /// Whether it occurs anywhere.
    pub(super) fn occurs(&self, text: &str) -> bool {
        self.expression.is_match(&self.readable(text))
    }

    /// How often it occurs, without overlaps.
    pub(super) fn count(&self, text: &str) -> usize {
        self.expression.find_iter(&self.readable(text)).count()
    }

    fn readable<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.any_case { with_one_i(text) } else { text.into() }
    }
}

/// The text with one letter for `i`, its dotted capital and its dotless form, which Python takes
/// for the same where it ignores case.
fn with_one_i(text: &str) -> Cow<'_, str> {
    let special = ['\u{130}', '\u{131}'];
    if text.contains(special) { text.replace(special, "i").into() } else { text.into() }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/", self.expression)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.any_case == other.any_case && self.expression.as_str() == other.expression.as_str()
    }
}
