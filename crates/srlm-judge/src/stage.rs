//! The stage that judges each response several times: `iter-T/judgments`.

use std::collections::HashMap;
use std::path::Path;

use srlm_artifact::{
    Artifact, Counts, FinishReason, JudgmentFailure, JudgmentRow, Judgments, Made, OnProgress,
    Place, Prompt, Prompts, ResponseRow, Responses, Shard, Writer, make_part,
};
use srlm_generate::{Generate, Meter, Request};

use crate::health::write_health;
use crate::judgment::Court;
use crate::recipe::recipe;
use crate::{Error, JudgeConfig, JudgeHealth, Rubric, Unfinished, mean_scores};

/// What the stage reads.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// What was asked.
    pub prompts: &'a Artifact<Prompts>,
    /// What is judged; empty responses as well.
    pub responses: &'a Artifact<Responses>,
    /// How it is judged.
    pub rubric: &'a Rubric,
    /// Which part of the responses, where several machines share them; for [`merge`] it does not
    /// matter.
    pub shard: Option<Shard>,
}

/// Judges each response `config.judgments` times and writes `health.json` beside the rows.
///
/// Responses are taken in groups of `config.group_responses`, in the order of their ids; a finished
/// group is on the disk before the next begins. Each judgment has a seed of its own, so an
/// interrupted run gives the same bytes as an unbroken one. `out` is the folder of the whole: a
/// shard writes its own beside it, see [`Shard::dir`].
///
/// # Errors
/// [`Error::Interrupted`] where `on_progress` breaks or the generator was interrupted,
/// [`Error::NotScoring`],
/// [`Error::UnknownPrompt`], and those of the settings, the generator and the artifacts.
pub fn run(
    config: &JudgeConfig,
    inputs: Inputs<'_>,
    generator: &mut dyn Generate,
    place: Place,
    out: &Path,
    device: &str,
    on_progress: OnProgress<'_>,
) -> Result<Artifact<Judgments>, Error> {
    config.validate()?;
    inputs.rubric.check_scores()?;
    let whole = recipe(config, &inputs, &generator.identity(), place);
    make_part(out, whole, inputs.shard, |writer| {
        let responses = inputs.responses.rows()?;
        let prompts = prompts(inputs.prompts, &responses)?;
        let groups = groups(config, inputs.shard, &responses);
        let mut meter = Meter::new(on_progress, "judgments", n_judgments(config, &groups));
        let court = Court { config, rubric: inputs.rubric, place, prompts };
        let rows = judge_all(&court, &groups, generator, writer, &mut meter)?;
        write_health(writer.dir(), &JudgeHealth::of(&responses, &rows))?;
        let counts = counts(config, &groups.concat(), &rows);
        Ok(Made { rows, counts, device })
    })
}

/// Every request of the stage, or of a part of it, as [`run`] makes them: for an engine that
/// answers them elsewhere.
///
/// # Errors
/// Those of [`run`] but for the generator's.
pub fn requests(
    config: &JudgeConfig,
    inputs: Inputs<'_>,
    place: Place,
) -> Result<Vec<Request>, Error> {
    config.validate()?;
    inputs.rubric.check_scores()?;
    let responses = inputs.responses.rows()?;
    let prompts = prompts(inputs.prompts, &responses)?;
    let court = Court { config, rubric: inputs.rubric, place, prompts };
    let groups = groups(config, inputs.shard, &responses);
    let judged = groups.iter().flatten().filter(|response| is_judged(config, response));
    judged.map(|response| court.request(response)).collect()
}

/// Judges the groups that are not on the disk yet.
fn judge_all(
    court: &Court<'_>,
    groups: &[Vec<&ResponseRow>],
    generator: &mut dyn Generate,
    writer: &mut Writer<Judgments>,
    meter: &mut Meter<'_>,
) -> Result<Vec<JudgmentRow>, Error> {
    let mut rows = writer.resumed().to_vec();
    let mut n_done: HashMap<String, u32> = HashMap::new();
    rows.iter().for_each(|row| *n_done.entry(row.response_id.clone()).or_default() += 1);
    meter.progress.done = rows.len() as u64;
    for group in groups {
        let group: Vec<_> =
            group.iter().copied().filter(|response| is_judged(court.config, response)).collect();
        if group
            .iter()
            .all(|response| n_done.get(&response.response_id) == Some(&court.config.judgments))
        {
            continue;
        }
        if meter.stop {
            return Err(Error::Interrupted);
        }
        let judged = court.judge(&group, generator, meter)?;
        writer.append(&judged)?;
        rows.extend(judged);
    }
    Ok(rows)
}

