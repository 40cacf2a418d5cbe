//! The file `dropped.jsonl` of a prompts artifact: what was generated and not kept.

use std::path::Path;

use serde::Serialize;

use crate::{DropReason, Error};

/// One text, in the order in which they were generated.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Dropped {
    /// As read from the generation, white space collapsed.
    pub(crate) text: String,
    pub(crate) reason: DropReason,
    /// The round, from 0.
    pub(crate) round: u32,
    /// Id of the request whose generation has it.
    pub(crate) request: String,
    /// Id of the seed, earlier or accepted prompt that it is too much like.
    pub(crate) nearest: Option<String>,
    /// ROUGE-L F-measure with that prompt, for similar ones.
    pub(crate) rouge_l: Option<f64>,
}

/// Writes the file; the artifact's writer makes it durable.
///
/// # Errors
/// [`Error::Io`]
pub(crate) fn write(dir: &Path, dropped: &[Dropped]) -> Result<(), Error> {
    let path = dir.join("dropped.jsonl");
    let line =
        |row| srlm_artifact::to_line(row).expect("scores are finite and keys are strings") + "\n";
    let text: String = dropped.iter().map(line).collect();
    std::fs::write(&path, text).map_err(|source| Error::Io { action: "write", path, source })
}
