//! The stage that pairs judgments: `iter-T/judge-pairs`.

use std::path::Path;

use srlm_artifact::{
    Artifact, Battles, Input, Judgments, Made, Pairs, Place, Prompts, Recipe, Responses, Settings,
    Stage, make, stage,
};

use super::{JudgePairsConfig, judge_pairs};
use crate::{Error, Rubric, judged_prompts};

const STAGE: Stage = stage!("srlm-judge/judge-pairs", 1);

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
    make(out, recipe(config, &inputs, place), |_| {
        let prompts = judged_prompts(
            inputs.prompts.rows()?,
            inputs.responses.rows()?,
            inputs.judgments.rows()?,
        )?;
        let found = judge_pairs(&prompts, &inputs.battles.rows()?, inputs.rubric, config, place)?;
        Ok(Made::on_cpu(found.pairs, found.counts))
    })
}

/// Of the limits for several iterations only the one that counts.
fn recipe(config: &JudgePairsConfig, inputs: &PairsInputs<'_>, place: Place) -> Recipe {
    let used = vec![
        inputs.prompts.as_input("prompts"),
        inputs.responses.as_input("responses"),
        inputs.judgments.as_input("judgments"),
        inputs.battles.as_input("battles"),
        Input::plain("rubric", inputs.rubric.content_hash()),
    ];
    STAGE
        .recipe(Settings::of(config), place.run_seed, used)
        .with("max_judgment_characters", config.max_characters(place.iteration))
        .with("iteration", place.iteration)
}
