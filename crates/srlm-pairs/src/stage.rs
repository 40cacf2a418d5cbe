//! The stage: `iter-T/pairs`.

use std::path::Path;

use srlm_artifact::{Artifact, Begin, Judgments, Pairs, Prompts, Recipe, Responses, begin};

use crate::{Error, PairsConfig, candidates_by_prompt, select_pairs};

/// Raised when other pairs come from the same settings and inputs.
const STAGE_VERSION: u32 = 1;

/// What the stage reads.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// What was asked.
    pub prompts: &'a Artifact<Prompts>,
    /// The candidates.
    pub responses: &'a Artifact<Responses>,
    /// What the judge said of them.
    pub judgments: &'a Artifact<Judgments>,
}

/// Selects the pairs and writes them with their counts; none at all is an artifact as well.
///
/// # Errors
/// Those of [`PairsConfig::validate`], [`candidates_by_prompt`] and the artifacts.
pub fn run(config: &PairsConfig, inputs: Inputs<'_>, out: &Path) -> Result<Artifact<Pairs>, Error> {
    config.validate()?;
    let writer = match begin(out, recipe(config, inputs))? {
        Begin::UpToDate(artifact) => return Ok(artifact),
        Begin::Write(writer) => writer,
    };
    let (prompts, responses) = (inputs.prompts.rows()?, inputs.responses.rows()?);
    let candidates = candidates_by_prompt(&prompts, &responses, &inputs.judgments.rows()?)?;
    let selection = select_pairs(&candidates, config);
    Ok(writer.finish(selection.pairs, selection.counts.into(), "cpu")?)
}

fn recipe(config: &PairsConfig, inputs: Inputs<'_>) -> Recipe {
    Recipe {
        stage: "srlm-pairs".to_owned(),
        stage_version: STAGE_VERSION,
        crate_version: env!("CARGO_PKG_VERSION").to_owned(),
        git_commit: None,
        config: serde_json::to_value(config).expect("settings are plain data"),
        // Nothing is drawn.
        seed: 0,
        inputs: vec![
            inputs.prompts.as_input("prompts"),
            inputs.responses.as_input("responses"),
            inputs.judgments.as_input("judgments"),
        ],
    }
}
