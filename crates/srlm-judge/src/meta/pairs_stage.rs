//! The stage that pairs judgments: `iter-T/judge-pairs`.

use std::path::Path;

use srlm_artifact::{
    Artifact, Battles, Begin, Judgments, Pairs, Place, Prompts, Recipe, Responses, Settings, begin,
};

use super::{JudgePairsConfig, judge_pairs};
use crate::plain_input::plain_input;
use crate::{Error, Rubric, judged_prompts};

/// Raised when other pairs come from the same settings and inputs.
const STAGE_VERSION: u32 = 1;

/// What the stage reads.
#[derive(Clone, Copy, Debug)]
pub struct PairsInputs<'a> {
    /// What was asked.
    pub prompts: &'a Artifact<Prompts>,
    /// What was judged.
    pub responses: &'a Artifact<Responses>,
    /// What is paired.
    pub judgments: &'a Artifact<Judgments>,
    /// How the judgments compare.
    pub battles: &'a Artifact<Battles>,
    /// The rubric that was judged by.
    pub rubric: &'a Rubric,
}

/// Pairs judgments and writes them with their counts; none at all is an artifact as well.
///
/// # Errors
/// [`Error::UnknownPrompt`] and those of [`JudgePairsConfig::validate`], [`judge_pairs`] and the
/// artifacts.
pub fn run_pairs(
    config: &JudgePairsConfig,
    inputs: PairsInputs<'_>,
    place: Place,
    out: &Path,
) -> Result<Artifact<Pairs>, Error> {
    config.validate()?;
    inputs.rubric.check_scores()?;
    let writer = match begin(out, recipe(config, &inputs, place))? {
        Begin::UpToDate(artifact) => return Ok(artifact),
        Begin::Write(writer) => writer,
    };
    let prompts =
        judged_prompts(inputs.prompts.rows()?, inputs.responses.rows()?, inputs.judgments.rows()?)?;
    let found = judge_pairs(&prompts, &inputs.battles.rows()?, inputs.rubric, config, place)?;
    Ok(writer.finish(found.pairs, found.counts.into(), "cpu")?)
}

/// Of the limits for several iterations only the one that counts.
fn recipe(config: &JudgePairsConfig, inputs: &PairsInputs<'_>, place: Place) -> Recipe {
    let mut settings = Settings::of(config);
    settings["max_judgment_characters"] = config.max_characters(place.iteration).into();
    settings["iteration"] = place.iteration.into();
    Recipe {
        stage: "srlm-judge/judge-pairs".to_owned(),
        stage_version: STAGE_VERSION,
        crate_version: env!("CARGO_PKG_VERSION").to_owned(),
        git_commit: None,
        config: settings,
        seed: place.run_seed,
        inputs: vec![
            inputs.prompts.as_input("prompts"),
            inputs.responses.as_input("responses"),
            inputs.judgments.as_input("judgments"),
            inputs.battles.as_input("battles"),
            plain_input("rubric", inputs.rubric.content_hash()),
        ],
    }
}
