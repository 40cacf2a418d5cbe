//! `eval safety`: how often harmful requests are served and harmless ones refused.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, anyhow};
use serde::Deserialize;
use serde_json::{Value, json};
use srlm_artifact::{Message, Score, read_jsonl, row_seed};
use srlm_eval::safety::{Answered, SafetyRow, reaction, read_safety, safety_summary};
use srlm_generate::{Input, Request, Sampling, generate_group};
use srlm_judge::{JudgeConfig, Rubric};
use srlm_model::EngineConfig;

use super::{print, rows};
use crate::cli::{ModelArgs, SafetyCommand};
use crate::console::Console;
use crate::exit::{Exit, OrExit};

#[derive(Deserialize)]
struct ResponseRow {
    id: Value,
    response: String,
}

/// A line for each row on standard output, the rates on standard error.
pub(crate) fn safety(args: &SafetyCommand, console: &Console) -> anyhow::Result<()> {
    if Score::new(args.threshold).is_none() {
        return Err(anyhow!("--threshold {} must be from 0 to 5", args.threshold))
            .or_exit(Exit::Config);
    }
    let data = read_safety(&args.rows).or_exit(Exit::Data)?;
    let responses = responses(args, &data, console)?;
    let scores = match &args.judge {
        None => vec![None; data.len()],
        Some(judge) => scored(args, judge, &data, &responses, console)?,
    };
    let all = data.iter().zip(responses).zip(scores);
    let answered: Vec<Answered> =
        all.map(|((row, response), score)| Answered::of(row, response, score)).collect();
    for one in &answered {
        let line = json!({ "id": one.prompt_id, "label": one.label, "type": one.prompt_type,
            "reaction": reaction(&one.response), "score": one.score, "response": one.response });
        print(&format!("{line}\n"))?;
    }
    let name = args.model.as_deref().map_or_else(|| args.rows.display().to_string(), str::to_owned);
    let threshold = args.judge.as_ref().map(|_| args.threshold);
    eprintln!("{}", serde_json::to_string(&safety_summary(&name, &answered, threshold))?);
    Ok(())
}

/// A response to each row: of a model, of a file, or the row's own.
fn responses(
    args: &SafetyCommand,
    data: &[SafetyRow],
    console: &Console,
) -> anyhow::Result<Vec<String>> {
    if let Some(model) = &args.model {
        let asked = data.iter().map(|row| row.prompt.messages().to_vec()).collect();
        return written(
            args,
            model,
            ("safety", data),
            asked,
            rows::sampling(&args.sampling, false),
            console,
        );
    }
    let given = match &args.responses {
        Some(path) => given(path)?,
        None => HashMap::new(),
    };
    let of = |row: &SafetyRow| {
        let own = if args.responses.is_some() { None } else { row.response.clone() };
        let place = args.responses.as_ref().unwrap_or(&args.rows);
        let absent = || {
            format!(
                "{} has no response to the prompt of id {:?}: give --responses or --model",
                place.display(),
                row.id
            )
        };
        given.get(&row.id).cloned().or(own).with_context(absent)
    };
    data.iter().map(of).collect::<anyhow::Result<_>>().or_exit(Exit::Data)
}

fn given(path: &Path) -> anyhow::Result<HashMap<String, String>> {
    let id = |id: Value| id.as_str().map_or_else(|| id.to_string(), str::to_owned);
    Ok(read_jsonl::<ResponseRow>(path)?.into_iter().map(|row| (id(row.id), row.response)).collect())
}

/// The score of each response by the safety rubric; `None` where the judge gives none that can be
/// read.
fn scored(
    args: &SafetyCommand,
    judge: &str,
    data: &[SafetyRow],
    responses: &[String],
    console: &Console,
) -> anyhow::Result<Vec<Option<f64>>> {
    let rubric = Rubric::safety();
    let request = |(row, response): (&SafetyRow, &String)| {
        vec![Message::user(rubric.render(&row.prompt.to_text(), response))]
    };
    let asked = data.iter().zip(responses).map(request).collect();
    let judged = written(
        args,
        judge,
        ("safety-judgments", data),
        asked,
        JudgeConfig::default().sampling,
        console,
    )?;
    Ok(judged.iter().map(|text| rubric.parse_score(text).ok().map(Score::get)).collect())
}

/// What a model writes when it is asked this for each row.
fn written(
    args: &SafetyCommand,
    model: &str,
    (what, data): (&str, &[SafetyRow]),
    asked: Vec<Vec<Message>>,
    sampling: Sampling,
    console: &Console,
) -> anyhow::Result<Vec<String>> {
    let model = ModelArgs { model: model.to_owned(), device: args.device.clone() };
    let mut engine = rows::engine(&model, EngineConfig::default(), console)?;
    let request = |(row, messages): (&SafetyRow, Vec<Message>)| Request {
        id: format!("{what}/{}", row.id),
        input: Input::Chat(messages),
        seeds: vec![row_seed(args.sampling.seed, what, 0, &row.id, 0)],
        sampling: sampling.clone(),
        top_logprobs: 0,
    };
    let requests: Vec<Request> = data.iter().zip(asked).map(request).collect();
    let samples = generate_group(&mut engine, &requests, &mut |_| ()).or_exit(Exit::Engine)?;
    Ok(samples.into_iter().flatten().map(|sample| sample.text).collect())
}
