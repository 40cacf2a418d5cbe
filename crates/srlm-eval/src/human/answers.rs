//! One model's answers, from rows in the columns of several programs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use srlm_artifact::{Prompt, parse_row};

use crate::Error;
use crate::rows_file::numbered;

/// A model's answer to a prompt.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Joins it with the other model's; the prompt's text where rows have no id.
    pub prompt_id: String,
    /// Its id where it is a row of a `responses` artifact.
    pub response_id: Option<String>,
    /// What was asked, where the rows say so.
    pub prompt: Option<String>,
    /// What was answered.
    pub response: String,
}

/// The answers of one model, one a prompt.
#[derive(Clone, Debug, PartialEq)]
pub struct Answers {
    /// The model's name, for the key.
    pub name: String,
    /// Content hash of the artifact that they are from.
    pub content_hash: Option<String>,
    /// The answers.
    pub answers: Vec<Answer>,
}

const IDS: [&str; 4] = ["prompt_id", "id", "key", "question_id"];
const PROMPTS: [&str; 3] = ["prompt", "messages", "instruction"];
const RESPONSES: [&str; 3] = ["response", "output", "completion"];

/// Reads rows with `prompt_id`, `id`, `key` or `question_id`, `prompt`, `messages` or
/// `instruction`, and `response`, `output` or `completion`: JSON Lines, or one JSON list such as
/// AlpacaEval's `model_outputs.json`. The first row of a prompt counts; where rows have a
/// `sample_index`, that is sample 0.
///
/// # Errors
/// [`Error::Io`]; [`Error::Artifact`] and [`Error::Row`] name file, row, column and remedy.
pub fn read_answers(path: &Path) -> Result<Vec<Answer>, Error> {
    let mut seen = BTreeSet::new();
    let mut answers = Vec::new();
    for (place, row) in rows(path)? {
        let answer = answer(&row, place)?;
        let is_first = row["sample_index"].as_u64().unwrap_or(0) == 0;
        if is_first && seen.insert(answer.prompt_id.clone()) {
            answers.push(answer);
        }
    }
    Ok(answers)
}

/// The rows with their places.
fn rows(path: &Path) -> Result<Vec<(PathBuf, Value)>, Error> {
    let named = |what: String| PathBuf::from(format!("{}{what}", path.display()));
    if path.extension().is_some_and(|extension| extension == "json") {
        let text = std::fs::read_to_string(path)
            .map_err(|source| Error::Io { path: path.to_owned(), source })?;
        let list: Vec<Value> = parse_row(&text, path, 1)?;
        return Ok(list
            .into_iter()
            .enumerate()
            .map(|(i, row)| (named(format!(" element {}", i + 1)), row))
            .collect());
    }
    let rows: Vec<(usize, Value)> = numbered(path)?;
    Ok(rows.into_iter().map(|(line, row)| (named(format!(":{line}")), row)).collect())
}

fn answer(row: &Value, place: PathBuf) -> Result<Answer, Error> {
    let bad = |key: &str, problem: &str, remedy| {
        Err(Error::Row {
            place: place.clone(),
            key: key.to_owned(),
            problem: problem.to_owned(),
            remedy,
        })
    };
    let Some(response) = RESPONSES.iter().find_map(|key| row[*key].as_str()) else {
        return bad("response", "is absent", "name the column response, output or completion");
    };
    let prompt =
        match PROMPTS.iter().find_map(|key| row.get(*key).filter(|prompt| !prompt.is_null())) {
            None => None,
            Some(prompt) => match serde_json::from_value::<Prompt>(prompt.clone()) {
                Ok(prompt) => Some(prompt.to_text()),
                Err(_) => {
                    return bad(
                        "prompt",
                        "is neither a text nor messages",
                        "write a text or [{role, content}]",
                    );
                }
            },
        };
    let id = IDS.iter().find_map(|key| match &row[*key] {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    });
    let Some(prompt_id) = id.or_else(|| prompt.clone()) else {
        return bad("prompt_id", "is absent, and so is the prompt", "give one of them");
    };
    let response_id = row["response_id"].as_str().map(str::to_owned);
    Ok(Answer { prompt_id, response_id, prompt, response: response.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_several_programs_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            read_answers(&path).map_err(|error| {
                error.to_string().replace(&folder.path().display().to_string(), "")
            })
        };
        let alpaca = r#"[{"instruction": "Why?", "output": "So.", "generator": "m"}]"#;
        let found = read("model_outputs.json", alpaca).unwrap();
        assert_eq!((found[0].prompt_id.as_str(), found[0].response.as_str()), ("Why?", "So."));
        let generated = concat!(
            r#"{"id": "p", "sample_index": 1, "response": "late", "finish_reason": "stop", "n_tokens": 1}"#,
            "\n",
            r#"{"id": "p", "sample_index": 0, "response": "first", "finish_reason": "stop", "n_tokens": 1}"#
        );
        let found = read("rows.jsonl", generated).unwrap();
        assert_eq!(
            (found.len(), found[0].response.as_str(), &found[0].prompt),
            (1, "first", &None)
        );
        let error = read("rows.jsonl", r#"{"id": "p"}"#).unwrap_err();
        assert_eq!(
            error,
            "/rows.jsonl:1: `response` is absent; name the column response, output or completion"
        );
        let error = read("list.json", r#"[{"output": "a"}]"#).unwrap_err();
        assert_eq!(
            error,
            "/list.json element 1: `prompt_id` is absent, and so is the prompt; give one of them"
        );
    }
}