fn n_judgments(config: &JudgeConfig, groups: &[Vec<&ResponseRow>]) -> u64 {
    let n_judged = groups.iter().flatten().filter(|response| is_judged(config, response)).count();
    n_judged as u64 * u64::from(config.judgments)
}

/// Joins the shards of [`run`] into what one run would have written; `judge` is the generator's
/// identity.
///
/// # Errors
/// Those of [`srlm_artifact::merge`] and of `health.json`.
pub fn merge(
    config: &JudgeConfig,
    inputs: Inputs<'_>,
    judge: &str,
    place: Place,
    shards: &[Artifact<Judgments>],
    out: &Path,
) -> Result<Artifact<Judgments>, Error> {
    let responses = inputs.responses.rows()?;
    let recipe = recipe(config, &inputs, judge, place);
    srlm_artifact::merge(shards, out, recipe, |dir, rows| {
        write_health(dir, &JudgeHealth::of(&responses, rows))
    })
}

/// The prompts by id, with that of every response among them.
fn prompts(
    artifact: &Artifact<Prompts>,
    responses: &[ResponseRow],
) -> Result<HashMap<String, Prompt>, Error> {
    let prompts: HashMap<_, _> =
        artifact.rows()?.into_iter().map(|row| (row.prompt_id, row.prompt)).collect();
    match responses.iter().find(|response| !prompts.contains_key(&response.prompt_id)) {
        None => Ok(prompts),
        Some(response) => {
            let (response_id, prompt_id) =
                (response.response_id.clone(), response.prompt_id.clone());
            Err(Error::UnknownPrompt { response_id, prompt_id })
        }
    }
}

/// The groups of all responses that are in the shard.
fn groups<'a>(
    config: &JudgeConfig,
    shard: Option<Shard>,
    responses: &'a [ResponseRow],
) -> Vec<Vec<&'a ResponseRow>> {
    let all: Vec<&[ResponseRow]> = responses.chunks(config.group_responses as usize).collect();
    let shard = shard.unwrap_or(Shard { index: 1, count: 1 });
    shard.groups(all.len()).map(|group| all[group].iter().collect()).collect()
}

fn is_judged(config: &JudgeConfig, response: &ResponseRow) -> bool {
    config.unfinished == Unfinished::Judge || response.finish_reason != FinishReason::Length
}

/// `judgments` is `scored` and the reasons together. Of the `responses`, `unfinished_responses`
/// reached the token limit, `excluded_responses` were not judged, `shortened_responses` not read to
/// their end, and `unscored_responses` were judged and have no score at all.
fn counts(config: &JudgeConfig, responses: &[&ResponseRow], rows: &[JudgmentRow]) -> Counts {
    let of_responses =
        |is: &dyn Fn(&ResponseRow) -> bool| responses.iter().filter(|row| is(row)).count() as u64;
    let of_rows =
        |is: &dyn Fn(&JudgmentRow) -> bool| rows.iter().filter(|row| is(row)).count() as u64;
    let counts = [
        ("responses", responses.len() as u64),
        ("unfinished_responses", of_responses(&|row| row.finish_reason == FinishReason::Length)),
        ("excluded_responses", of_responses(&|row| !is_judged(config, row))),
        ("shortened_responses", of_rows(&|row| row.truncated && row.judge_index == 0)),
        (
            "unscored_responses",
            mean_scores(rows).values().filter(|mean| mean.is_none()).count() as u64,
        ),
        ("judgments", rows.len() as u64),
        ("scored", of_rows(&|row| row.score.is_some())),
        ("expected_scores", of_rows(&|row| row.expected_score.is_some())),
        ("no_score", of_rows(&|row| row.failure == Some(JudgmentFailure::NoScore))),
        ("out_of_range", of_rows(&|row| row.failure == Some(JudgmentFailure::OutOfRange))),
        ("truncated", of_rows(&|row| row.failure == Some(JudgmentFailure::Truncated))),
        ("empty", of_rows(&|row| row.failure == Some(JudgmentFailure::Empty))),
    ];
    Counts::from(counts.map(|(name, n)| (name.to_owned(), n)))
}
