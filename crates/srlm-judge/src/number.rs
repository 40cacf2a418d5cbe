//! Reading a number, and what may stand around it.

use crate::statement::{is_dash, is_decoration, undecorated, word};

/// The number that a text begins with, and the rest. A minus stands close to its digits.
pub(crate) fn number(text: &str) -> Option<(f64, &str)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let unsigned = text.strip_prefix(is_dash).unwrap_or(text);
    let n_whole = digits(unsigned);
    if n_whole == 0 {
        return None;
    }
    let n_fraction = unsigned[n_whole..].strip_prefix('.').map_or(0, digits);
    let end = if n_fraction == 0 { n_whole } else { n_whole + 1 + n_fraction };
    let value: f64 = unsigned[..end].parse().ok()?;
    Some((if unsigned.len() < text.len() { -value } else { value }, &unsigned[end..]))
}

/// Whether the number is the beginning of something else: `4th`, `4½`, `4.5.1`.
pub(crate) fn is_glued(rest: &str) -> bool {
    let behind_points = rest.trim_start_matches('.');
    rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c.is_numeric())
        || (behind_points.len() < rest.len() && behind_points.starts_with(char::is_numeric))
}

/// What follows `points` or `stars`.
pub(crate) fn behind_unit(rest: &str) -> &str {
    let (unit, behind) = word(undecorated(rest));
    if ["point", "points", "star", "stars"].iter().any(|known| unit.eq_ignore_ascii_case(known)) {
        behind
    } else {
        rest
    }
}

/// What follows `/`, `of` or `out of`.
pub(crate) fn scale(rest: &str) -> Option<&str> {
    if let Some(scale) = rest.strip_prefix(['/', '⁄']) {
        return Some(scale);
    }
    let (first, behind) = word(rest);
    let (second, behind_second) = word(behind.trim_start());
    match (first.to_ascii_lowercase().as_str(), second.to_ascii_lowercase().as_str()) {
        ("of", _) => Some(behind),
        ("out", "of") => Some(behind_second),
        _ => None,
    }
}

/// Whether another number follows: `-5`, ` or 5`, `, 5`, ` + 1`.
pub(crate) fn goes_on(rest: &str) -> bool {
    let joins = |c: char| is_decoration(c) || is_dash(c) || "+,;/⁄:：=&~±×^\\".contains(c);
    let rest = rest.trim_start_matches(joins);
    let (first, behind) = word(rest);
    let behind = if ["and", "or", "to"].iter().any(|known| first.eq_ignore_ascii_case(known)) {
        behind
    } else {
        rest
    };
    behind.trim_start_matches(joins).starts_with(char::is_numeric)
}

/// Whether the text in the same sentence lists more numbers: ` for relevance, 1 for clarity`.
pub(crate) fn is_first_of_list(rest: &str) -> bool {
    let sentence = rest.split(". ").next().unwrap_or(rest);
    let mut parts =
        sentence.split([',', ';', '+', '&']).flat_map(|part| part.split(" and ")).skip(1);
    parts.any(|part| {
        let Some((_, behind)) = number(undecorated(part)) else { return false };
        let (next, _) = word(behind_unit(behind).trim_start());
        !is_glued(behind) && ["", "for"].contains(&next)
    })
}
