//! MT-Bench judged here, or its judgments read: `eval mt-bench`.

use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, anyhow};
use srlm_artifact::read_jsonl;
use srlm_eval::Bootstrap;
use srlm_eval::mt_bench::{
    Judgment, Match, Mode, categories, matches, read_answers, read_judgments, read_questions,
    summary,
};
use srlm_generate::{Generate, HttpConfig, Input, OpenAi, Request, Sampling, generate_group};
use srlm_model::EngineConfig;

use super::export::write_new;
use super::{print, rows};
use crate::cli::{EvalMtBench, ModelArgs};
use crate::console::Console;
use crate::exit::{Exit, OrExit};
use crate::roles::api_key;

/// The figures on standard output; judgments made here go to `--out`.
pub(crate) fn mt_bench(args: &EvalMtBench, console: &Console) -> anyhow::Result<()> {
    let questions =
        args.questions.as_deref().map_or(Ok(Vec::new()), read_questions).or_exit(Exit::Data)?;
    let judgments = match args.answers.is_empty() {
        true => {
            let read: Result<Vec<_>, _> =
                args.input.iter().map(|path| read_judgments(path)).collect();
            read.or_exit(Exit::Data)?.concat()
        }
        false => judged(args, &found(args, &questions)?, console)?,
    };
    print(&format!(
        "{}\n",
        serde_json::to_string(&summary(
            &judgments,
            &categories(&questions),
            &Bootstrap::default()
        ))?
    ))
}

/// What is to be judged.
fn found(
    args: &EvalMtBench,
    questions: &[srlm_eval::mt_bench::Question],
) -> anyhow::Result<Vec<Match>> {
    let mode = match (args.mode.as_str(), &args.baseline) {
        ("single", _) => Mode::Single,
        ("pairwise-all", _) => Mode::PairwiseAll,
        ("pairwise-baseline", Some(name)) => Mode::PairwiseBaseline(name.clone()),
        ("pairwise-baseline", None) => {
            return Err(anyhow!("pairwise-baseline needs --baseline")).or_exit(Exit::Config);
        }
        (other, _) => {
            let unknown =
                anyhow!("no mode {other:?}: there are single, pairwise-all and pairwise-baseline");
            return Err(unknown).or_exit(Exit::Config);
        }
    };
    let answers: Result<Vec<_>, _> = args.answers.iter().map(|path| read_answers(path)).collect();
    let references =
        args.references.as_deref().map(read_answers).transpose().or_exit(Exit::Data)?;
    let prompts = read_jsonl(required(&args.prompts, "--prompts")?).or_exit(Exit::Data)?;
    matches(&mode, questions, &answers.or_exit(Exit::Data)?, references.as_ref(), &prompts)
        .or_exit(Exit::Data)
}

fn required<'a>(path: &'a Option<std::path::PathBuf>, flag: &str) -> anyhow::Result<&'a Path> {
    path.as_deref().with_context(|| format!("{flag} is missing")).or_exit(Exit::Config)
}

/// Judges and writes the rows. As in FastChat the likeliest token is taken.
fn judged(
    args: &EvalMtBench,
    matches: &[Match],
    console: &Console,
) -> anyhow::Result<Vec<Judgment>> {
    let out = required(&args.out, "--out")?;
    let name = args.model.as_deref().context("--model is missing").or_exit(Exit::Config)?;
    let mut judge = judge(args, name, console)?;
    let sampling =
        Sampling { max_tokens: args.max_tokens, temperature: 0.0, ..Sampling::default() };
    let request = |(i, messages): (usize, &Vec<_>)| Request {
        id: format!("mt-bench/{i}"),
        input: Input::Chat(messages.clone()),
        seeds: vec![0],
        sampling: sampling.clone(),
        top_logprobs: 0,
    };
    let requests: Vec<Request> =
        matches.iter().flat_map(|one| &one.conversations).enumerate().map(request).collect();
    let samples = generate_group(judge.as_mut(), &requests, &mut |_| ()).or_exit(Exit::Engine)?;
    let mut texts = samples.into_iter().flatten().map(|sample| sample.text);
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs_f64();
    let row = |one: &Match| {
        let own: Vec<String> = texts.by_ref().take(one.conversations.len()).collect();
        one.judged(&own, name, seconds)
    };
    let judgments: Vec<Judgment> = matches.iter().map(row).collect();
    let lines: Result<String, _> =
        judgments.iter().map(|row| Ok(serde_json::to_string(row)? + "\n")).collect();
    write_new(out, &lines.map_err(|error: serde_json::Error| error)?)?;
    Ok(judgments)
}

fn judge(args: &EvalMtBench, name: &str, console: &Console) -> anyhow::Result<Box<dyn Generate>> {
    if let Some(base_url) = &args.base_url {
        let server = HttpConfig {
            base_url: base_url.clone(),
            model: name.to_owned(),
            api_key_env: args.api_key_env.clone(),
            ..HttpConfig::default()
        };
        let key = api_key(&server)?;
        return Ok(Box::new(OpenAi::new(server, key, console.interrupt()).or_exit(Exit::Config)?));
    }
    let model = ModelArgs { model: name.to_owned(), device: args.device.clone() };
    Ok(Box::new(rows::engine(&model, EngineConfig::default(), console)?))
}
