//! A rubric's own way to find the score.

use std::ops::Range;

use regex::Regex;

use crate::{ParseFailure, RubricProblem};

/// A regular expression with one group, the score.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(Regex);

impl Pattern {
    pub(crate) fn parse(text: &str) -> Result<Self, RubricProblem> {
        let problem =
            |problem: String| RubricProblem::Pattern { pattern: text.to_owned(), problem };
        let regex = Regex::new(text).map_err(|error| problem(reason(&error)))?;
        match regex.captures_len() - 1 {
            1 => Ok(Self(regex)),
            n => Err(problem(format!("has {n} groups; it needs one, around the score"))),
        }
    }

    /// The number in the group of the last match, and where it stands.
    pub(crate) fn find(&self, text: &str) -> Result<(f64, Range<usize>), ParseFailure> {
        let groups = self.0.captures_iter(text).filter_map(|captures| captures.get(1));
        let group = groups.last().ok_or(ParseFailure::NoScore)?;
        let value = group.as_str().parse::<f64>().ok().filter(|value| value.is_finite());
        Ok((value.ok_or(ParseFailure::NoScore)?, group.range()))
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

/// The last line of what the library says; those before draw the pattern.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_of_the_last_match_is_the_score() {
        let pattern = Pattern::parse(r"\[\[(\d+(?:\.\d+)?)\]\]").unwrap();
        let rows = [
            ("Rating: [[4]]", Ok((4.0, 10..11))),
            ("[[4]] and then [[7.5]].", Ok((7.5, 17..20))),
            ("Rating: 4", Err(ParseFailure::NoScore)),
            ("", Err(ParseFailure::NoScore)),
        ];
        for (text, expected) in rows {
            assert_eq!(pattern.find(text), expected, "{text:?}");
        }
        assert_eq!(Pattern::parse("(.*)!").unwrap().find("inf! four!"), Err(ParseFailure::NoScore));
    }

    #[test]
    fn a_pattern_that_cannot_be_used_is_named() {
        let check = |text, expected: &str| {
            assert_eq!(Pattern::parse(text).unwrap_err().to_string(), expected)
        };
        check(
            "Score: \\d",
            "`pattern` \"Score: \\\\d\" has 0 groups; it needs one, around the score",
        );
        check("(a)(b)", "`pattern` \"(a)(b)\" has 2 groups; it needs one, around the score");
        check("(\\d", "`pattern` \"(\\\\d\" unclosed group");
    }
}
