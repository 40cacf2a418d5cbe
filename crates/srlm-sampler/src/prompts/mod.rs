//! The stage that writes new prompts: `iter-T/prompts`.

mod config;
mod record;
mod rounds;

use std::path::Path;

use srlm_artifact::{Artifact, Begin, Ift, OnProgress, Place, Prompts, begin};
use srlm_generate::{Generate, Meter, generate_group};

pub use config::Config;
pub(crate) use config::check_sampling;
use record::{Output, Record};
use rounds::Rounds;

use crate::Error;
use crate::recipe::recipe;

/// Raised when other prompts come from the same settings and inputs.
const STAGE_VERSION: u32 = 1;

/// What the stage reads.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// The prompts of people: demonstrations, and what new prompts must be unlike.
    pub seeds: &'a Artifact<Ift>,
    /// Prompts of earlier iterations, oldest first: likewise.
    pub earlier: &'a [Artifact<Prompts>],
}

/// Asks the generator for prompts, in rounds, until there are `config.count` of them or `config.max_rounds` are over.
///
/// A round's requests follow from the settings, the inputs and the rounds before it, so an interrupted run gives the
/// same bytes as an unbroken one. A finished round is on the disk before the next begins.
///
/// # Errors
/// [`Error::TooFewPrompts`] if fewer than `config.min_count` are left, [`Error::Interrupted`] where `on_progress`
/// breaks or the generator was interrupted, and each other variant of [`Error`].
pub fn run(
    config: &Config,
    inputs: Inputs<'_>,
    generator: &mut dyn Generate,
    place: Place,
    out: &Path,
    device: &str,
    on_progress: OnProgress<'_>,
) -> Result<Artifact<Prompts>, Error> {
    config.validate()?;
    let mut sources = vec![inputs.seeds.as_input("seeds")];
    sources.extend(inputs.earlier.iter().enumerate().map(|(i, all)| all.as_input(&format!("earlier-{}", i + 1))));
    let recipe = recipe("srlm-sampler/prompts", STAGE_VERSION, config, generator, place, sources);
    let writer = match begin(out, recipe)? {
        Begin::UpToDate(artifact) => return Ok(artifact),
        Begin::Write(writer) => writer,
    };
    let seeds: Vec<_> = inputs.seeds.rows()?.into_iter().map(|row| row.prompt).collect();
    let mut earlier = Vec::new();
    for artifact in inputs.earlier {
        earlier.extend(artifact.rows()?.into_iter().map(|row| row.prompt));
    }
    let mut rounds = Rounds::new(config, place, &seeds, &earlier)?;
    let record = Record::in_dir(writer.dir());
    record.read()?.iter().for_each(|outputs| rounds.take(outputs));

    let mut meter = Meter::new(on_progress, "prompts", u64::from(config.count));
    meter.progress.done = rounds.n_kept();
    while !rounds.is_done() {
        if meter.stop {
            return Err(Error::Interrupted);
        }
        let outputs = round(generator, &rounds, &mut meter)?;
        record.append(&outputs)?;
        rounds.take(&outputs);
        meter.progress.done = rounds.n_kept();
        meter.report();
    }
    let (rows, counts) = rounds.finish()?;
    Ok(writer.finish(rows, counts, device)?)
}

fn round(generator: &mut dyn Generate, rounds: &Rounds<'_>, meter: &mut Meter<'_>) -> Result<Vec<Output>, Error> {
    let samples = generate_group(generator, &rounds.requests(), &mut |completion| {
        meter.progress.tokens += u64::from(completion.n_tokens);
        meter.report();
    })?;
    let output = |sample: srlm_generate::Completion| Output { text: sample.text, finish_reason: sample.finish_reason };
    Ok(samples.into_iter().flatten().map(output).collect())
}
