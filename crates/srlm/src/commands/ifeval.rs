//! IFEval: does a response follow the instructions that a program can check?

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, anyhow};
use serde_json::{Value, json};
use srlm_artifact::{Message, row_seed};
use srlm_eval::Bootstrap;
use srlm_eval::ifeval::{Row, Verdicts, check, read, summary};
use srlm_generate::{Input, Request, generate_group};
use srlm_model::EngineConfig;

use super::{print, rows};
use crate::cli::{Ifeval, ModelArgs};
use crate::console::Console;
use crate::exit::{Exit, OrExit};

/// A line for each row on standard output, the accuracies on standard error.
pub(crate) fn ifeval(args: &Ifeval, console: &Console) -> anyhow::Result<()> {
    let answered = match (&args.input, &args.data, &args.model) {
        (Some(input), None, _) => with_responses(input)?,
        (Some(input), Some(data), _) => joined(read(data).or_exit(Exit::Data)?, input)?,
        (None, Some(data), Some(model)) => {
            answered(args, model, read(data).or_exit(Exit::Data)?, console)?
        }
        _ => {
            let usage = anyhow!(
                "give --input with responses, or --data with --model to answer the prompts"
            );
            return Err(usage).or_exit(Exit::Config);
        }
    };
    let mut verdicts: Vec<Verdicts> = Vec::new();
    for (row, response) in &answered {
        let found = check(row, response);
        let line = json!({
            "key": row.key,
            "instruction_id_list": row.instruction_ids,
            "strict": found.strict,
            "loose": found.loose,
            "response": args.model.is_some().then_some(response),
        });
        print(&format!("{line}\n"))?;
        verdicts.push(found);
    }
    eprintln!("{}", serde_json::to_string(&summary(&verdicts, &Bootstrap::default()))?);
    Ok(())
}

/// The lines of a file with their places.
fn lines(path: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let named =
        |(i, line): (usize, &str)| (format!("{}:{}", path.display(), i + 1), line.to_owned());
    Ok(text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(named).collect())
}

/// Rows that bring their response along.
fn with_responses(path: &Path) -> anyhow::Result<Vec<(Row, String)>> {
    let row = |(place, line): (String, String)| -> anyhow::Result<(Row, String)> {
        let row = Row::parse(&line).with_context(|| place.clone())?;
        let value: Value = serde_json::from_str(&line).with_context(|| place.clone())?;
        Ok((row, response(&value).with_context(|| place)?))
    };
    lines(path)?.into_iter().map(row).collect::<anyhow::Result<_>>().or_exit(Exit::Data)
}

fn response(row: &Value) -> anyhow::Result<String> {
    row["response"].as_str().map(str::to_owned).context("the row has no `response`")
}

/// Responses by key or by prompt; a row of the data without one is an error.
fn joined(data: Vec<Row>, path: &Path) -> anyhow::Result<Vec<(Row, String)>> {
    let mut responses = HashMap::new();
    for (place, line) in lines(path)? {
        let row: Value =
            serde_json::from_str(&line).with_context(|| place.clone()).or_exit(Exit::Data)?;
        let name = match (&row["key"], &row["prompt"]) {
            (Value::Number(key), _) => key.to_string(),
            (_, Value::String(prompt)) => prompt.clone(),
            _ => {
                return Err(anyhow!("{place}: the row has neither `key` nor `prompt`"))
                    .or_exit(Exit::Data);
            }
        };
        responses.insert(name, response(&row).with_context(|| place).or_exit(Exit::Data)?);
    }
    let with = |row: Row| {
        let found =
            responses.get(&row.key.to_string()).or_else(|| responses.get(&row.prompt)).cloned();
        let missing =
            || format!("{} has no response to the prompt of key {}", path.display(), row.key);
        found.with_context(missing).map(|response| (row, response))
    };
    data.into_iter().map(with).collect::<anyhow::Result<_>>().or_exit(Exit::Data)
}

/// Responses of a model.
fn answered(
    args: &Ifeval,
    model: &str,
    data: Vec<Row>,
    console: &Console,
) -> anyhow::Result<Vec<(Row, String)>> {
    let model = ModelArgs { model: model.to_owned(), device: args.device.clone() };
    let mut engine = rows::engine(&model, EngineConfig::default(), console)?;
    let request = |row: &Row| Request {
        id: format!("ifeval/{}", row.key),
        input: Input::Chat(vec![Message::user(&row.prompt)]),
        seeds: vec![row_seed(args.sampling.seed, "ifeval", 0, &row.key.to_string(), 0)],
        sampling: rows::sampling(&args.sampling, false),
        top_logprobs: 0,
    };
    let requests: Vec<Request> = data.iter().map(request).collect();
    let samples = generate_group(&mut engine, &requests, &mut |_| ()).or_exit(Exit::Engine)?;
    Ok(data.into_iter().zip(samples.into_iter().flatten().map(|sample| sample.text)).collect())
}
