//! A pool of prompts that a user brings.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use srlm_artifact::{Prompt, PromptRow, PromptSource, Row, RowProblem, hex, read_jsonl};

use crate::Error;

/// One prompt of a pool.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolRow {
    /// Unique in the pool.
    pub prompt_id: String,
    /// What is asked.
    pub prompt: Prompt,
    /// What else the user knows of it.
    pub columns: BTreeMap<String, Value>,
}

/// Prompts with unique ids, and what identifies them.
#[derive(Clone, Debug)]
pub struct PromptPool {
    rows: Vec<PoolRow>,
    content_hash: String,
}

impl PromptPool {
    /// A pool of rows that stand in the file `path`, one a line; the path is named in errors only.
    ///
    /// # Errors
    /// [`Error::Artifact`] with the line of a prompt that cannot be answered, or whose id is blank
    /// or not unique.
    pub fn new(rows: Vec<PoolRow>, path: &Path) -> Result<Self, Error> {
        let mut line_of = HashMap::new();
        let mut hash = Sha256::new();
        for (line, row) in (1..).zip(&rows) {
            let checked = row.to_prompt_row();
            checked.check().map_err(|problem| invalid(path, line, problem))?;
            if let Some(first_line) = line_of.insert(&row.prompt_id, line) {
                let (path, id) = (path.to_owned(), checked.id());
                return Err(srlm_artifact::Error::Duplicate { path, line, first_line, id }.into());
            }
            let text = serde_json::to_vec(&(&row.prompt_id, &row.prompt, &row.columns))
                .expect("its keys are strings");
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        }
        let content_hash = format!("sha256:{}", hex(&hash.finalize()));
        Ok(Self { rows, content_hash })
    }

    /// The rows, in the file's order.
    pub fn rows(&self) -> &[PoolRow] {
        &self.rows
    }

    /// Identifies the rows and their order; neither the file's path nor how its JSON is laid out.
    pub fn content_hash(&self) -> &str {
        &self.content_hash
    }
}

impl PoolRow {
    pub(crate) fn to_prompt_row(&self) -> PromptRow {
        PromptRow {
            prompt_id: self.prompt_id.clone(),
            prompt: self.prompt.clone(),
            source: PromptSource::Seed,
        }
    }

    /// A row without `prompt_id` is named after its line, which counts from 1.
    fn from_columns(mut columns: Map<String, Value>, line: usize) -> Result<Self, RowProblem> {
        let problem =
            |field: &str, problem: String| RowProblem { field: field.to_owned(), problem };
        let prompt_id = match columns.shift_remove("prompt_id") {
            None => format!("pool-{line:06}"),
            Some(Value::String(id)) => id,
            Some(other) => {
                return Err(problem("prompt_id", format!("is {other}; it must be a text")));
            }
        };
        let prompt = columns
            .shift_remove("prompt")
            .ok_or_else(|| problem("prompt", "is missing".to_owned()))?;
        let prompt = serde_json::from_value(prompt)
            .map_err(|error| problem("prompt", format!("is wrong: {error}")))?;
        Ok(Self { prompt_id, prompt, columns: columns.into_iter().collect() })
    }
}

fn invalid(path: &Path, line: usize, problem: RowProblem) -> Error {
    srlm_artifact::Error::Row { path: path.to_owned(), line, problem }.into()
}

/// Reads a pool: JSON Lines with `prompt` (a text or a list of `{role, content}`), an optional
/// `prompt_id` and any other columns.
///
/// # Errors
/// [`Error::Artifact`] with the file, the line and the column that is wrong.
pub fn read_pool(path: &Path) -> Result<PromptPool, Error> {
    let row = |(line, columns)| {
        PoolRow::from_columns(columns, line).map_err(|problem| invalid(path, line, problem))
    };
    PromptPool::new((1..).zip(read_jsonl(path)?).map(row).collect::<Result<_, _>>()?, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<PromptPool, Error> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("pool.jsonl"), text).unwrap();
        read_pool(&dir.path().join("pool.jsonl"))
    }

    #[test]
    fn columns_are_kept_and_rows_without_an_id_are_named_after_their_line() {
        let pool =
            read("{\"prompt_id\":\"a\",\"prompt\":\"Why?\",\"level\":3}\n{\"prompt\":\"How?\"}\n")
                .unwrap();
        let [first, second] = pool.rows() else { panic!("{pool:?}") };
        assert_eq!((first.prompt_id.as_str(), &first.columns["level"]), ("a", &Value::from(3)));
        assert_eq!(
            (second.prompt_id.as_str(), second.prompt.as_user_text()),
            ("pool-000002", Some("How?"))
        );
    }

    #[test]
    fn the_hash_is_that_of_the_rows() {
        let hash = |text: &str| read(text).unwrap().content_hash().to_owned();
        let first = hash(r#"{"prompt": "Why?", "a": 1, "b": 2}"#);
        assert_eq!(hash(r#"{"b":2,"a":1,"prompt":"Why?"}"#), first);
        for other in [r#"{"prompt":"How?","a":1,"b":2}"#, r#"{"prompt":"Why?","a":1,"b":3}"#, ""] {
            assert_ne!(hash(other), first, "{other}");
        }
    }

    #[test]
    fn a_wrong_row_is_named_by_file_and_line() {
        let check = |text: &str, expected: &str| {
            let error = read(text).unwrap_err().to_string();
            let (_, found) = error.split_once("pool.jsonl").unwrap();
            assert_eq!(found, expected, "{text}");
        };
        let good = r#"{"prompt": "Why?"}"#;
        check(&format!("{good}\n[1]"), ":2");
        check(&format!("{good}\n{{}}"), ":2: `prompt` is missing");
        check(&format!("{good}\n{{\"prompt\": \" \"}}"), ":2: `prompt` is blank");
        check(
            r#"{"prompt": 3}"#,
            ":1: `prompt` is wrong: invalid type: integer `3`, expected a string or a list of {role, content}",
        );
        check(r#"{"prompt": "Why?", "prompt_id": 3}"#, ":1: `prompt_id` is 3; it must be a text");
        check(
            &format!("{good}\n{{\"prompt\": \"How?\", \"prompt_id\": \"pool-000001\"}}"),
            ":2: prompt_id \"pool-000001\" is also on line 1",
        );
    }
}
