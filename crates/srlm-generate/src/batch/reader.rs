//! Answers out of files of results.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use srlm_artifact::{Error as FileError, parse_row};

use crate::http::{Answer, Sample};
use crate::sample_id::{place, sample_id};
use crate::{Completion, Error, Generate, Request};

/// How many samples an error names.
const N_NAMED: usize = 3;

/// Serves requests from the results of a batch.
///
/// Result lines are `{custom_id, response: {status_code, body}, error}` in any order; further
/// fields, and results of requests that are not asked for, do not matter.
#[derive(Debug)]
pub struct BatchReader {
    model: String,
    /// In the order of the files: the body of the answer, or why there is none.
    results: HashMap<String, Vec<Result<Value, String>>>,
    /// Ids of the requests and samples that have a result, whatever else was asked.
    places: HashSet<String>,
}

#[derive(Deserialize)]
struct Line {
    custom_id: String,
    response: Option<Response>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Response {
    status_code: u16,
    body: Option<Value>,
}

impl BatchReader {
    /// Reads files of results that `model` gave. Of several results of one request, the first that
    /// succeeded counts. A last line that is not whole, as a batch leaves that was stopped, counts
    /// as absent.
    ///
    /// # Errors
    /// [`Error::File`] where a file cannot be read or a line is no result.
    pub fn open(model: String, files: &[PathBuf]) -> Result<Self, Error> {
        let mut results: HashMap<String, Vec<_>> = HashMap::new();
        for file in files {
            for Line { custom_id, response, error } in lines(file)? {
                results.entry(custom_id).or_default().push(outcome(response, error));
            }
        }
        let places = results.keys().map(|id| place(id).to_owned()).collect();
        Ok(Self { model, results, places })
    }

    /// The samples asked for, with what their results say.
    pub(super) fn look_up<'a>(
        &'a self,
        requests: &'a [Request],
    ) -> impl Iterator<Item = Found<'a>> {
        let samples = move |(request_index, request): (usize, &'a Request)| {
            (0..request.seeds.len()).map(move |sample_index| {
                let id = sample_id(&self.model, request, sample_index);
                let result = self.results.get(&id).and_then(|results| first(results, request));
                Found { request_index, sample_index, request, id, result }
            })
        };
        requests.iter().enumerate().flat_map(samples)
    }

    /// The error that tells of the samples without a result.
    fn no_result(&self, missing: &[Found<'_>], n_samples: usize) -> Error {
        let reason = |found: &Found<'_>| {
            found.result.as_ref().and_then(|result| result.as_ref().err().cloned())
        };
        let is_changed =
            |found: &Found<'_>| found.result.is_none() && self.places.contains(place(&found.id));
        let name = |found: &Found<'_>| match reason(found) {
            Some(reason) => format!("{} ({reason})", place(&found.id)),
            None => place(&found.id).to_owned(),
        };
        Error::NoResult {
            n: missing.len(),
            n_samples,
            n_failed: missing.iter().filter(|found| found.result.is_some()).count(),
            n_changed: missing.iter().filter(|found| is_changed(found)).count(),
            first: missing.iter().take(N_NAMED).map(name).collect(),
        }
    }
}

fn lines(path: &Path) -> Result<Vec<Line>, FileError> {
    let bytes = fs::read(path).map_err(|source| FileError::Io {
        action: "read",
        path: path.to_owned(),
        source,
    })?;
    let mut lines = Vec::new();
    for (i, line) in bytes.split_inclusive(|&byte| byte == b'\n').enumerate() {
        match parse_row(&String::from_utf8_lossy(line), path, i + 1) {
            Ok(line) => lines.push(line),
            Err(_) if !line.ends_with(b"\n") => {}
            Err(error) => return Err(error),
        }
    }
    Ok(lines)
}

/// A sample asked for. Its result is absent, a failure or what the model wrote.
pub(super) struct Found<'a> {
    pub(super) request_index: usize,
    pub(super) sample_index: usize,
    pub(super) request: &'a Request,
    pub(super) id: String,
    pub(super) result: Option<Result<Sample, String>>,
}

/// The first result that holds a sample, else the first failure.
fn first(results: &[Result<Value, String>], request: &Request) -> Option<Result<Sample, String>> {
    let mut read = results.iter().map(|result| read(result, request));
    let first = read.next()?;
    if first.is_ok() { Some(first) } else { read.find(Result::is_ok).or(Some(first)) }
}

fn read(result: &Result<Value, String>, request: &Request) -> Result<Sample, String> {
    let body = result.as_ref().map_err(String::clone)?;
    let answer = Answer::deserialize(body)
        .map_err(|error| format!("its answer is not a completion: {error}"))?;
    answer.sample(request.top_logprobs).map_err(|(problem, _)| format!("its answer {problem}"))
}

/// The body of an answer, or why there is none.
fn outcome(response: Option<Response>, error: Option<Value>) -> Result<Value, String> {
    match (response, error.filter(|error| !error.is_null())) {
        (Some(Response { status_code: 200, body: Some(body) }), None) => Ok(body),
        (Some(Response { status_code, body }), None) => {
            Err(short(format!("status {status_code}"), body))
        }
        (_, error) => Err(short("error".to_owned(), error)),
    }
}

fn short(what: String, told: Option<Value>) -> String {
    let told = told.map(|told| told.to_string()).unwrap_or_default();
    let end = told.char_indices().nth(200).map_or(told.len(), |(end, _)| end);
    format!("{what} {}", &told[..end]).trim_end().to_owned()
}

impl Generate for BatchReader {
    /// The model's name, as for the same model behind a server.
    fn identity(&self) -> String {
        self.model.clone()
    }

    /// # Errors
    /// [`Error::NoResult`] where any sample has none; then none is handed over.
    fn generate(
        &mut self,
        requests: &[Request],
        on_completion: &mut dyn FnMut(Completion),
    ) -> Result<(), Error> {
        let (found, missing): (Vec<_>, Vec<_>) =
            self.look_up(requests).partition(|found| matches!(found.result, Some(Ok(_))));
        if !missing.is_empty() {
            return Err(self.no_result(&missing, found.len() + missing.len()));
        }
        for Found { request_index, sample_index, result, .. } in found {
            if let Some(Ok(sample)) = result {
                on_completion(sample.completion(request_index, sample_index));
            }
        }
        Ok(())
    }
}
