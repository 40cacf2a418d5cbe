//! What can go wrong with an artifact folder, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use crate::{Format, RowProblem};

/// Why an artifact cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused.
    #[error("cannot {action} {path}")]
    Io {
        /// What was tried: `read`, `create`, ...
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// The folder is no complete artifact.
    #[error("no artifact at {path}: it has no manifest.json; run the stage that writes it")]
    Missing {
        /// The folder.
        path: PathBuf,
    },
    /// The manifest is not what this program writes.
    #[error("invalid manifest {path}{}", in_field(field))]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Path of the field that serde stopped at; empty where it is the whole document.
        field: String,
        /// serde's reason.
        #[source]
        source: serde_json::Error,
    },
    /// A manifest of a kind that this program does not know.
    #[error("{path} holds artifacts of the unknown kind `{kind}`; a newer srlm may read it")]
    UnknownKind {
        /// The folder.
        path: PathBuf,
        /// The kind that its manifest states.
        kind: String,
    },
    /// The folder holds something else than asked for.
    #[error("{path} holds `{found}`, not `{expected}`")]
    Kind {
        /// The folder.
        path: PathBuf,
        /// The kind asked for.
        expected: &'static str,
        /// The kind found.
        found: String,
    },
    /// The folder was written in a format that this program does not read.
    #[error("{path} has `{kind}` format {found}, this program reads {supported}; {remedy}", remedy = found.remedy(*supported))]
    Format {
        /// The folder.
        path: PathBuf,
        /// Its kind.
        kind: String,
        /// The format it was written in.
        found: Format,
        /// The newest format that can be read.
        supported: Format,
    },
    /// A file is absent, of another size, or not a file that an artifact may hold.
    #[error("{path} {problem}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A file's bytes are not those that were written.
    #[error("{path} was changed: its sha256 is {found}, the manifest says {expected}")]
    Hash {
        /// The first file that differs, in the manifest's order.
        path: PathBuf,
        /// The manifest's hash.
        expected: String,
        /// The hash of the file.
        found: String,
    },
    /// The rows file is longer or shorter than the manifest says.
    #[error("{path} has {found} rows, the manifest says {expected}")]
    RowCount {
        /// The rows file.
        path: PathBuf,
        /// The manifest's number.
        expected: u64,
        /// The number of lines.
        found: u64,
    },
    /// A line is not a row.
    #[error("invalid row at {path}:{line}{}", in_field(field))]
    Parse {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Path of the field that serde stopped at; empty where it is the whole row, or a field is
        /// missing.
        field: String,
        /// serde's reason; its own line number is always 1.
        #[source]
        source: serde_json::Error,
    },
    /// A row breaks a rule of its kind.
    #[error("invalid row at {path}:{line}: {problem}")]
    Row {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The field and the rule.
        problem: RowProblem,
    },
    /// Two rows have the same id.
    #[error("duplicate row at {path}:{line}: {id} is also on line {first_line}")]
    Duplicate {
        /// The file.
        path: PathBuf,
        /// The second line, from 1.
        line: usize,
        /// The first line, from 1.
        first_line: usize,
        /// The id, with the names of its fields.
        id: String,
    },
    /// A row that must not reach the disk.
    #[error("cannot write the row with {id}: {problem}")]
    Unwritable {
        /// The row's id, with the names of its fields.
        id: String,
        /// The field and the rule.
        problem: RowProblem,
    },
    /// What an interrupted attempt left was changed since.
    #[error(
        "{path} is damaged: {what} is not what was written; \
         `--force {stage}` moves it aside and makes the stage anew"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What of it.
        what: String,
        /// What `--force` takes: the stage's folder within its run.
        stage: String,
    },
    /// A complete folder was made by another recipe.
    #[error(
        "{path} was made with another {field}: was {was}, now {now}; \
         `--force {stage}` moves it aside and makes it anew, another `--run` leaves it as it is"
    )]
    Changed {
        /// The folder.
        path: PathBuf,
        /// What `--force` takes: the folder within its run.
        stage: String,
        /// The first field that differs, such as `config.sampling.temperature` or
        /// `inputs.judgments`.
        field: String,
        /// Its value in the folder's manifest.
        was: String,
        /// Its value in the recipe at hand.
        now: String,
    },
    /// A text that does not name a part of a stage.
    #[error("`{text}` is no shard; write i/n with i from 1 to n, as in 2/4")]
    NoShard {
        /// The text.
        text: String,
    },
    /// A part of a whole is not there.
    #[error(
        "the shard {shard} of {path} is not among those given; run its stage with `--shard {shard}`"
    )]
    ShardMissing {
        /// The folder of the whole.
        path: PathBuf,
        /// The part, `2/4`.
        shard: String,
    },
    /// A part was made by another recipe than the whole.
    #[error("{path} is a shard of another whole: its {field} is {was}, not {now}; make it anew")]
    ShardOfOther {
        /// The folder of the part.
        path: PathBuf,
        /// The first field that differs, such as `config.judgments`.
        field: String,
        /// Its value in the part's manifest.
        was: String,
        /// Its value in the recipe of the whole.
        now: String,
    },
    /// Something is in the way that is not ours to replace.
    #[error("{path} exists and is not a complete artifact; move it away")]
    Occupied {
        /// The file or folder.
        path: PathBuf,
    },
    /// Another process is at work there.
    #[error("{path} is in use by process {holder}; wait for it to end, or stop it, and run again")]
    Locked {
        /// The run or artifact folder.
        path: PathBuf,
        /// The other process's number, `unknown` where it cannot be read.
        holder: String,
    },
}

fn in_field(field: &str) -> String {
    if field.is_empty() { String::new() } else { format!(", field `{field}`") }
}

/// An error with its causes, in one line.
pub(crate) fn message(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}

/// Names the action and the path of a failed system call.
pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { action, path, source }
}
