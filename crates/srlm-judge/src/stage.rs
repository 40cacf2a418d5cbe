//! The stage that judges each response several times: `iter-T/judgments`.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use srlm_artifact::{
    Artifact, Begin, Counts, FinishReason, JudgmentFailure, JudgmentRow, Judgments, OnProgress, Place, Prompt, Prompts,
    ResponseRow, Responses, begin, row_seed,
};
use srlm_generate::{Completion, Generate, Input, Meter, Request, generate_group};

use crate::recipe::recipe;
use crate::{Error, JudgeConfig, ParseFailure, Rubric, mean_scores};

/// What the stage reads.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// What was asked.
    pub prompts: &'a Artifact<Prompts>,
    /// What is judged; empty responses and those that were cut off as well.
    pub responses: &'a Artifact<Responses>,
    /// How it is judged.
    pub rubric: &'a Rubric,
}

/// Judges each response `config.judgments` times.
///
/// Responses are taken in groups of `config.group_responses`, in the order of their ids; a finished group is on the
/// disk before the next begins. Each judgment has a seed of its own, so an interrupted run gives the same bytes as an
/// unbroken one.
///
/// # Errors
/// [`Error::Interrupted`] where `on_progress` breaks or the generator was interrupted, [`Error::NotScoring`],
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
    let mut writer = match begin(out, recipe(config, &inputs, generator, place))? {
        Begin::UpToDate(artifact) => return Ok(artifact),
        Begin::Write(writer) => writer,
    };
    let responses = inputs.responses.rows()?;
    let prompts = prompts(inputs.prompts, &responses)?;
    let mut rows = writer.resumed().to_vec();
    let mut n_done: HashMap<String, u32> = HashMap::new();
    rows.iter().for_each(|row| *n_done.entry(row.response_id.clone()).or_default() += 1);

    let total = responses.len() as u64 * u64::from(config.judgments);
    let mut meter = Meter::new(on_progress, "judgments", total);
    meter.progress.done = rows.len() as u64;
    for group in responses.chunks(config.group_responses as usize) {
        if group.iter().all(|response| n_done.get(&response.response_id) == Some(&config.judgments)) {
            continue;
        }
        if meter.stop {
            return Err(Error::Interrupted);
        }
        let requests = group.iter().map(|row| request(row, &prompts[&row.prompt_id], config, inputs.rubric, place));
        let requests = requests.collect::<Result<Vec<_>, _>>()?;
        let judged = judge(group, &requests, inputs.rubric, generator, &mut meter)?;
        writer.append(&judged)?;
        rows.extend(judged);
    }
    let counts = counts(&rows);
    Ok(writer.finish(rows, counts, device)?)
}

/// The prompts by id, with that of every response among them.
fn prompts(artifact: &Artifact<Prompts>, responses: &[ResponseRow]) -> Result<HashMap<String, Prompt>, Error> {
    let prompts: HashMap<_, _> = artifact.rows()?.into_iter().map(|row| (row.prompt_id, row.prompt)).collect();
    match responses.iter().find(|response| !prompts.contains_key(&response.prompt_id)) {
        None => Ok(prompts),
        Some(response) => {
            let (response_id, prompt_id) = (response.response_id.clone(), response.prompt_id.clone());
            Err(Error::UnknownPrompt { response_id, prompt_id })
        }
    }
}

fn request(
    row: &ResponseRow,
    prompt: &Prompt,
    config: &JudgeConfig,
    rubric: &Rubric,
    place: Place,
) -> Result<Request, Error> {
    let id = &row.response_id;
    let seed = |index| row_seed(place.run_seed, "judge", place.iteration, id, index);
    Ok(Request {
        id: id.clone(),
        input: Input::Chat(rubric.conversation(prompt, &row.response)?.messages().to_vec()),
        seeds: (0..config.judgments).map(seed).collect(),
        sampling: config.sampling.clone(),
        top_logprobs: 0,
    })
}

/// Judges one group of responses; a request is that of the response in its place.
fn judge(
    group: &[ResponseRow],
    requests: &[Request],
    rubric: &Rubric,
    generator: &mut dyn Generate,
    meter: &mut Meter<'_>,
) -> Result<Vec<JudgmentRow>, Error> {
    let samples = generate_group(generator, requests, &mut |completion| {
        meter.progress.done += 1;
        meter.progress.tokens += u64::from(completion.n_tokens);
        meter.report();
    })?;
    let judgment = |sample: Completion| {
        let (response, request) = (&group[sample.request_index], &requests[sample.request_index]);
        let parsed = rubric.parse_score(&sample.text);
        JudgmentRow {
            response_id: response.response_id.clone(),
            prompt_id: response.prompt_id.clone(),
            judge_index: sample.sample_index as u32,
            score: parsed.ok(),
            failure: parsed.err().map(|failure| reason(failure, sample.finish_reason)),
            rationale: sample.text,
            seed: request.seeds[sample.sample_index],
            expected_score: None,
            truncated: false,
        }
    };
    Ok(samples.into_iter().flatten().map(judgment).collect())
}

fn reason(failure: ParseFailure, finish_reason: FinishReason) -> JudgmentFailure {
    match (failure, finish_reason) {
        (ParseFailure::NoScore, FinishReason::Length) => JudgmentFailure::Truncated,
        (failure, _) => failure.into(),
    }
}

/// `judgments` is `scored` and the reasons together; `unscored_responses` of the `responses` have no score at all.
fn counts(rows: &[JudgmentRow]) -> Counts {
    let failed = |reason| rows.iter().filter(|row| row.failure == Some(reason)).count() as u64;
    let means: BTreeMap<String, Option<f64>> = mean_scores(rows);
    let counts = [
        ("responses", means.len() as u64),
        ("unscored_responses", means.values().filter(|mean| mean.is_none()).count() as u64),
        ("judgments", rows.len() as u64),
        ("scored", rows.iter().filter(|row| row.score.is_some()).count() as u64),
        ("no_score", failed(JudgmentFailure::NoScore)),
        ("out_of_range", failed(JudgmentFailure::OutOfRange)),
        ("truncated", failed(JudgmentFailure::Truncated)),
        ("empty", failed(JudgmentFailure::Empty)),
    ];
    Counts::from(counts.map(|(name, n)| (name.to_owned(), n)))
}
