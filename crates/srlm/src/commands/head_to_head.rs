//! `eval head-to-head A B`: two sets of answers to the same prompts, compared in both orders.

use std::collections::BTreeMap;

use anyhow::{Context, anyhow};
use serde_json::json;
use srlm_artifact::{OnProgress, read_jsonl, row_seed};
use srlm_eval::controlled::LengthControl;
use srlm_eval::{
    Bootstrap, Comparison, Estimate, MatchUp, Preference, VerdictForm, head_to_head, match_up,
};
use srlm_generate::{HttpConfig, OpenAi, Sampling};
use srlm_model::EngineConfig;

use super::answers::{self, Answer};
use super::{print, rows};
use crate::cli::{HeadToHead, ModelArgs, Verdicts};
use crate::console::Console;
use crate::evaluate::verdicts::{self, Contest, Question};
use crate::exit::{Exit, OrExit};
use crate::roles::api_key;

/// Prints what the comparisons come to, in words or as JSON.
pub(crate) fn run(args: &HeadToHead, console: &Console) -> anyhow::Result<()> {
    if let Some(input) = &args.input {
        let comparisons: Vec<Comparison> = read_jsonl(input)?;
        return print(&format!(
            "{}\n",
            serde_json::to_string(&head_to_head(&comparisons, &Bootstrap::default()))?
        ));
    }
    let (Some(new), Some(old)) = (&args.new, &args.old) else {
        let usage = anyhow!("give two sets of answers, A and B, or --input with verdicts");
        return Err(usage).or_exit(Exit::Config);
    };
    let prompts = answers::prompts(args.prompts.as_deref(), new).or_exit(Exit::Data)?;
    let (a, b) = (answers::read(new).or_exit(Exit::Data)?, answers::read(old).or_exit(Exit::Data)?);
    let (n_a, n_b) = (a.len(), b.len());
    let contests = contests(a, b, &prompts).or_exit(Exit::Data)?;
    let found = ask(args, &contests, console)?;
    let names = (&*new.display().to_string(), &*old.display().to_string());
    let rows = verdicts::rows(&contests, names, &found);
    let found = match_up(&rows, &LengthControl::default(), &Bootstrap::default());
    let (only_a, only_b) = (n_a - contests.len(), n_b - contests.len());
    if !args.json {
        return print(&text(&found, names, (only_a, only_b), evaluator_name(args)));
    }
    let mut value = serde_json::to_value(&found)?;
    value["evaluator"] = json!({ "name": evaluator_name(args), "form": form(args) });
    value["n_only_a"] = json!(only_a);
    value["n_only_b"] = json!(only_b);
    value["comparisons"] = serde_json::to_value(&rows)?;
    print(&format!("{}\n", serde_json::to_string(&value)?))
}

fn form(args: &HeadToHead) -> VerdictForm {
    match args.verdict {
        Verdicts::Written => VerdictForm::Written,
        Verdicts::Likelihood => VerdictForm::Likelihood,
    }
}

fn evaluator_name(args: &HeadToHead) -> &str {
    args.model.as_deref().or(args.server_model.as_deref()).unwrap_or_default()
}

/// The prompts that both sets answer.
fn contests(
    a: BTreeMap<String, Answer>,
    mut b: BTreeMap<String, Answer>,
    prompts: &BTreeMap<String, String>,
) -> anyhow::Result<Vec<Contest>> {
    let mut contests = Vec::new();
    for (prompt_id, new) in a {
        let Some(old) = b.remove(&prompt_id) else { continue };
        let prompt = new.prompt.or(old.prompt).or_else(|| prompts.get(&prompt_id).cloned());
        let prompt = prompt.with_context(|| {
            format!("the text of prompt {prompt_id:?} is not known: give --prompts")
        })?;
        contests.push(Contest { prompt_id, prompt, new: new.response, old: old.response });
    }
    anyhow::ensure!(
        !contests.is_empty(),
        "the two sets have no prompt in common: their ids or instructions differ"
    );
    Ok(contests)
}

