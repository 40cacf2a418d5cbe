//! The stage that builds judging examples: `seed/eft`.

use std::fs;
use std::path::Path;

use srlm_artifact::{
    Artifact, Begin, Eft, EftRow, Input, Judgments, Prompts, Recipe, Responses, Settings, Stage,
    Writer, begin, stage,
};

use super::{EftConfig, EftSelection, build};
use crate::{Error, Rubric, judged_prompts};

const TRAIN: Stage = stage!("srlm-judge/eft-train", 1);
const EVALUATION: Stage = stage!("srlm-judge/eft-evaluation", 1);

/// How common each score is, in the folder of the training examples.
const SCORES: &str = "scores.json";

/// What the stage reads.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// What was asked.
    pub prompts: &'a Artifact<Prompts>,
    /// The answers; `sample_index` is the human rank, 0 best.
    pub responses: &'a Artifact<Responses>,
    /// What the SFT baseline said of them, several times each.
    pub judgments: &'a Artifact<Judgments>,
    /// The rubric that it judged by.
    pub rubric: &'a Rubric,
}

/// Where the two folders go.
#[derive(Clone, Copy, Debug)]
pub struct Out<'a> {
    /// Examples to train on.
    pub train: &'a Path,
    /// Examples to evaluate on.
    pub evaluation: &'a Path,
}

/// The two folders.
#[derive(Clone, Debug)]
pub struct EftArtifacts {
    /// Examples to train on, with `scores.json`: [`EftScores`](super::EftScores).
    pub train: Artifact<Eft>,
    /// Examples to evaluate on.
    pub evaluation: Artifact<Eft>,
}

/// Builds the judging examples and writes them, those to train on and those to evaluate on; both
/// manifests have all counts, see [`EftCounts`](super::EftCounts). None at all is an artifact as
/// well.
///
/// # Errors
/// [`Error::NotScoring`], [`Error::UnknownPrompt`], [`Error::UnknownResponse`], and those of the
/// settings and the artifacts.
pub fn run(
    config: &EftConfig,
    inputs: Inputs<'_>,
    seed: u64,
    out: Out<'_>,
) -> Result<EftArtifacts, Error> {
    config.validate()?;
    inputs.rubric.check_scores()?;
    let train = begin(out.train, recipe(TRAIN, config, &inputs, seed))?;
    let evaluation = begin(out.evaluation, recipe(EVALUATION, config, &inputs, seed))?;
    let (train, evaluation) = match (train, evaluation) {
        (Begin::UpToDate(train), Begin::UpToDate(evaluation)) => {
            return Ok(EftArtifacts { train, evaluation });
        }
        other => other,
    };
    let groups =
        judged_prompts(inputs.prompts.rows()?, inputs.responses.rows()?, inputs.judgments.rows()?)?;
    let selection = build(&groups, inputs.rubric, config, seed);
    let evaluation = write(evaluation, &selection, &selection.evaluation)?;
    if let Begin::Write(writer) = &train {
        write_scores(writer, &selection)?;
    }
    Ok(EftArtifacts { train: write(train, &selection, &selection.train)?, evaluation })
}

fn write(
    begun: Begin<Eft>,
    selection: &EftSelection,
    rows: &[EftRow],
) -> Result<Artifact<Eft>, Error> {
    match begun {
        Begin::UpToDate(artifact) => Ok(artifact),
        Begin::Write(writer) => Ok(writer.finish(rows.to_vec(), selection.counts.into(), "cpu")?),
    }
}

fn write_scores(writer: &Writer<Eft>, selection: &EftSelection) -> Result<(), Error> {
    let path = writer.dir().join(SCORES);
    let text = serde_json::to_string_pretty(&selection.scores).expect("its keys are strings");
    fs::write(&path, text + "\n").map_err(|source| {
        Error::Artifact(srlm_artifact::Error::Io { action: "write", path, source })
    })
}

fn recipe(stage: Stage, config: &EftConfig, inputs: &Inputs<'_>, seed: u64) -> Recipe {
    let used = vec![
        inputs.prompts.as_input("prompts"),
        inputs.responses.as_input("responses"),
        inputs.judgments.as_input("judgments"),
        Input::plain("rubric", inputs.rubric.content_hash()),
    ];
    stage.recipe(Settings::of(config), seed, used)
}
