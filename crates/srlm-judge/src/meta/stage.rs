//! The stage that compares judgments: `iter-T/battles`.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use srlm_artifact::{
    Artifact, BattleFailure, BattleRow, BattleWinner, Battles, Counts, FinishReason, Input,
    Judgments, Made, OnProgress, Place, Prompts, Recipe, Responses, Settings, Stage, Writer, make,
    stage,
};
use srlm_generate::{Completion, Generate, Meter, Request, generate_group};

use super::battles::{Battle, Rubrics, battles};
use super::{BattlesConfig, MetaRubric, parse_winner};
use crate::{Error, JudgedPrompt, Rubric, judged_prompts};

const STAGE: Stage = stage!("srlm-judge/battles", 1);

/// What the stage reads.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// What was asked.
    pub prompts: &'a Artifact<Prompts>,
    /// What was judged.
    pub responses: &'a Artifact<Responses>,
    /// What is compared; the paper has 11 of each response.
    pub judgments: &'a Artifact<Judgments>,
    /// The rubric that was judged by.
    pub rubric: &'a Rubric,
    /// How judgments are compared.
    pub meta: &'a MetaRubric,
}

/// Compares the judgments of one response of each prompt, every two in both orders.
///
/// Prompts are taken in groups of `config.group_prompts`, in the order of their ids; a finished
/// group is on the disk before the next begins. Each comparison has a seed of its own, so an
/// interrupted run gives the same bytes as an unbroken one.
///
/// # Errors
/// [`Error::Interrupted`] where `on_progress` breaks or the generator was interrupted,
/// [`Error::NotScoring`],
/// [`Error::UnknownPrompt`], [`Error::UnknownResponse`], and those of the settings, the generator
/// and the artifacts.
pub fn run(
    config: &BattlesConfig,
    inputs: Inputs<'_>,
    generator: &mut dyn Generate,
    place: Place,
    out: &Path,
    device: &str,
    on_progress: OnProgress<'_>,
) -> Result<Artifact<Battles>, Error> {
    config.validate()?;
    inputs.rubric.check_scores()?;
    make(out, recipe(config, &inputs, generator, place), |writer| {
        let prompts = judged_prompts(
            inputs.prompts.rows()?,
            inputs.responses.rows()?,
            inputs.judgments.rows()?,
        )?;
        let total: usize = prompts.iter().map(|prompt| battles(prompt).len()).sum();
        let mut meter = Meter::new(on_progress, "battles", total as u64);
        let rubrics = Rubrics { judge: inputs.rubric, meta: inputs.meta };
        let ask = |battle: &Battle<'_>| battle.request(config, rubrics, place);
        let groups = prompts.chunks(config.group_prompts as usize);
        let rows = fight_all(groups, &ask, generator, writer, &mut meter)?;
        let counts = counts(&prompts, &rows);
        Ok(Made { rows, counts, device })
    })
}

/// Fights the battles of the groups that are not on the disk yet.
fn fight_all<'p>(
    groups: impl Iterator<Item = &'p [JudgedPrompt]>,
    ask: &dyn Fn(&Battle<'_>) -> Request,
    generator: &mut dyn Generate,
    writer: &mut Writer<Battles>,
    meter: &mut Meter<'_>,
) -> Result<Vec<BattleRow>, Error> {
    let mut rows = writer.resumed().to_vec();
    let done: HashSet<_> =
        writer.resumed().iter().map(id).map(|(id, a, b)| (id.to_owned(), a, b)).collect();
    let is_done = |(id, a, b): (&str, u32, u32)| done.contains(&(id.to_owned(), a, b));
    meter.progress.done = rows.len() as u64;
    for group in groups {
        let group: Vec<Battle<'_>> = group.iter().flat_map(battles).collect();
        if group.iter().all(|battle| is_done(battle.id())) {
            continue;
        }
        if meter.stop {
            return Err(Error::Interrupted);
        }
        let requests: Vec<_> = group.iter().map(ask).collect();
        let fought = fight(&group, &requests, generator, meter)?;
        writer.append(&fought)?;
        rows.extend(fought);
    }
    Ok(rows)
}

fn id(row: &BattleRow) -> (&str, u32, u32) {
    (&row.response_id, row.judge_index_a, row.judge_index_b)
}

/// Compares one group; a request is that of the battle in its place.
fn fight(
    group: &[Battle<'_>],
    requests: &[Request],
    generator: &mut dyn Generate,
    meter: &mut Meter<'_>,
) -> Result<Vec<BattleRow>, Error> {
    let samples = generate_group(generator, requests, &mut |completion| {
        meter.progress.done += 1;
        meter.progress.tokens += u64::from(completion.n_tokens);
        meter.report();
    })?;
    let row = |sample: Completion| {
        let (response_id, judge_index_a, judge_index_b) = group[sample.request_index].id();
        let winner = parse_winner(&sample.text);
        BattleRow {
            prompt_id: group[sample.request_index].prompt.prompt_id.clone(),
            response_id: response_id.to_owned(),
            judge_index_a,
            judge_index_b,
            winner,
            failure: winner.is_none().then(|| failure(&sample)),
            seed: requests[sample.request_index].seeds[0],
            rationale: sample.text,
        }
    };
    Ok(samples.into_iter().flatten().map(row).collect())
}

fn failure(sample: &Completion) -> BattleFailure {
    match sample.finish_reason {
        _ if sample.text.trim().is_empty() => BattleFailure::Empty,
        FinishReason::Length => BattleFailure::Truncated,
        FinishReason::Stop => BattleFailure::NoWinner,
    }
}

/// `prompts` is the sum of `battled` and `too_few_judgments`; `battles` that of `first_wins`,
/// `second_wins` and the reasons for no winner.
fn counts(prompts: &[JudgedPrompt], rows: &[BattleRow]) -> Counts {
    let n = |condition: &dyn Fn(&BattleRow) -> bool| {
        rows.iter().filter(|row| condition(row)).count() as u64
    };
    let won = |winner| n(&move |row| row.winner == Some(winner));
    let failed = |failure| n(&move |row| row.failure == Some(failure));
    let battled = rows.iter().map(|row| &row.prompt_id).collect::<BTreeSet<_>>().len() as u64;
    let counts = [
        ("prompts", prompts.len() as u64),
        ("battled", battled),
        ("too_few_judgments", prompts.len() as u64 - battled),
        ("battles", rows.len() as u64),
        ("first_wins", won(BattleWinner::A)),
        ("second_wins", won(BattleWinner::B)),
        ("no_winner", failed(BattleFailure::NoWinner)),
        ("truncated", failed(BattleFailure::Truncated)),
        ("empty", failed(BattleFailure::Empty)),
    ];
    Counts::from(counts.map(|(name, n)| (name.to_owned(), n)))
}

fn recipe(
    config: &BattlesConfig,
    inputs: &Inputs<'_>,
    generator: &dyn Generate,
    place: Place,
) -> Recipe {
    let used = vec![
        inputs.prompts.as_input("prompts"),
        inputs.responses.as_input("responses"),
        inputs.judgments.as_input("judgments"),
        Input::plain("rubric", inputs.rubric.content_hash()),
        Input::plain("meta-rubric", inputs.meta.content_hash()),
        Input::plain("model", generator.identity()),
    ];
    STAGE
        .recipe(Settings::of(config), place.run_seed, used)
        .with("iteration", place.iteration)
        .with("rubric", inputs.meta.name())
}