fn ask(
    args: &HeadToHead,
    contests: &[Contest],
    console: &Console,
) -> anyhow::Result<Vec<Option<Preference>>> {
    let questions = verdicts::questions(contests);
    let sampling = Sampling {
        max_tokens: args.max_tokens,
        temperature: 0.0,
        top_p: 1.0,
        ..Sampling::default()
    };
    let seed = |question: &Question| {
        row_seed(args.seed, "verdicts", 0, &question.prompt_id, question.order)
    };
    let on_progress: OnProgress<'_> = &mut |progress| console.progress(progress, "");
    console.begin("head-to-head");
    let found = match (&args.model, &args.server, form(args)) {
        (Some(model), _, form) => {
            let model = ModelArgs { model: model.clone(), device: args.device.clone() };
            let (checkpoint, _) = rows::open(&model, console)?;
            let mut engine = rows::engine(&model, EngineConfig::default(), console)?;
            if form == VerdictForm::Written {
                verdicts::written(&questions, &mut engine, &sampling, &seed, on_progress)
            } else {
                let logps = &mut |ids: &[&[u32]], starts: &[usize]| Ok(engine.model().response_logps(ids, starts));
                let model = (&checkpoint.tokenizer, checkpoint.config.context());
                verdicts::likelier(&questions, model, logps, on_progress)
            }
        }
        (None, Some(_), VerdictForm::Likelihood) => Err(anyhow!(
            "--verdict likelihood reads the weights of the evaluator, and a server does not give them: use --verdict written or --model"
        ))
        .or_exit(Exit::Config),
        (None, Some(url), VerdictForm::Written) => {
            let server = server(args, url).or_exit(Exit::Config)?;
            let mut client = OpenAi::new(server.clone(), api_key(&server)?, console.interrupt()).or_exit(Exit::Config)?;
            verdicts::written(&questions, &mut client, &sampling, &seed, on_progress)
        }
        (None, None, _) => {
            Err(anyhow!("name who decides: --model SOURCE, or --server URL with --server-model NAME"))
                .or_exit(Exit::Config)
        }
    };
    if found.is_ok() {
        console.end(&format!("{} verdicts", questions.len()));
    } else {
        console.abandon();
    }
    found
}

fn server(args: &HeadToHead, url: &str) -> anyhow::Result<HttpConfig> {
    let server = HttpConfig {
        base_url: url.to_owned(),
        model: args
            .server_model
            .clone()
            .context("--server needs --server-model, the model's name there")?,
        api_key_env: args.api_key_env.clone(),
        ..HttpConfig::default()
    };
    server.validate()?;
    Ok(server)
}

fn interval(estimate: Option<Estimate>) -> String {
    estimate.map_or("not measured".to_owned(), |Estimate { value, low, high }| {
        format!("{value:.3} [{low:.3}, {high:.3}]")
    })
}

fn text(
    found: &MatchUp,
    (a, b): (&str, &str),
    (only_a, only_b): (usize, usize),
    evaluator: &str,
) -> String {
    let h = &found.head_to_head;
    let why = |field: &str| {
        found.unmeasured.get(field).map_or(String::new(), |reason| format!(" ({reason})"))
    };
    let controlled = interval(found.length_controlled.as_ref().map(|found| found.controlled));
    let matched = found.length_matched.as_ref();
    let place = found.position.as_ref();
    [
        format!("A {a}"),
        format!("B {b}"),
        format!("decided by {evaluator}, each prompt in both orders"),
        format!(
            "A wins {}, ties {}, loses {} of {}; no verdict on {}",
            h.wins,
            h.ties,
            h.losses,
            h.n(),
            h.n_missing
        ),
        format!(
            "win rate of A              {}, sign test p = {:.4}",
            interval(h.win_rate),
            h.sign_test_p
        ),
        format!("at equal lengths           {controlled}{}", why("length_controlled")),
        format!(
            "where lengths are alike    {}, {} prompts",
            interval(matched.and_then(|found| found.win_rate)),
            matched.map_or(0, |found| found.n_matched)
        ),
        format!(
            "decided by place           {}",
            interval(place.and_then(|found| found.decided_by_place))
        ),
        format!(
            "verdicts for first place   {}",
            interval(place.and_then(|found| found.first_rate))
        ),
        format!("prompts only in A {only_a}, only in B {only_b}\n"),
    ]
    .join("\n")
}
