//! Whether a response is JSON, as Python's `json` reads it.

use std::sync::LazyLock;

use regex::Regex;

use super::form::expression;
use super::python;

/// A string, kept, or a constant that Python reads and JSON has not.
static STRING_OR_CONSTANT: LazyLock<Regex> =
    LazyLock::new(|| expression(r#"(?s)"(?:\\.|[^"\\])*"|-?Infinity|NaN"#));

/// Whether the response, without a code fence around it, is one JSON value. `NaN` and infinities
/// are values, as they are to Python.
pub(super) fn is_json(response: &str) -> bool {
    let mut text = python::strip(response);
    for fence in ["```json", "```Json", "```JSON", "```"] {
        text = text.strip_prefix(fence).unwrap_or(text);
    }
    let text = python::strip(text.strip_suffix("```").unwrap_or(text));
    let standard = STRING_OR_CONSTANT.replace_all(text, |found: &regex::Captures<'_>| {
        let found = &found[0];
        if found.starts_with('"') { found.to_owned() } else { "null".to_owned() }
    });
    serde_json::from_str::<serde::de::IgnoredAny>(&standard).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_reads_is_json() {
        for (text, expected) in [
            ("{\"a\": [1, 2.5e3, null]}", true),
            ("```json\n{\"a\": 1}\n```", true),
            ("``` \"a\" ```", true),
            ("{\"a\": 1} and more", false),
            ("{'a': 1}", false),
            ("[1,]", false),
            ("NaN", true),
            ("[-Infinity]", true),
            ("-NaN", false),
            ("\"NaN \\\" Infinity\"", true),
            ("\"\\ud800\"", true),
            ("\"a\nb\"", false),
            ("1e999", true),
            ("01", false),
        ] {
            assert_eq!(is_json(text), expected, "{text}");
        }
        assert!(is_json(&("[".repeat(500) + &"]".repeat(500))), "deep nesting");
    }
}
