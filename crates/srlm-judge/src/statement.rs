//! Finding `Label: value` in what a model wrote, whatever it decorates it with.

/// A place where a text states the label's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Statement<'a> {
    /// What stands in parentheses between the label and its separator: `out of 5`.
    pub(crate) note: &'a str,
    /// What follows: the rest of the line or, where it is empty, the next line.
    pub(crate) value: &'a str,
    /// Whether it counts only if nothing but the value stands there: it has no separator, or is on
    /// the next line.
    pub(crate) alone: bool,
    /// Whether the line begins as one does that is meant to be read. One without a value is then
    /// not skipped.
    decisive: bool,
    /// The word right before the label, where it says of what the value is: `Clarity`. Empty where
    /// it is of the whole.
    aspect: &'a str,
}

/// What the last statement says, by `read`, which gives `None` for a statement without a value.
///
/// The last statement may be of an aspect; it speaks for the whole only if nothing else is stated.
pub(crate) fn last_stated<'a, T>(
    text: &'a str,
    label: &str,
    read: impl Fn(&Statement<'a>) -> Option<T>,
) -> Option<T> {
    let statements = statements(text, label);
    let mut earlier = statements.iter().rev();
    let last = earlier.find_map(|statement| match read(statement) {
        None if !statement.decisive => None,
        value => Some((statement.aspect, value)),
    });
    let (aspect, value) = last?;
    let stands =
        |other: &Statement<'a>| other.aspect.eq_ignore_ascii_case(aspect) || read(other).is_none();
    if aspect.is_empty() || earlier.all(stands) { value } else { None }
}

/// White space, quotes, brackets and Markdown around a label or a value.
pub(crate) fn is_decoration(c: char) -> bool {
    c.is_whitespace() || "*_`#\"'‘’“”„«»[](){}<>|".contains(c)
}

pub(crate) fn undecorated(text: &str) -> &str {
    text.trim_start_matches(is_decoration)
}

/// The letters and digits that a text begins with, and the rest.
pub(crate) fn word(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len()))
}

/// A label without its separator: `**Score:**` is `Score`.
pub(crate) fn bare_label(prefix: &str) -> &str {
    prefix.trim_matches(|c| is_decoration(c) || is_separator(c))
}

pub(crate) fn is_dash(c: char) -> bool {
    "-–—−".contains(c)
}

fn is_separator(c: char) -> bool {
    ":：=".contains(c)
}

fn statements<'a>(text: &'a str, label: &str) -> Vec<Statement<'a>> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let mut found = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let below = lines.get(i + 1).copied().unwrap_or_default();
        found.extend(
            mentions(line, label).filter_map(|(before, after)| statement(before, after, below)),
        );
    }
    found
}

/// What stands before and behind each place where the label is a word of its own.
fn mentions<'a>(line: &'a str, label: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    line.char_indices().filter_map(move |(start, _)| {
        let end = start + label.len();
        let is_label = line.get(start..end)?.eq_ignore_ascii_case(label);
        let (before, after) = (&line[..start], &line[end..]);
        let in_word =
            before.ends_with(char::is_alphanumeric) || after.starts_with(char::is_alphanumeric);
        (is_label && !in_word).then_some((before, after))
    })
}

fn statement<'a>(before: &'a str, after: &'a str, below: &'a str) -> Option<Statement<'a>> {
    let leads = before.split(|c: char| !c.is_alphanumeric()).all(may_lead);
    let (note, after) = note(after);
    let rest = undecorated(after);
    let (value, alone, decisive) = if let Some(value) = rest.strip_prefix(is_separator) {
        (value, false, leads)
    } else if !leads {
        return None;
    } else if let Some(value) = behind_dash(after, rest) {
        (value, false, false)
    } else if let ("is", value) = word(rest) {
        (value.trim_start_matches(is_separator), true, false)
    } else {
        (rest, true, false)
    };
    let aspect = aspect(before);
    if undecorated(value).is_empty() {
        return Some(Statement { note, value: below, alone: true, decisive, aspect });
    }
    Some(Statement { note, value, alone, decisive, aspect })
}

/// The word that stands before a label without a mark between, unless it says nothing.
fn aspect(before: &str) -> &str {
    const WORDS: [&str; 6] = ["a", "an", "its", "of", "so", "this"];
    let before = before.trim_end();
    let start = before
        .char_indices()
        .rev()
        .find(|(_, c)| !c.is_alphanumeric())
        .map_or(0, |(i, c)| i + c.len_utf8());
    let word = &before[start..];
    if may_lead(word) || WORDS.iter().any(|known| word.eq_ignore_ascii_case(known)) {
        ""
    } else {
        word
    }
}

/// Words and numbers before a label on a line that is still its own: `2. My final score: 4`.
pub(crate) fn may_lead(word: &str) -> bool {
    const WORDS: [&str; 5] = ["final", "my", "overall", "the", "total"];
    word.chars().all(char::is_numeric) || WORDS.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// `(out of 5)` before a separator.
fn note(after: &str) -> (&str, &str) {
    let inside = after.trim_start_matches(|c| is_decoration(c) && c != '(').strip_prefix('(');
    match inside.and_then(|inside| inside.split_once(')')) {
        Some((note, rest)) if undecorated(rest).starts_with(|c| is_separator(c) || is_dash(c)) => {
            (note, rest)
        }
        _ => ("", after),
    }
}

/// What follows a dash that separates; one that stands off the label and close to a digit is a
/// minus.
fn behind_dash<'a>(after: &'a str, rest: &'a str) -> Option<&'a str> {
    let value = rest.strip_prefix(is_dash)?;
    let is_minus = after.len() > rest.len() && value.starts_with(|c: char| c.is_ascii_digit());
    (!is_minus).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_with_a_separator_is_a_statement() {
        let values = |text| {
            statements(text, "score").iter().map(|s| s.value.trim().to_owned()).collect::<Vec<_>>()
        };
        let rows: [(&str, &[&str]); 10] = [
            ("Score: 4", &["4"]),
            ("so, the SCORE : 4 it is", &["4 it is"]),
            ("Score: 1 and score: 2\nscore: 3", &["1 and score: 2", "2", "3"]),
            ("Score:\n\n4\n", &["4"]),
            ("**Score (out of 5):** 4", &["** 4"]),
            ("Scores: 4", &[]),
            ("Subscore: 4", &[]),
            ("a good score 4", &[]),
            ("Final score - 4", &["4"]),
            ("The score is: 4", &["4"]),
        ];
        for (text, expected) in rows {
            assert_eq!(values(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_label_is_taken_out_of_what_is_around_it() {
        for prefix in ["Score:", "Score", "**Score:**", " Score = ", "`Score:`"] {
            assert_eq!(bare_label(prefix), "Score");
        }
    }
}
