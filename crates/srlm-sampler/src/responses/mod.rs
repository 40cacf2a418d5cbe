//! The stage that answers each prompt several times: `iter-T/responses`.

mod config;

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::Path;

use srlm_artifact::{
    Artifact, Counts, FinishReason, Made, Message, OnProgress, Place, Prompt, PromptRow, Prompts,
    ResponseRow, Responses, Role, Settings, Shard, Stage, Writer, make_part, row_seed, stage,
};
use srlm_generate::{Completion, Generate, Input, Meter, Request, generate_group};

pub use config::Config;

use crate::Error;
use crate::recipe::{model, recipe};

const STAGE: Stage = stage!("srlm-sampler/responses", 1);

/// What the stage reads.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// The prompts to answer.
    pub prompts: &'a Artifact<Prompts>,
    /// The part to write, made of whole groups; `None` for the whole.
    pub shard: Option<Shard>,
}

/// Samples `config.samples` responses to each prompt.
///
/// Prompts are taken in groups of `config.group_prompts`, in the order of their ids; a finished
/// group is on the disk before the next begins. Each sample has a seed of its own, so an
/// interrupted run gives the same bytes as an unbroken one. A shard answers every n-th group and is
/// written beside `out`, to be joined by
/// [`merge`](crate::merge).
///
/// # Errors
/// [`Error::Interrupted`] where `on_progress` breaks or the generator was interrupted, and those of
/// the settings, the generator and the artifacts.
pub fn run(
    config: &Config,
    inputs: Inputs<'_>,
    generator: &mut dyn Generate,
    place: Place,
    out: &Path,
    device: &str,
    on_progress: OnProgress<'_>,
) -> Result<Artifact<Responses>, Error> {
    config.validate()?;
    let sources = vec![inputs.prompts.as_input("prompts"), model(generator)];
    let settings = Settings::of(config);
    make_part(out, recipe(STAGE, settings, place, sources), inputs.shard, |writer| {
        let prompts = inputs.prompts.rows()?;
        let groups = groups(&prompts, config.group_prompts as usize, inputs.shard);
        let n_prompts = groups.iter().map(|group| group.len()).sum::<usize>();
        let total = n_prompts as u64 * u64::from(config.samples);
        let mut meter = Meter::new(on_progress, "responses", total);
        let ask = |prompt: &PromptRow| request(prompt, config, place);
        let rows = answer_all(&groups, &ask, generator, writer, &mut meter)?;
        let counts = counts(n_prompts, &rows);
        Ok(Made { rows, counts, device })
    })
}

/// Answers the groups that are not on the disk yet.
fn answer_all(
    groups: &[&[PromptRow]],
    ask: &dyn Fn(&PromptRow) -> Request,
    generator: &mut dyn Generate,
    writer: &mut Writer<Responses>,
    meter: &mut Meter<'_>,
) -> Result<Vec<ResponseRow>, Error> {
    let mut rows = writer.resumed().to_vec();
    let done: HashSet<String> = rows.iter().map(|row| row.response_id.clone()).collect();
    meter.progress.done = rows.len() as u64;
    for group in groups {
        let requests: Vec<Request> = group.iter().map(ask).collect();
        let is_done = |request: &Request| {
            (0..request.seeds.len()).all(|i| done.contains(&format!("{}/{i}", request.id)))
        };
        if requests.iter().all(is_done) {
            continue;
        }
        if meter.stop {
            return Err(Error::Interrupted);
        }
        let answers = answer(&requests, generator, meter)?;
        writer.append(&answers)?;
        rows.extend(answers);
    }
    Ok(rows)
}

/// Samples `config.samples` responses to each prompt, without files: [`run`] draws the same.
///
/// # Errors
/// Those of the settings and of the generator.
pub fn sample(
    config: &Config,
    prompts: &[PromptRow],
    generator: &mut dyn Generate,
    place: Place,
) -> Result<Vec<ResponseRow>, Error> {
    config.validate()?;
    let on_progress = &mut |_| ControlFlow::Continue(());
    let mut meter = Meter::new(on_progress, "responses", 0);
    let mut rows = Vec::new();
    for group in groups(prompts, config.group_prompts as usize, None) {
        let requests: Vec<_> = group.iter().map(|prompt| request(prompt, config, place)).collect();
        rows.extend(answer(&requests, generator, &mut meter)?);
    }
    Ok(rows)
}

