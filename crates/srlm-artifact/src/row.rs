//! What every row type offers: an id, an order and rules.

use std::fmt::{self, Debug};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// One line of a rows file.
pub trait Row: Clone + Debug + Serialize + DeserializeOwned {
    /// What must be unique in a file, with the names of its fields: `prompt_id "p1", human_rank 0`.
    fn id(&self) -> String;

    /// Place in the file.
    fn sort_key(&self) -> SortKey;

    /// The rules that the field types do not state by themselves.
    ///
    /// # Errors
    /// The first field that breaks one.
    fn check(&self) -> Result<(), RowProblem>;
}

/// A field of a row, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowProblem {
    /// The field; empty where it is the whole row.
    pub field: String,
    /// What is wrong, as a fragment that follows the field's name.
    pub problem: String,
}

impl RowProblem {
    pub(crate) fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }
}

impl fmt::Display for RowProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => f.write_str(&self.problem),
            field => write!(f, "`{field}` {}", self.problem),
        }
    }
}

impl std::error::Error for RowProblem {}

/// Orders rows by prompt, then by sample, then by what tells a sample's rows apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SortKey {
    prompt_id: String,
    first: (u32, String),
    second: (u32, String),
}

impl SortKey {
    /// A row that its prompt and a number tell apart.
    pub(crate) fn of_prompt(prompt_id: &str, index: u32) -> Self {
        Self::of_sample(prompt_id, index, "")
    }

    /// A response whose place among its prompt's samples is known; ids that users bring need not
    /// end with it.
    pub(crate) fn of_sample(prompt_id: &str, sample_index: u32, response_id: &str) -> Self {
        let first = (sample_index, response_id.to_owned());
        Self { prompt_id: prompt_id.to_owned(), first, second: (0, String::new()) }
    }

    /// A row about one response: sample 2 comes before sample 10.
    pub(crate) fn of_response(prompt_id: &str, response_id: &str, index: u32) -> Self {
        let first = (split_id(response_id).1, response_id.to_owned());
        Self { prompt_id: prompt_id.to_owned(), first, second: (index, String::new()) }
    }

    /// A row about two judgments of one response.
    pub(crate) fn of_battle(
        prompt_id: &str,
        response_id: &str,
        index_a: u32,
        index_b: u32,
    ) -> Self {
        let key = Self::of_response(prompt_id, response_id, index_a);
        // Padded, so that 2 comes before 10.
        Self { second: (index_a, format!("{index_b:010}")), ..key }
    }

    /// A row about two responses.
    pub(crate) fn of_pair(prompt_id: &str, chosen_id: &str, rejected_id: &str) -> Self {
        let [first, second] = [chosen_id, rejected_id].map(|id| (split_id(id).1, id.to_owned()));
        Self { prompt_id: prompt_id.to_owned(), first, second }
    }
}

/// Splits a `{prompt_id}/{sample_index}`; an id of another form is a prompt of its own.
pub(crate) fn split_id(response_id: &str) -> (&str, u32) {
    response_id
        .rsplit_once('/')
        .and_then(|(id, index)| Some((id, index.parse().ok()?)))
        .unwrap_or((response_id, 0))
}

/// The row of kinds that have none; it has no values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoRow {}

impl Row for NoRow {
    fn id(&self) -> String {
        match *self {}
    }

    fn sort_key(&self) -> SortKey {
        match *self {}
    }

    fn check(&self) -> Result<(), RowProblem> {
        match *self {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_sort_by_number() {
        let key = |id| SortKey::of_response("p", id, 0);
        assert!(key("p/2") < key("p/10"));
        assert!(key("p/2") < SortKey::of_response("p", "p/2", 1));
        assert!(SortKey::of_battle("p", "p/2", 1, 2) < SortKey::of_battle("p", "p/2", 1, 10));
        assert!(SortKey::of_battle("p", "p/2", 1, 10) < SortKey::of_battle("p", "p/2", 2, 0));
        assert!(SortKey::of_prompt("p", 9) < SortKey::of_prompt("p2", 0));
    }

    #[test]
    fn ids_of_any_form_split() {
        for (id, expected) in
            [("p/3", ("p", 3)), ("a/b/0", ("a/b", 0)), ("plain", ("plain", 0)), ("a/b", ("a/b", 0))]
        {
            assert_eq!(split_id(id), expected);
        }
    }
}
