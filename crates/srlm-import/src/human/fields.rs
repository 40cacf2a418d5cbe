//! Where a row has what.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::field::at;
use crate::{Error, Problem};

/// The fields that a column is looked for in, the first that a row has.
const COLUMNS: [(&str, &[&str]); 10] = [
    ("id", &["prompt_id", "id", "pair_id", "question_id", "key"]),
    ("tree", &["tree_id", "message_tree_id"]),
    ("messages", &["messages", "conversation", "conversations"]),
    ("prompt", &["prompt", "question", "query", "instruction", "input"]),
    ("replies", &["replies", "ranked_responses", "responses"]),
    ("response", &["response", "completion", "answer", "output"]),
    (
        "response_a",
        &["response_a", "response_A", "response 1", "response_1", "output_1", "answer_a", "chosen"],
    ),
    (
        "response_b",
        &[
            "response_b",
            "response_B",
            "response 2",
            "response_2",
            "output_2",
            "answer_b",
            "rejected",
        ],
    ),
    ("verdict", &["verdict", "label", "winner", "preference"]),
    ("score", &["score", "rating", "human_score", "gpt4_score", "rating_1_10"]),
];

/// The fields of a file, with what the caller calls otherwise.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(&'a BTreeMap<String, String>);

impl<'a> Fields<'a> {
    pub(super) fn new(columns: &'a BTreeMap<String, String>) -> Result<Self, Error> {
        let known = || COLUMNS.map(|(column, _)| column);
        match columns
            .iter()
            .find(|(column, field)| !known().contains(&column.as_str()) || field.is_empty())
        {
            None => Ok(Self(columns)),
            Some((column, field)) => {
                let remedy = format!("name the field of one of {}", known().join(", "));
                Err(Error::Column { column: column.clone(), field: field.clone(), remedy })
            }
        }
    }

    /// The same where the names are known to be good.
    pub(super) fn checked(columns: &'a BTreeMap<String, String>) -> Self {
        Self(columns)
    }

    /// The field and the value of a column, where the row has it.
    pub(super) fn find<'v>(self, row: &'v Value, column: &str) -> Option<(&'a str, &'v Value)> {
        if let Some(field) = self.0.get(column) {
            return at(row, field).map(|value| (field.as_str(), value));
        }
        fields(column).iter().find_map(|&field| Some((field, at(row, field)?)))
    }

    /// The same where the row must have it.
    pub(super) fn require<'v>(
        self,
        row: &'v Value,
        column: &str,
    ) -> Result<(&'a str, &'v Value), Problem> {
        self.find(row, column).ok_or_else(|| match self.0.get(column) {
            Some(field) => Problem::new(field.clone(), "is missing"),
            None => Problem::new(
                column,
                format!("is missing: none of `{}` is there", fields(column).join("`, `")),
            ),
        })
    }

    /// What a column holds, read.
    pub(super) fn read<T>(
        self,
        row: &Value,
        column: &str,
        read: impl FnOnce(&Value) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let (field, value) = self.require(row, column)?;
        read(value).map_err(|problem| problem.within(field))
    }
}

/// The usual names of a column.
pub(crate) fn fields(column: &str) -> &'static [&'static str] {
    COLUMNS
        .into_iter()
        .find_map(|(name, fields)| (name == column).then_some(fields))
        .unwrap_or_default()
}
