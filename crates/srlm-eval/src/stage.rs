//! `eval.json` in its artifact folder.

use std::path::Path;

use srlm_artifact::{Artifact, Begin, Counts, Eval, Input, Settings, Stage, Writer, stage};

use crate::{Error, Evaluation};

const STAGE: Stage = stage!("srlm-eval", 2);
const FILE: &str = "eval.json";

/// Opens the evaluation at `out` if it is up to date, else begins to write it.
///
/// `config` is all that decides how the caller measures; `inputs` are the artifacts and models that
/// it measures.
///
/// # Errors
/// [`Error::Artifact`], also when a finished evaluation with another key stands there.
pub fn begin(
    out: &Path,
    config: Settings,
    seed: u64,
    inputs: Vec<Input>,
) -> Result<Begin<Eval>, Error> {
    Ok(srlm_artifact::begin(out, STAGE.recipe(config, seed, inputs))?)
}

/// Writes the evaluation and finishes the folder.
///
/// # Errors
/// [`Error::Artifact`] and [`Error::Io`] for the disk; [`Error::NotFinite`] when a number is NaN or
/// infinite.
pub fn write(
    writer: Writer<Eval>,
    evaluation: &Evaluation,
    device: &str,
) -> Result<Artifact<Eval>, Error> {
    let not_finite = |source| Error::NotFinite { model: evaluation.model.clone(), source };
    let text = serde_json::to_string_pretty(evaluation).map_err(not_finite)? + "\n";
    // JSON has no NaN: it was written as null, which does not read back as a number.
    serde_json::from_str::<Evaluation>(&text).map_err(not_finite)?;
    let path = writer.dir().join(FILE);
    std::fs::write(&path, text).map_err(|source| Error::Io { path, source })?;
    Ok(writer.finish(Vec::new(), counts(evaluation), device)?)
}

/// Reads the evaluation of a finished folder.
///
/// # Errors
/// [`Error::Io`] and [`Error::Evaluation`] name the file.
pub fn read(artifact: &Artifact<Eval>) -> Result<Evaluation, Error> {
    let path = artifact.dir().join(FILE);
    let bytes = artifact.read(FILE)?;
    serde_json::from_slice(&bytes).map_err(|source| Error::Evaluation { path, source })
}

fn counts(evaluation: &Evaluation) -> Counts {
    let mut counts = Counts::new();
    let mut count = |name: &str, n: u64| counts.insert(name.to_owned(), n);
    if let Some(agreement) = &evaluation.agreement {
        count("judged_responses", agreement.n_responses - agreement.n_unscored);
        count("unscored_responses", agreement.n_unscored);
    }
    if let Some(found) = &evaluation.head_to_head {
        count("wins", found.wins);
        count("ties", found.ties);
        count("losses", found.losses);
        count("missing_verdicts", found.n_missing);
    }
    counts
}
