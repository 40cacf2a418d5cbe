//! Why an import gives nothing.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What can go wrong, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting cannot be used.
    #[error("`{key}` is {value}; {remedy}")]
    Config {
        /// The setting, as the configuration file names it.
        key: &'static str,
        /// Its value.
        value: String,
        /// What it must be.
        remedy: &'static str,
    },
    /// An entry of `columns` cannot be used.
    #[error("`columns.{column}` is {field:?}; {remedy}")]
    Column {
        /// The column that it names.
        column: String,
        /// The field that it names.
        field: String,
        /// What it must be.
        remedy: String,
    },
    /// The operating system refused, or a file cannot be unpacked.
    #[error("cannot {action} {path}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// The reason.
        #[source]
        source: io::Error,
    },
    /// An input holds no file that can be read.
    #[error("{path} {problem}")]
    Input {
        /// The input.
        path: PathBuf,
        /// What is wrong with it, and the remedy.
        problem: &'static str,
    },
    /// A row does not have the form that was asked for.
    #[error(
        "{place}: {problem}; correct the row, name another format or `columns`, or set `on_bad_row = \"drop\"`"
    )]
    Row {
        /// File and line.
        place: Place,
        /// The field and what is wrong.
        problem: Problem,
    },
    /// A row of human judgments cannot be read.
    #[error(
        "{place}: {problem}; correct the row, name the file's form, or name its fields with `columns`"
    )]
    HumanRow {
        /// File and line.
        place: Place,
        /// The field and what is wrong.
        problem: Problem,
    },
    /// Everything that was read was left out.
    #[error(
        "nothing is left of {rows} rows ({reasons}); name another format or `columns`, or widen the limits"
    )]
    Nothing {
        /// Rows read.
        rows: u64,
        /// What was left out for which reason.
        reasons: String,
    },
    /// A folder was made from other files or with other settings.
    #[error(
        "{path} was made with another {field}: was {was}, now {now}; name another folder, or move this one away"
    )]
    Changed {
        /// The folder.
        path: PathBuf,
        /// The first field that differs, such as `config.min_responses` or `inputs.file-0001`.
        field: String,
        /// Its value in the folder's manifest.
        was: String,
        /// Its value now.
        now: String,
    },
    /// Writing an artifact failed.
    #[error(transparent)]
    Artifact(#[from] srlm_artifact::Error),
}

/// Where a row comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// The line of JSON Lines, or the row of an array or of a Parquet file; from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path.display(), self.line)
    }
}

/// A field of a row, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The field; empty where it is the whole row.
    pub field: String,
    /// What is wrong, as a fragment that follows the field's name.
    pub problem: String,
}

impl Problem {
    pub(crate) fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }

    /// The same, as seen from the row that has `parent`.
    pub(crate) fn within(mut self, parent: &str) -> Self {
        self.field = if self.field.is_empty() {
            parent.to_owned()
        } else {
            format!("{parent}.{}", self.field)
        };
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => write!(f, "the row {}", self.problem),
            field => write!(f, "`{field}` {}", self.problem),
        }
    }
}

/// Names the action and the path of a failed system call.
pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { action, path, source }
}
