//! The settings at the head of a rubric file.

use crate::RubricProblem;

/// The settings as they are written, and the text behind them.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct FrontMatter<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) min: Option<&'a str>,
    pub(crate) max: Option<&'a str>,
    pub(crate) prefix: Option<&'a str>,
    pub(crate) pattern: Option<&'a str>,
    pub(crate) body: &'a str,
}

/// Splits off the lines `key: value` between two lines `---`. A value may stand in double quotes.
pub(crate) fn split(text: &str) -> Result<FrontMatter<'_>, RubricProblem> {
    let mut found = FrontMatter::default();
    let mut rest = text;
    for line_number in 1.. {
        let (line, after) = rest.split_once('\n').ok_or(RubricProblem::NoFrontMatter)?;
        rest = after;
        match (line_number, line.trim()) {
            (1, "---") => {}
            (1, _) => return Err(RubricProblem::NoFrontMatter),
            (_, "---") => break,
            (_, "") => {}
            (line, text) => {
                found.set(text).map_err(|problem| RubricProblem::Line { line, problem })?
            }
        }
    }
    found.body = rest.trim();
    Ok(found)
}

impl<'a> FrontMatter<'a> {
    fn set(&mut self, line: &'a str) -> Result<(), &'static str> {
        let (key, value) = line.split_once(':').ok_or("is not of the form `key: value`")?;
        let setting = match key.trim_end() {
            "name" => &mut self.name,
            "min" => &mut self.min,
            "max" => &mut self.max,
            "prefix" => &mut self.prefix,
            "pattern" => &mut self.pattern,
            _ => return Err("has an unknown key; there are name, min, max, prefix and pattern"),
        };
        let value = value.trim();
        let value = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'))
            .unwrap_or(value)
            .trim();
        match setting.replace(value) {
            _ if value.is_empty() => Err("has no value"),
            None => Ok(()),
            Some(_) => Err("gives a key for the second time"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_and_text_are_told_apart() {
        let found =
            split("---\nname: mine\n\nprefix: \"Score:\"\nmin : 1\n---\n\nBody: one\n---\ntwo\n")
                .unwrap();
        let (name, min, prefix) = (Some("mine"), Some("1"), Some("Score:"));
        let body = "Body: one\n---\ntwo";
        assert_eq!(found, FrontMatter { name, min, prefix, body, ..FrontMatter::default() });
    }

    #[test]
    fn a_head_that_cannot_be_read_is_refused_with_its_line() {
        let check =
            |text, expected: &str| assert_eq!(split(text).unwrap_err().to_string(), expected);
        let no_head = "it must begin with settings between two lines `---`";
        check("", no_head);
        check("Rate the answer.\n", no_head);
        check("---\nname: mine\n", no_head);
        check("---\nname\n---\n", "line 2 is not of the form `key: value`");
        check(
            "---\nname: x\nscale: 5\n---\n",
            "line 3 has an unknown key; there are name, min, max, prefix and pattern",
        );
        check("---\nname: x\nname: y\n---\n", "line 3 gives a key for the second time");
        check("---\nname:\n---\n", "line 2 has no value");
    }
}
