//! One JSON file of measurements in an artifact folder of its own.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use srlm_artifact::{Artifact, Begin, Counts, Eval, Input, Settings, Stage, Writer};

use crate::Error;

/// Opens the folder at `out` if it is up to date, else begins to write it.
pub(crate) fn begin(
    stage: Stage,
    out: &Path,
    config: Settings,
    inputs: Vec<Input>,
) -> Result<Begin<Eval>, Error> {
    Ok(srlm_artifact::begin(out, stage.recipe(config, 0, inputs))?)
}

/// Writes the measurements of `model` as `{name}.json` with the rows behind them as `{name}.jsonl`,
/// and finishes the folder.
pub(crate) fn write<T: Serialize + DeserializeOwned>(
    writer: Writer<Eval>,
    name: &str,
    (model, measured, rows): (&str, &T, &[impl Serialize]),
    counts: Counts,
    device: &str,
) -> Result<Artifact<Eval>, Error> {
    let not_finite = |source| Error::NotFinite { model: model.to_owned(), source };
    let text = serde_json::to_string_pretty(measured).map_err(not_finite)? + "\n";
    // JSON has no NaN: it was written as null, which does not read back as a number.
    serde_json::from_str::<T>(&text).map_err(not_finite)?;
    let mut lines = String::new();
    for row in rows {
        lines += &(serde_json::to_string(row).map_err(not_finite)? + "\n");
    }
    for (extension, text) in [("json", text), ("jsonl", lines)] {
        let path = writer.dir().join(format!("{name}.{extension}"));
        std::fs::write(&path, text).map_err(|source| Error::Io { path, source })?;
    }
    Ok(writer.finish(Vec::new(), counts, device)?)
}

/// Reads `{name}.json` of a finished folder.
pub(crate) fn read<T: DeserializeOwned>(artifact: &Artifact<Eval>, name: &str) -> Result<T, Error> {
    let file = format!("{name}.json");
    let path = artifact.dir().join(&file);
    serde_json::from_slice(&artifact.read(&file)?)
        .map_err(|source| Error::Evaluation { path, source })
}
