//! `safety.json` in its artifact folder.

use std::path::Path;

use srlm_artifact::{Artifact, Begin, Counts, Eval, Input, Settings, Stage, Writer, stage};

use super::{Answered, SafetySummary};
use crate::{Error, measured};

const STAGE: Stage = stage!("srlm-eval/safety", 1);
const NAME: &str = "safety";

/// Opens the folder at `out` if it is up to date, else begins to write it.
///
/// `config` is all that decides how the caller measures; `inputs` are the labels, the responses
/// and, with the safety rubric, the judgments.
///
/// # Errors
/// [`Error::Artifact`], also when a finished folder with another key stands there.
pub fn begin(out: &Path, config: Settings, inputs: Vec<Input>) -> Result<Begin<Eval>, Error> {
    measured::begin(STAGE, out, config, inputs)
}

/// Writes `safety.json`, and the responses behind it as `safety.jsonl`.
///
/// # Errors
/// [`Error::Artifact`] and [`Error::Io`] for the disk; [`Error::NotFinite`] when a score is not
/// finite.
pub fn write(
    writer: Writer<Eval>,
    summary: &SafetySummary,
    answered: &[Answered],
    device: &str,
) -> Result<Artifact<Eval>, Error> {
    let mut counts = Counts::new();
    for (name, side) in [("unsafe", summary.unsafe_prompts), ("safe", summary.safe_prompts)] {
        let Some(side) = side else { continue };
        for (what, n) in [
            ("prompts", side.n),
            ("refused", side.n_refused),
            ("complied", side.n_complied),
            ("blank", side.n_blank),
        ] {
            counts.insert(format!("{name}_{what}"), n);
        }
    }
    measured::write(writer, NAME, (&summary.model, summary, answered), counts, device)
}

/// Reads the summary of a finished folder.
///
/// # Errors
/// [`Error::Io`] and [`Error::Evaluation`] name the file.
pub fn read(artifact: &Artifact<Eval>) -> Result<SafetySummary, Error> {
    measured::read(artifact, NAME)
}
