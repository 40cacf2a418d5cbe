//! `anchors.json` in its artifact folder.

use std::path::Path;

use srlm_artifact::{Artifact, Begin, Counts, Eval, Input, Settings, Stage, Writer, stage};

use super::{AnchorScores, AnchorSummary};
use crate::{Error, measured};

const STAGE: Stage = stage!("srlm-eval/anchors", 1);
const NAME: &str = "anchors";

/// Opens the folder at `out` if it is up to date, else begins to write it.
///
/// `config` is all that decides how the caller measures; `inputs` are the answers and the judgments
/// of them.
///
/// # Errors
/// [`Error::Artifact`], also when a finished folder with another key stands there.
pub fn begin(out: &Path, config: Settings, inputs: Vec<Input>) -> Result<Begin<Eval>, Error> {
    measured::begin(STAGE, out, config, inputs)
}

/// Writes `anchors.json`, and the scores behind it as `anchors.jsonl`.
///
/// # Errors
/// [`Error::Artifact`] and [`Error::Io`] for the disk; [`Error::NotFinite`] when a score is not
/// finite.
pub fn write(
    writer: Writer<Eval>,
    summary: &AnchorSummary,
    judged: &[AnchorScores],
    device: &str,
) -> Result<Artifact<Eval>, Error> {
    let counts = [
        ("pairs", summary.n_pairs),
        ("right_above", summary.n_right_above),
        ("tied", summary.n_tied),
        ("wrong_above", summary.n_wrong_above),
        ("unscored_pairs", summary.n_unscored_pairs),
    ];
    let counts = Counts::from(counts.map(|(name, n)| (name.to_owned(), n)));
    measured::write(writer, NAME, (&summary.judge, summary, judged), counts, device)
}

/// Reads the summary of a finished folder.
///
/// # Errors
/// [`Error::Io`] and [`Error::Evaluation`] name the file.
pub fn read(artifact: &Artifact<Eval>) -> Result<AnchorSummary, Error> {
    measured::read(artifact, NAME)
}
