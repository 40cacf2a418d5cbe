//! JSON Lines: one value a line, strictly read.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::io;
use crate::finite::check_finite;
use crate::{Error, Row, RowProblem};

/// A value as one line of JSON, without the line's end.
///
/// # Errors
/// The field that holds NaN or an infinity, or that has no JSON form.
pub fn to_line<T: Serialize + ?Sized>(value: &T) -> Result<String, RowProblem> {
    check_finite(value)?;
    serde_json::to_string(value).map_err(|error| RowProblem::new("", error.to_string()))
}

/// The value on one line; `path` and `line` (from 1) are named in the error.
///
/// # Errors
/// [`Error::Parse`]
pub fn parse_row<T: DeserializeOwned>(text: &str, path: &Path, line: usize) -> Result<T, Error> {
    parse_json(text).map_err(|(field, source)| Error::Parse {
        path: path.to_owned(),
        line,
        field,
        source,
    })
}

/// Reads one document and nothing after it; the error names the field.
pub(crate) fn parse_json<T: DeserializeOwned>(
    text: &str,
) -> Result<T, (String, serde_json::Error)> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| (field_of(error.path()), error.into_inner()))?;
    deserializer.end().map_err(|error| (String::new(), error))?;
    Ok(value)
}

/// Empty where serde stopped outside of any field.
fn field_of(path: &serde_path_to_error::Path) -> String {
    let text = path.to_string();
    if text == "." || text == "?" { String::new() } else { text }
}

/// Every line of a file. Blank lines are errors, too; the last line may lack its end.
///
/// # Errors
/// [`Error::Io`], [`Error::Parse`]
pub fn read_jsonl<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, Error> {
    let file = File::open(path).map_err(io("open", path))?;
    let lines = BufReader::new(file).lines().enumerate();
    lines.map(|(i, text)| parse_row(&text.map_err(io("read", path))?, path, i + 1)).collect()
}

/// Every row of a file, checked as [`Artifact::open`](crate::Artifact::open) checks them: rules and
/// unique ids.
///
/// # Errors
/// Those of [`read_jsonl`], [`Error::Row`], [`Error::Duplicate`]
pub fn read_rows<R: Row>(path: &Path) -> Result<Vec<R>, Error> {
    let rows = read_jsonl(path)?;
    check_rows(&rows, path)?;
    Ok(rows)
}

/// Every row of a file's bytes, as [`read_rows`] gives them.
pub(crate) fn parse_rows<R: Row>(bytes: &[u8], path: &Path) -> Result<Vec<R>, Error> {
    let lines = bytes.lines().enumerate();
    let rows = lines
        .map(|(i, text)| parse_row(&text.map_err(io("read", path))?, path, i + 1))
        .collect::<Result<Vec<R>, _>>()?;
    check_rows(&rows, path)?;
    Ok(rows)
}

/// Checks the rows of `path`, which holds one a line.
pub(crate) fn check_rows<R: Row>(rows: &[R], path: &Path) -> Result<(), Error> {
    let mut line_of = HashMap::with_capacity(rows.len());
    for (line, row) in (1..).zip(rows) {
        row.check().map_err(|problem| Error::Row { path: path.to_owned(), line, problem })?;
        let id = row.id();
        if let Some(&first_line) = line_of.get(&id) {
            return Err(Error::Duplicate { path: path.to_owned(), line, first_line, id });
        }
        line_of.insert(id, line);
    }
    Ok(())
}

/// A row on its way to disk, checked.
pub(crate) fn checked_line<R: Row>(row: &R) -> Result<String, Error> {
    let unwritable = |problem| Error::Unwritable { id: row.id(), problem };
    let line = to_line(row).map_err(unwritable)?;
    row.check().map_err(unwritable)?;
    Ok(line)
}
