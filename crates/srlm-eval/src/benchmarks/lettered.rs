//! Questions whose choices are listed by letter.

use super::row::{Row, RowError};

/// The lines `A. first`, `B. second` and so on, each with its line break.
pub(super) fn listed(choices: &[String]) -> String {
    ('A'..).zip(choices).map(|(letter, choice)| format!("{letter}. {choice}\n")).collect()
}

/// The letters of `n` choices.
pub(super) fn letters(n: usize) -> Vec<String> {
    ('A'..).take(n).map(String::from).collect()
}

/// A `query` of llm-foundry with listed choices: the text before `Choices:`, and the choices.
pub(super) fn split_query(row: Row<'_>) -> Result<(&str, Vec<String>), RowError> {
    let query = row.text("query")?;
    let expected = "a question, `Choices:`, lines `A. first` and so on, and `Answer:`";
    let (question, rest) =
        query.split_once("\nChoices:\n").ok_or_else(|| row.error("query", expected))?;
    let list = rest.strip_suffix("\nAnswer:").ok_or_else(|| row.error("query", expected))?;
    let choice =
        |(letter, line): (char, &str)| line.strip_prefix(&format!("{letter}. ")).map(str::to_owned);
    let choices: Option<Vec<String>> = ('A'..).zip(list.split('\n')).map(choice).collect();
    Ok((question, choices.ok_or_else(|| row.error("query", expected))?))
}
