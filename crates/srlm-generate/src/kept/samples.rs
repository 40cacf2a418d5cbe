//! The file of finished samples: JSON Lines, one a sample.

use std::collections::HashMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use srlm_artifact::{Error, FinishReason, Journal};

use crate::{Completion, Request, WrittenToken};

/// One finished sample. The seed is there for people; its id covers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Line {
    seed: u64,
    text: String,
    finish_reason: FinishReason,
    n_tokens: u32,
    /// Text, and the likeliest tokens with their log-probabilities.
    tokens: Vec<(String, Vec<(String, f64)>)>,
}

/// A line and the id of its sample.
#[derive(Serialize, Deserialize)]
struct Row {
    sample_id: String,
    sample: Line,
}

impl Line {
    pub(super) fn new(request: &Request, completion: &Completion) -> Self {
        Self {
            seed: request.seeds[completion.sample_index],
            text: completion.text.clone(),
            finish_reason: completion.finish_reason,
            n_tokens: completion.n_tokens,
            tokens: completion
                .tokens
                .iter()
                .map(|token| (token.text.clone(), token.top.clone()))
                .collect(),
        }
    }

    pub(super) fn completion(&self, request_index: usize, sample_index: usize) -> Completion {
        let token =
            |(text, top): &(String, Vec<_>)| WrittenToken { text: text.clone(), top: top.clone() };
        Completion {
            request_index,
            sample_index,
            text: self.text.clone(),
            finish_reason: self.finish_reason,
            n_tokens: self.n_tokens,
            tokens: self.tokens.iter().map(token).collect(),
        }
    }
}

/// The samples of all attempts.
pub(super) struct Samples {
    journal: Journal,
    lines: HashMap<String, Line>,
}

impl Samples {
    /// Opens a file, old or new. Each id covers all that decides its sample, so the journal is
    /// nobody's in particular.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let (journal, rows) = Journal::open::<Row>(path, "")?;
        let lines = rows.into_iter().map(|row| (row.sample_id, row.sample)).collect();
        Ok(Self { journal, lines })
    }

    pub(super) fn get(&self, sample_id: &str) -> Option<&Line> {
        self.lines.get(sample_id)
    }

    /// Adds a sample; from then on it survives the process.
    pub(super) fn append(&mut self, sample_id: String, sample: Line) -> Result<(), Error> {
        let row = Row { sample_id, sample };
        self.journal.append(&row)?;
        self.lines.insert(row.sample_id, row.sample);
        Ok(())
    }

    /// From then on all samples survive the system.
    pub(super) fn sync(&mut self) -> Result<(), Error> {
        self.journal.sync()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn line(text: &str) -> Line {
        let tokens = vec![(
            "4".to_owned(),
            vec![("4".to_owned(), -0.1), ("5".to_owned(), -0.300_000_000_000_000_04)],
        )];
        Line {
            seed: 7,
            text: text.to_owned(),
            finish_reason: FinishReason::Stop,
            n_tokens: 2,
            tokens,
        }
    }

    #[test]
    fn samples_come_back_as_they_were_and_a_torn_one_is_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("samples.jsonl");
        let mut samples = Samples::open(&path).unwrap();
        samples.append("a/0/x".to_owned(), line("one\nmore")).unwrap();
        samples.append("a/1/x".to_owned(), line("two")).unwrap();
        let bytes = fs::read(&path).unwrap();
        insta::assert_snapshot!(String::from_utf8_lossy(&bytes).lines().next().unwrap(), @r#"cfcf4ba9138f09c242bf4b3dc69d67ed {"sample_id":"a/0/x","sample":{"seed":7,"text":"one\nmore","finish_reason":"stop","n_tokens":2,"tokens":[["4",[["4",-0.1],["5",-0.30000000000000004]]]]}}"#);
        for cut in 1..40 {
            fs::write(&path, &bytes[..bytes.len() - cut]).unwrap();
            let mut samples = Samples::open(&path).unwrap();
            assert_eq!(
                (samples.get("a/0/x"), samples.get("a/1/x")),
                (Some(&line("one\nmore")), None),
                "{cut}"
            );
            samples.append("a/1/x".to_owned(), line("two")).unwrap();
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
    }

    #[test]
    fn a_line_that_no_crash_leaves_is_an_error_that_names_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("samples.jsonl");
        fs::write(&path, "{}\n").unwrap();
        let error = Samples::open(&path).err().unwrap().to_string();
        assert!(error.contains("samples.jsonl is damaged: line 1"), "{error}");
    }
}
