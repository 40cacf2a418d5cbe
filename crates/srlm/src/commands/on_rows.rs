//! `sft`, `judge` and `dpo` on a file of rows and any model, without a run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Deserialize;
use srlm_artifact::{
    Artifact, FinishReason, Ift, IftRow, Judgments, Message, PairRow, Pairs, Prompt, PromptRow,
    PromptSource, Prompts, ResponseRow, Responses, to_line,
};

use super::{print, run_stages};
use crate::cli::StageOrRows;
use crate::config;
use crate::console::Console;
use crate::exit::{Exit, OrExit};
use crate::iterate;
use crate::run::Run;
use crate::{seed, stages};

/// A row of a file: whatever of it the stage needs.
#[derive(Deserialize)]
struct Row {
    #[serde(alias = "prompt_id")]
    id: Option<String>,
    prompt: Option<Prompt>,
    messages: Option<Vec<Message>>,
    response: Option<String>,
    response_id: Option<String>,
    chosen: Option<String>,
    rejected: Option<String>,
}

/// A row that has all that its stage needs.
struct Named {
    line: usize,
    id: String,
    prompt: Prompt,
    row: Row,
}

/// The stage of a run, or of the rows of a file.
pub(crate) fn stage(name: &str, args: &StageOrRows, console: &Console) -> anyhow::Result<()> {
    match (args.stage(), &args.input) {
        (Some(stage), _) => run_stages::stage(name, &stage, console),
        (None, Some(input)) => on_rows(name, args, input, console),
        (None, None) => Err(anyhow::anyhow!("{name} needs --run or --input")).or_exit(Exit::Config),
    }
}

fn on_rows(name: &str, args: &StageOrRows, input: &Path, console: &Console) -> anyhow::Result<()> {
    let model = args.model.as_deref().context("--input goes with --model")?;
    let mut set = args.config.set.clone();
    set.push(format!("model.source={}", toml::Value::String(model.to_owned())));
    let named = &args.config;
    let config = config::load(named.config.as_deref(), named.preset.as_deref(), &set)?;
    let rows = read(input)?;
    if name == "judge" && args.out.is_none() {
        let scratch = tempfile::tempdir().context("cannot make a folder for what is in between")?;
        let run = Run::open(config, scratch.path().join("run"), console)?;
        let judgments = judge(&run, input, rows, &scratch.path().join("judgments"))?;
        return judgments.rows()?.iter().try_for_each(|row| print(&(to_line(row)? + "\n")));
    }
    let out = args.out.as_ref().context("name the folder of what is made with --out");
    let out = std::path::absolute(out.or_exit(Exit::Config)?)?;
    let run = Run::open(config, beside(&out)?, console)?;
    match name {
        "sft" => sft(&run, input, rows, &out)?,
        "dpo" => dpo(&run, input, rows, &out)?,
        _ => judge(&run, input, rows, &out).map(|_| ())?,
    }
    print(&format!("{}\n", out.display()))
}

/// `DIR.run`: the data of what is made at `DIR`, and where an interrupted run goes on.
fn beside(out: &Path) -> anyhow::Result<PathBuf> {
    let name = out.file_name().context("--out ends with a folder's name").or_exit(Exit::Config)?;
    Ok(out.with_file_name(format!("{}.run", name.to_string_lossy())))
}

fn read(path: &Path) -> anyhow::Result<Vec<Named>> {
    let rows: Vec<Row> = super::rows::read(path)?;
    if rows.is_empty() {
        return Err(anyhow::anyhow!("{} has no rows", path.display())).or_exit(Exit::Data);
    }
    let named = rows.into_iter().enumerate().map(|(i, mut row)| {
        let prompt = match (row.prompt.take(), row.messages.take()) {
            (Some(prompt), None) => prompt,
            (None, Some(messages)) => Prompt::conversation(messages),
            _ => bail!("row {} of {} needs either prompt or messages", i + 1, path.display()),
        };
        let id = row.id.take().unwrap_or_else(|| format!("row-{:06}", i + 1));
        Ok(Named { line: i + 1, id, prompt, row })
    });
    named.collect::<anyhow::Result<_>>().or_exit(Exit::Data)
}

