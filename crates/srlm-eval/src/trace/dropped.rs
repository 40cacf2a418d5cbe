//! Generated texts that were not kept.

use std::path::Path;

use serde::{Deserialize, Serialize};
use srlm_artifact::{Artifact, Prompts, read_jsonl};

use crate::Error;

/// A line of `dropped.jsonl`, which stands beside the prompts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DroppedText {
    /// As it was generated, white space collapsed.
    pub text: String,
    /// Why: the name of its count.
    pub reason: String,
    /// The round, from 0.
    pub round: u32,
    /// The request whose generation has it.
    pub request: String,
    /// Id of the prompt that it is too much like.
    pub nearest: Option<String>,
    /// ROUGE-L F-measure with that prompt, from 0 to 1.
    pub rouge_l: Option<f64>,
}

const FILE: &str = "dropped.jsonl";

/// What the stage dropped; nothing where it does not tell, as older versions and pools do not.
pub(super) fn dropped(prompts: &Artifact<Prompts>) -> Result<Vec<DroppedText>, Error> {
    let is_there = prompts.manifest().files.iter().any(|file| file.path == FILE);
    let path: &Path = &prompts.dir().join(FILE);
    Ok(if is_there { read_jsonl(path)? } else { Vec::new() })
}
