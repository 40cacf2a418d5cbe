//! Filling a judge prompt.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::{JudgePrompt, MatchError};

static PLACE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\{\{|\}\}|\{([A-Za-z0-9_]*)\}").expect("a pattern of our own"));

/// The prompt with every `{name}` replaced once, as Python's `str.format` does. Braces of the
/// values stay.
pub(super) fn fill(
    prompt: &JudgePrompt,
    values: &BTreeMap<String, &str>,
) -> Result<String, MatchError> {
    let mut missing = None;
    let replace = |found: &Captures| match (&found[0], found.get(1)) {
        ("{{", _) => "{".to_owned(),
        ("}}", _) => "}".to_owned(),
        (_, name) => {
            let name = name.map_or("", |name| name.as_str());
            values.get(name).map_or_else(String::new, |value| (*value).to_owned())
        }
    };
    for name in PLACE.captures_iter(&prompt.prompt_template).filter_map(|found| found.get(1)) {
        if !values.contains_key(name.as_str()) {
            missing = Some(name.as_str().to_owned());
        }
    }
    match missing {
        Some(placeholder) => {
            Err(MatchError::Placeholder { prompt: prompt.name.clone(), placeholder })
        }
        None => Ok(PLACE.replace_all(&prompt.prompt_template, replace).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str) -> Result<String, MatchError> {
        let prompt = JudgePrompt {
            name: "p".to_owned(),
            system_prompt: String::new(),
            prompt_template: template.to_owned(),
            output_format: "[[rating]]".to_owned(),
        };
        fill(
            &prompt,
            &BTreeMap::from([("question".to_owned(), "{answer}?"), ("answer".to_owned(), "a{{}}")]),
        )
    }

    #[test]
    fn values_are_not_filled_again() {
        assert_eq!(
            filled("Q {question} A {answer} {{\"x\": 1}}").unwrap(),
            "Q {answer}? A a{{}} {\"x\": 1}"
        );
    }

    #[test]
    fn what_is_not_there_is_named() {
        insta::assert_snapshot!(filled("{question} {rubric}").unwrap_err(),
            @r#"judge prompt "p" has {rubric}, which this kind of match does not fill"#);
    }
}