/// A text that the stage cannot do without.
fn needed(text: Option<String>, column: &str, line: usize, path: &Path) -> anyhow::Result<String> {
    let problem = || format!("row {line} of {} has no `{column}`", path.display());
    text.with_context(problem).or_exit(Exit::Data)
}

fn sft(run: &Run<'_>, input: &Path, rows: Vec<Named>, out: &Path) -> anyhow::Result<()> {
    let examples = rows.into_iter().map(|Named { line, id, prompt, row }| {
        let response = needed(row.response, "response", line, input)?;
        Ok(IftRow { prompt_id: id, prompt, response, source: "file".to_owned() })
    });
    let examples = examples.collect::<anyhow::Result<Vec<_>>>()?;
    let ift: Artifact<Ift> = seed::write(&run.path("rows"), examples)?;
    stages::sft_on(run, &out.to_string_lossy(), &ift, None)?;
    Ok(())
}

fn dpo(run: &Run<'_>, input: &Path, rows: Vec<Named>, out: &Path) -> anyhow::Result<()> {
    let pairs = rows.into_iter().map(|Named { line, id, prompt, row }| {
        Ok(PairRow {
            chosen: needed(row.chosen, "chosen", line, input)?,
            rejected: needed(row.rejected, "rejected", line, input)?,
            chosen_id: format!("{id}/chosen"),
            rejected_id: format!("{id}/rejected"),
            prompt_id: id,
            prompt,
            // Rows say which response is better, not by how much.
            score_chosen: 1.0,
            score_rejected: 0.0,
            label_weight: 1.0,
        })
    });
    let pairs = pairs.collect::<anyhow::Result<Vec<_>>>()?;
    let pairs: Artifact<Pairs> = seed::write(&run.path("pairs"), pairs)?;
    stages::dpo_to(run, 0, &pairs, ("ref-logps", &out.to_string_lossy()))?;
    Ok(())
}

fn judge(
    run: &Run<'_>,
    input: &Path,
    rows: Vec<Named>,
    out: &Path,
) -> anyhow::Result<Artifact<Judgments>> {
    let mut prompts: BTreeMap<String, Prompt> = BTreeMap::new();
    let mut n_responses: BTreeMap<String, u32> = BTreeMap::new();
    let mut responses = Vec::new();
    for Named { line, id, prompt, row } in rows {
        let response = needed(row.response, "response", line, input)?;
        let known = prompts.entry(id.clone()).or_insert_with(|| prompt.clone());
        if *known != prompt {
            let file = input.display();
            return Err(anyhow::anyhow!(
                "row {line} of {file} has the id {id:?} of another prompt"
            ))
            .or_exit(Exit::Data);
        }
        let sample_index = n_responses.entry(id.clone()).or_default();
        responses.push(ResponseRow {
            response_id: row.response_id.unwrap_or_else(|| format!("{id}/{sample_index}")),
            sample_index: *sample_index,
            prompt_id: id,
            response,
            finish_reason: FinishReason::Stop,
            n_tokens: 0,
            seed: 0,
        });
        *sample_index += 1;
    }
    let prompts = prompts.into_iter().map(|(prompt_id, prompt)| PromptRow {
        prompt_id,
        prompt,
        source: PromptSource::Seed,
    });
    let prompts: Artifact<Prompts> = seed::write(&run.path("prompts"), prompts.collect())?;
    let responses: Artifact<Responses> = seed::write(&run.path("responses"), responses)?;
    let rubric = iterate::rubric(&run.config)?;
    let who = (run.config.roles.judge.as_str(), 0);
    let out = out.to_string_lossy();
    stages::judge_with(run, who, (&prompts, &responses), &rubric, &out, &run.config.judge)
}
