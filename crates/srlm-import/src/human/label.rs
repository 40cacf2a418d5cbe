//! Which of two responses is better, as files say it.

use serde_json::Value;

use crate::Problem;
use crate::field::not;

/// A row's opinion of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    First,
    Second,
    Tie,
    /// What it means shows in the other rows.
    Number(i64),
}

/// Reads a letter, a word, a comparison or a number.
pub(super) fn label(value: &Value) -> Result<Label, Problem> {
    let text = match value {
        Value::Number(number) if number.is_i64() => {
            return Ok(Label::Number(number.as_i64().unwrap_or_default()));
        }
        Value::String(text) => text.trim().trim_matches(['[', ']']).to_lowercase().replace(' ', ""),
        _ => return Err(not("a text or a whole number", value)),
    };
    if let Ok(number) = text.parse() {
        return Ok(Label::Number(number));
    }
    match text.as_str() {
        "a" | "a>b" | "a>>b" | "b<a" | "b<<a" | "first" | "left" | "model_a" | "response_a"
        | "chosen" => Ok(Label::First),
        "b" | "b>a" | "b>>a" | "a<b" | "a<<b" | "second" | "right" | "model_b" | "response_b" => {
            Ok(Label::Second)
        }
        "tie" | "c" | "a=b" | "b=a" | "a==b" | "equal" | "both" | "neither" | "draw" | "same" => {
            Ok(Label::Tie)
        }
        _ => Err(Problem::new("", format!("is {value}, none of A, B and tie"))),
    }
}

/// How a file numbers its verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbering {
    first: i64,
}

impl Numbering {
    /// From 0 where a 0 occurs, else from 1.
    pub(super) fn of(labels: impl IntoIterator<Item = Label>) -> Option<Self> {
        let mut numbers = labels.into_iter().filter_map(|label| match label {
            Label::Number(number) => Some(number),
            _ => None,
        });
        let some = numbers.next()?;
        let has_zero = some == 0 || numbers.any(|number| number == 0);
        Some(Self { first: i64::from(!has_zero) })
    }

    pub(super) fn words(self) -> &'static str {
        if self.first == 0 { "0 first, 1 second, 2 tie" } else { "1 first, 2 second, 3 tie" }
    }

    fn meaning(self, number: i64) -> Option<Label> {
        [Label::First, Label::Second, Label::Tie]
            .get(usize::try_from(number - self.first).ok()?)
            .copied()
    }
}

/// What people think of the first and of the second.
pub(super) fn worths(label: Label, numbering: Option<Numbering>) -> Result<[f64; 2], Problem> {
    match label {
        Label::First => Ok([1.0, 0.0]),
        Label::Second => Ok([0.0, 1.0]),
        Label::Tie => Ok([0.5, 0.5]),
        Label::Number(number) => match numbering.and_then(|numbering| numbering.meaning(number)) {
            Some(label) => worths(label, None),
            None => {
                let means = numbering.map_or("nothing", Numbering::words);
                Err(Problem::new(
                    "verdict",
                    format!("is {number}, where the file's numbers mean {means}"),
                ))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn verdicts_come_in_many_words() {
        let check = |value: Value, expected: Option<Label>| {
            assert_eq!(label(&value).ok(), expected, "{value}")
        };
        for first in ["A", " a ", "A>B", "[[A]]", "model_a", "B << A", "First"] {
            check(json!(first), Some(Label::First));
        }
        for second in ["B", "B > A", "[[B]]", "model_b", "A<B"] {
            check(json!(second), Some(Label::Second));
        }
        for tie in ["tie", "Tie", "A=B", "[[C]]", "both"] {
            check(json!(tie), Some(Label::Tie));
        }
        check(json!(2), Some(Label::Number(2)));
        check(json!("2"), Some(Label::Number(2)));
        check(json!("A or B"), None);
        check(json!(0.5), None);
        check(json!(null), None);
    }

    #[test]
    fn numbers_mean_what_the_whole_file_shows() {
        let check = |numbers: &[i64], number, expected: Option<[f64; 2]>| {
            let numbering = Numbering::of(numbers.iter().map(|&number| Label::Number(number)));
            assert_eq!(
                worths(Label::Number(number), numbering).ok(),
                expected,
                "{number} of {numbers:?}"
            );
        };
        check(&[1, 0, 2], 0, Some([1.0, 0.0]));
        check(&[1, 0, 2], 1, Some([0.0, 1.0]));
        check(&[1, 0, 2], 2, Some([0.5, 0.5]));
        check(&[1, 2], 1, Some([1.0, 0.0]));
        check(&[1, 2], 2, Some([0.0, 1.0]));
        check(&[1, 2, 3], 3, Some([0.5, 0.5]));
        check(&[1, 2, 7], 7, None);
        check(&[-1, 1], -1, None);
        assert_eq!(Numbering::of([Label::Tie]), None);
        assert_eq!(
            Numbering::of([Label::Number(2), Label::Number(0)]).unwrap().words(),
            "0 first, 1 second, 2 tie"
        );
    }
}
