//! Prompts that a model writes.

use std::path::Path;

use srlm_artifact::{
    Artifact, Ift, IftRow, Made, OnProgress, Place, PromptRow, PromptSource, Prompts, Shard,
    Writer, make,
};
use srlm_generate::{Completion, Generate, Meter, generate_group};

use super::rounds::{Output, Rounds};
use super::{Config, STAGE, Source, as_inputs, dropped, rows_of, settings};
use crate::Error;
use crate::recipe::{model, recipe};

/// What [`run`] reads.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// The prompts of people: demonstrations, and what new prompts must be unlike.
    pub seeds: &'a Artifact<Ift>,
    /// Prompts of earlier iterations, oldest first: likewise.
    pub earlier: &'a [Artifact<Prompts>],
    /// Must be `None`: a round shows prompts of the rounds before it, so no part can be written by
    /// itself.
    pub shard: Option<Shard>,
}

/// Asks the generator for prompts, in rounds, until there are `config.count` of them or
/// `config.max_rounds` are over.
///
/// A round's requests follow from the settings, the inputs and the rounds before it, so an
/// interrupted run gives the same bytes as an unbroken one. A finished round is on the disk before
/// the next begins. What the filters drop goes to the file `dropped.jsonl` beside the rows, which
/// is in `{out}.partial` if too few are left. The generator may be `M_t` or a fixed model, as in
/// the paper.
///
/// # Errors
/// [`Error::TooFewPrompts`] if fewer than `config.min_count` are left, [`Error::Sequential`] where
/// a shard is asked for, [`Error::Interrupted`] where `on_progress` breaks or the generator was
/// interrupted, and each other variant of
/// [`Error`] but those of [`draw`](super::draw).
pub fn run(
    config: &Config,
    inputs: Inputs<'_>,
    generator: &mut dyn Generate,
    place: Place,
    out: &Path,
    device: &str,
    on_progress: OnProgress<'_>,
) -> Result<Artifact<Prompts>, Error> {
    config.validate_for(Source::Generate)?;
    if let Some(shard) = inputs.shard {
        return Err(Error::Sequential { shard });
    }
    let mut sources = vec![inputs.seeds.as_input("seeds"), model(generator)];
    sources.extend(as_inputs(inputs.earlier));
    let settings = settings(config, |key| !["pool", "balance_by"].contains(&key));
    make(out, recipe(STAGE, settings, place, sources), |writer| {
        let seeds: Vec<_> = inputs.seeds.rows()?.into_iter().map(seed).collect();
        let mut rounds = Rounds::new(config, place, &seeds, &rows_of(inputs.earlier)?)?;
        let mut meter = Meter::new(on_progress, "prompts", u64::from(config.count));
        write_rounds(&mut rounds, generator, writer, &mut meter)?;
        dropped::write(writer.dir(), rounds.dropped())?;
        let (rows, counts) = rounds.finish()?;
        Ok(Made { rows, counts, device })
    })
}

/// A file with a line a round; its name starts with `checkpoint`, so it is not part of the
/// artifact.
const ROUNDS: &str = "checkpoint-rounds.jsonl";

/// Goes through the rounds that are not on the disk yet.
fn write_rounds(
    rounds: &mut Rounds<'_>,
    generator: &mut dyn Generate,
    writer: &Writer<Prompts>,
    meter: &mut Meter<'_>,
) -> Result<(), Error> {
    let (mut record, earlier) = writer.journal::<Vec<Output>>(ROUNDS)?;
    earlier.iter().for_each(|outputs| rounds.take(outputs));
    meter.progress.done = rounds.n_kept();
    while !rounds.is_done() {
        if meter.stop {
            return Err(Error::Interrupted);
        }
        let outputs = round(generator, rounds, meter)?;
        record.append(&outputs)?;
        record.sync()?;
        rounds.take(&outputs);
        meter.progress.done = rounds.n_kept();
        meter.report();
    }
    Ok(())
}

fn seed(row: IftRow) -> PromptRow {
    PromptRow { prompt_id: row.prompt_id, prompt: row.prompt, source: PromptSource::Seed }
}

fn round(
    generator: &mut dyn Generate,
    rounds: &Rounds<'_>,
    meter: &mut Meter<'_>,
) -> Result<Vec<Output>, Error> {
    let samples = generate_group(generator, &rounds.requests(), &mut |completion| {
        meter.progress.tokens += u64::from(completion.n_tokens);
        meter.report();
    })?;
    let output =
        |sample: Completion| Output { text: sample.text, finish_reason: sample.finish_reason };
    Ok(samples.into_iter().flatten().map(output).collect())
}