/// Every request of the stage, or of a part of it, as [`run`] makes them: for an engine that
/// answers them elsewhere.
///
/// # Errors
/// Those of the settings and of reading.
pub fn requests(config: &Config, inputs: Inputs<'_>, place: Place) -> Result<Vec<Request>, Error> {
    config.validate()?;
    let prompts = inputs.prompts.rows()?;
    let groups = groups(&prompts, config.group_prompts as usize, inputs.shard);
    Ok(groups.into_iter().flatten().map(|prompt| request(prompt, config, place)).collect())
}

/// The groups of the whole, or those of one of its parts.
fn groups(prompts: &[PromptRow], n_prompts: usize, shard: Option<Shard>) -> Vec<&[PromptRow]> {
    let groups: Vec<_> = prompts.chunks(n_prompts).collect();
    match shard {
        Some(shard) => shard.groups(groups.len()).map(|i| groups[i]).collect(),
        None => groups,
    }
}

/// Answers one group of prompts.
fn answer(
    requests: &[Request],
    generator: &mut dyn Generate,
    meter: &mut Meter<'_>,
) -> Result<Vec<ResponseRow>, Error> {
    let samples = generate_group(generator, requests, &mut |completion| {
        meter.progress.done += 1;
        meter.progress.tokens += u64::from(completion.n_tokens);
        meter.report();
    })?;
    Ok(samples
        .into_iter()
        .flatten()
        .map(|sample| response(&requests[sample.request_index], sample))
        .collect())
}

fn request(prompt: &PromptRow, config: &Config, place: Place) -> Request {
    let id = &prompt.prompt_id;
    let seed = |index| row_seed(place.run_seed, "responses", place.iteration, id, index);
    Request {
        id: id.clone(),
        input: Input::Chat(messages(&prompt.prompt, config.system.as_deref())),
        seeds: (0..config.samples).map(seed).collect(),
        sampling: config.sampling.clone(),
        top_logprobs: 0,
    }
}

/// The conversation to be answered; a system turn that the prompt brings along stands.
fn messages(prompt: &Prompt, system: Option<&str>) -> Vec<Message> {
    let turns = prompt.messages();
    let brings_system = turns.first().is_some_and(|turn| turn.role == Role::System);
    let system = system.filter(|_| !brings_system).map(Message::system);
    system.into_iter().chain(turns.iter().cloned()).collect()
}

fn response(request: &Request, sample: Completion) -> ResponseRow {
    ResponseRow {
        response_id: format!("{}/{}", request.id, sample.sample_index),
        prompt_id: request.id.clone(),
        sample_index: sample.sample_index as u32,
        response: sample.text,
        finish_reason: sample.finish_reason,
        n_tokens: sample.n_tokens,
        seed: request.seeds[sample.sample_index],
    }
}

/// `responses` is `stop` and `length` together; `blank` ones are among them.
fn counts(n_prompts: usize, rows: &[ResponseRow]) -> Counts {
    let count =
        |is: &dyn Fn(&ResponseRow) -> bool| rows.iter().filter(|row| is(row)).count() as u64;
    let counts = [
        ("prompts", n_prompts as u64),
        ("responses", rows.len() as u64),
        ("stop", count(&|row| row.finish_reason == FinishReason::Stop)),
        ("length", count(&|row| row.finish_reason == FinishReason::Length)),
        ("blank", count(&|row| row.response.trim().is_empty())),
        ("tokens", rows.iter().map(|row| u64::from(row.n_tokens)).sum()),
    ];
    Counts::from(counts.map(|(name, n)| (name.to_owned(), n)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_turn_is_put_first_unless_there_is_one() {
        let roles = |prompt: &Prompt, system| {
            messages(prompt, system).into_iter().map(|m| m.content).collect::<Vec<_>>()
        };
        let own = Prompt::conversation(vec![Message::system("own"), Message::user("q")]);
        assert_eq!(roles(&Prompt::user("q"), Some("be brief")), ["be brief", "q"]);
        assert_eq!(roles(&Prompt::user("q"), None), ["q"]);
        assert_eq!(roles(&own, Some("be brief")), ["own", "q"]);
    }
}
