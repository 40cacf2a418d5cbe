//! Columns of a row, read with errors that name them.

use serde_json::Value;

use super::Benchmark;

/// A row lacks a column, or holds something else in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{benchmark}, row {row} (from 0): `{key}` must be {expected}")]
pub struct RowError {
    /// Name of the benchmark.
    pub benchmark: &'static str,
    /// Place of the row, or of the worked example, from 0.
    pub row: usize,
    /// The column.
    pub key: &'static str,
    /// What belongs there.
    pub expected: &'static str,
}

/// One row of a benchmark, or an object in it.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) benchmark: Benchmark,
    pub(super) number: usize,
    pub(super) value: &'a Value,
}

impl<'a> Row<'a> {
    pub(super) fn error(self, key: &'static str, expected: &'static str) -> RowError {
        RowError { benchmark: self.benchmark.name(), row: self.number, key, expected }
    }

    /// The row's own `id`, else its number.
    pub(super) fn id(self) -> String {
        match self.value.get("id") {
            Some(Value::String(id)) => id.clone(),
            Some(Value::Number(id)) => id.to_string(),
            _ => self.number.to_string(),
        }
    }

    pub(super) fn has(self, key: &str) -> bool {
        self.value.get(key).is_some()
    }

    pub(super) fn object(self, key: &'static str) -> Result<Self, RowError> {
        let value = self.value.get(key).filter(|value| value.is_object());
        Ok(Self { value: value.ok_or_else(|| self.error(key, "an object"))?, ..self })
    }

    pub(super) fn text(self, key: &'static str) -> Result<&'a str, RowError> {
        self.value.get(key).and_then(Value::as_str).ok_or_else(|| self.error(key, "a string"))
    }

    /// A list of at least one string.
    pub(super) fn texts(self, key: &'static str) -> Result<Vec<String>, RowError> {
        let list = self.value.get(key).and_then(Value::as_array).filter(|list| !list.is_empty());
        let texts = list
            .and_then(|list| list.iter().map(|text| text.as_str().map(str::to_owned)).collect());
        texts.ok_or_else(|| self.error(key, "a list of strings, not empty"))
    }

    /// A number, also one in quotes, that counts from `first` to below `first + n`.
    pub(super) fn index(
        self,
        key: &'static str,
        first: usize,
        n: usize,
    ) -> Result<usize, RowError> {
        let index = match self.value.get(key) {
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(value) => value.as_u64(),
            None => None,
        };
        let index = index
            .and_then(|index| usize::try_from(index).ok())
            .and_then(|index| index.checked_sub(first));
        index.filter(|&index| index < n).ok_or_else(|| self.error(key, "the number of a choice"))
    }

    /// The place of the right answer's label among `choices.label`.
    pub(super) fn labelled(self) -> Result<usize, RowError> {
        let label = self.text("answerKey")?.trim_start();
        let labels = self.object("choices")?.texts("label")?;
        let n_choices = self.object("choices")?.texts("text")?.len();
        let place = labels.iter().position(|one| one == label).filter(|&place| place < n_choices);
        place.ok_or_else(|| self.error("answerKey", "one of `choices.label`"))
    }
}
