//! Files of rows that users give, with the line of every row for what is wrong with it.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use srlm_artifact::parse_row;

use crate::Error;

/// The rows of a JSON Lines file with their line numbers from 1; blank lines are left out.
///
/// # Errors
/// [`Error::Io`]; [`Error::Artifact`] names file, line and field.
pub(crate) fn numbered<T: DeserializeOwned>(path: &Path) -> Result<Vec<(usize, T)>, Error> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| Error::Io { path: path.to_owned(), source })?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(i, line)| Ok((i + 1, parse_row(line, path, i + 1)?))).collect()
}

/// The error of a row at `path:line`.
pub(crate) fn bad_row(
    path: &Path,
    line: usize,
    key: &str,
    problem: String,
    remedy: &'static str,
) -> Error {
    let place = PathBuf::from(format!("{}:{line}", path.display()));
    Error::Row { place, key: key.to_owned(), problem, remedy }
}
