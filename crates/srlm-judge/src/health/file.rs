//! `health.json` in the folder of the judgments.

use std::fs;
use std::path::Path;

use srlm_artifact::{Artifact, Judgments};

use crate::{Error, JudgeHealth};

const FILE: &str = "health.json";

/// Puts the measures beside the rows.
pub(crate) fn write_health(dir: &Path, health: &JudgeHealth) -> Result<(), Error> {
    let path = dir.join(FILE);
    let text = serde_json::to_string_pretty(health)
        .expect("its numbers are finite, its keys are strings")
        + "\n";
    fs::write(&path, text).map_err(|source| Error::Io { path, source })
}

/// The measures of finished judgments.
///
/// # Errors
/// [`Error::Io`], also for judgments that were made before there was such a file, and
/// [`Error::Health`].
pub fn read_health(judgments: &Artifact<Judgments>) -> Result<JudgeHealth, Error> {
    let path = judgments.dir().join(FILE);
    match fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text).map_err(|source| Error::Health { path, source }),
        Err(source) => Err(Error::Io { path, source }),
    }
}
