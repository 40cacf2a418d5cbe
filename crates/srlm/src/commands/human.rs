//! `human page` and `human import`: people's judgment of two models.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use srlm_artifact::{
    Aggregation, Artifact, Eval, Input, JudgmentRow, Judgments, PromptRow, Prompts, Responses,
    read_jsonl,
};
use srlm_eval::human::{
    Answer, Answers, JudgeVerdicts, Key, ModelKey, StudyConfig, human_summary,
    judge_by_comparisons, judge_by_scores, read_answers, read_key, read_ratings, study,
};
use srlm_eval::{Bootstrap, Comparison, ComparisonRow};

use super::print;
use crate::cli::{HumanCommand, HumanImport, HumanPage};
use crate::exit::{Exit, OrExit};

pub(crate) fn human(command: &HumanCommand) -> anyhow::Result<()> {
    match command {
        HumanCommand::Page(args) => page(args),
        HumanCommand::Import(args) => import(args),
    }
}

/// Prints the paths of the page and of the key.
fn page(args: &HumanPage) -> anyhow::Result<()> {
    let key_path = args.out.with_extension("key.json");
    for path in [&args.out, &key_path] {
        if path.exists() {
            return Err(anyhow!("{} is there already: name another --out", path.display()))
                .or_exit(Exit::Config);
        }
    }
    let a = answers(&args.a, args.name_a.as_deref(), args.prompts.as_deref())?;
    let b = answers(&args.b, args.name_b.as_deref(), args.prompts.as_deref())?;
    let config = StudyConfig { seed: args.seed, limit: args.limit, title: args.title.clone() };
    let made = study(&a, &b, &config)
        .map_err(|error| match error {
            srlm_eval::Error::NoPromptText { .. } => {
                anyhow::Error::new(error).context("--prompts names the prompts")
            }
            error => error.into(),
        })
        .or_exit(Exit::Data)?;
    let key = serde_json::to_string_pretty(&made.key)? + "\n";
    // The key first: a page without its key would be worth nothing.
    for (path, text) in [(&key_path, key), (&args.out, made.page)] {
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let Key { items, n_unmatched, n_identical, n_over_limit, .. } = &made.key;
    eprintln!(
        "{} comparisons; left out: {n_unmatched} prompts with one model's answer only, {n_identical} with one text \
         from both, {n_over_limit} over --limit",
        items.len()
    );
    print(&format!("{}\n{}\n", args.out.display(), key_path.display()))
}

/// The answers of a folder or file, with the prompts' texts where they can be found.
fn answers(path: &Path, name: Option<&str>, prompts: Option<&Path>) -> anyhow::Result<Answers> {
    let name = name.map_or_else(|| path.display().to_string(), str::to_owned);
    let (content_hash, mut answers) = if path.is_dir() {
        let artifact = Artifact::<Responses>::open(path)?;
        (Some(artifact.content_hash().to_owned()), of_artifact(&artifact)?)
    } else {
        (None, read_answers(path).or_exit(Exit::Data)?)
    };
    if let Some(texts) = texts(path, prompts)? {
        answers
            .iter_mut()
            .for_each(|one| one.prompt = texts.get(&one.prompt_id).cloned().or(one.prompt.take()));
    }
    Ok(Answers { name, content_hash, answers })
}

/// The first sample of each prompt.
fn of_artifact(artifact: &Artifact<Responses>) -> anyhow::Result<Vec<Answer>> {
    let mut first = BTreeMap::new();
    for row in artifact.rows()? {
        first.entry(row.prompt_id.clone()).or_insert(row);
    }
    let answer = |(prompt_id, row): (String, srlm_artifact::ResponseRow)| Answer {
        prompt_id,
        response_id: Some(row.response_id),
        prompt: None,
        response: row.response,
    };
    Ok(first.into_iter().map(answer).collect())
}

/// Texts of prompts by id: those given, or those of the artifact that the responses were made from,
/// near them.
fn texts(
    responses: &Path,
    prompts: Option<&Path>,
) -> anyhow::Result<Option<HashMap<String, String>>> {
    let rows: Vec<PromptRow> = match prompts {
        Some(path) if path.is_dir() => Artifact::<Prompts>::open(path)?.rows()?,
        Some(path) => return Ok(Some(texts_of_file(path)?)),
        None => match near(responses)? {
            Some(artifact) => artifact.rows()?,
            None => return Ok(None),
        },
    };
    Ok(Some(rows.into_iter().map(|row| (row.prompt_id, row.prompt.to_text())).collect()))
}

/// Rows with an id and a prompt; the column `response` that answers have may be absent.
fn texts_of_file(path: &Path) -> anyhow::Result<HashMap<String, String>> {
    #[derive(serde::Deserialize)]
    struct Row {
        #[serde(alias = "id", alias = "key", alias = "question_id")]
        prompt_id: serde_json::Value,
        #[serde(alias = "instruction", alias = "messages")]
        prompt: srlm_artifact::Prompt,
    }
    let id = |id: serde_json::Value| id.as_str().map_or_else(|| id.to_string(), str::to_owned);
    Ok(read_jsonl::<Row>(path)?
        .into_iter()
        .map(|row| (id(row.prompt_id), row.prompt.to_text()))
        .collect())
}

/// The prompts that a responses folder names as its input, beside it or in the `seed` of its run.
fn near(responses: &Path) -> anyhow::Result<Option<Artifact<Prompts>>> {
    if !responses.is_dir() {
        return Ok(None);
    }
    let artifact = Artifact::<Responses>::open(responses)?;
    let inputs = &artifact.manifest().provenance.inputs;
    let Some(wanted) = inputs.iter().find(|input| input.kind == "prompts") else { return Ok(None) };
    let absolute =
        responses.canonicalize().with_context(|| format!("cannot find {}", responses.display()))?;
    let iteration = absolute.parent().map(Path::to_owned);
    let seed = iteration.as_ref().and_then(|dir| Some(dir.parent()?.join("seed")));
    for dir in iteration.into_iter().chain(seed) {
        let Ok(entries) = std::fs::read_dir(&dir) else { continue };
        let named = |path: &PathBuf| {
            path.file_name().is_some_and(|n| n.to_string_lossy().ends_with("prompts"))
        };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())).filter(named) {
            match Artifact::<Prompts>::open(&path) {
                Ok(found) if found.content_hash() == wanted.content_hash => return Ok(Some(found)),
                _ => {}
            }
        }
    }
    Ok(None)
}

/// Prints the summary as JSON.
fn import(args: &HumanImport) -> anyhow::Result<()> {
    let key = read_key(&args.key).or_exit(Exit::Data)?;
    let raters = read_ratings(&args.results, &key).or_exit(Exit::Data)?;
    let judge = match args.judge.as_slice() {
        [] => None,
        [one] if one.join("comparisons.jsonl").exists() => {
            Some(by_comparisons(one, &key, args.new.as_deref())?)
        }
        several => Some(by_scores(several, &key)?),
    };
    let summary = human_summary(&key, &raters, judge.as_ref(), &Bootstrap::default());
    print(&(serde_json::to_string_pretty(&summary)? + "\n"))
}

/// The comparisons of an `eval` folder that are of the page's two models.
fn by_comparisons(dir: &Path, key: &Key, new: Option<&str>) -> anyhow::Result<JudgeVerdicts> {
    let artifact = Artifact::<Eval>::open(dir)?;
    let mut rows: Vec<ComparisonRow> = read_jsonl(&dir.join("comparisons.jsonl"))?;
    let inputs = &artifact.manifest().provenance.inputs;
    let role_of = |model: &ModelKey| {
        let is_it = |input: &&Input| {
            input.role.starts_with("answers")
                && Some(&input.content_hash) == model.content_hash.as_ref()
        };
        inputs.iter().find(is_it).map(|input| input.role.as_str())
    };
    let new_is_b = match (role_of(&key.a), role_of(&key.b)) {
        (Some("answers"), Some(old)) => {
            rows.retain(|row| is_opponent(row, old));
            false
        }
        (Some(old), Some("answers")) => {
            rows.retain(|row| is_opponent(row, old));
            true
        }
        _ if rows.windows(2).all(|two| two[0].opponent == two[1].opponent) && new.is_some() => {
            new == Some("b")
        }
        _ => {
            let unknown = anyhow!(
                "{} compares other answers than those of the page; where it compares the same two models and no \
                 others, say with --new which of them it calls new",
                dir.display()
            );
            return Err(unknown).or_exit(Exit::Config);
        }
    };
    let comparisons: Vec<Comparison> = rows.iter().map(ComparisonRow::comparison).collect();
    Ok(judge_by_comparisons(&comparisons, new_is_b))
}

/// Whether a row compares with the model whose answers have this role, such as `answers-m1`.
fn is_opponent(row: &ComparisonRow, role: &str) -> bool {
    role.strip_prefix("answers-").is_some_and(|model| model.eq_ignore_ascii_case(&row.opponent))
}

/// One judgments folder or file for both models, or the first for A's answers and the second for
/// B's.
fn by_scores(paths: &[PathBuf], key: &Key) -> anyhow::Result<JudgeVerdicts> {
    let scores = |path: &PathBuf| -> anyhow::Result<BTreeMap<String, Option<f64>>> {
        let rows: Vec<JudgmentRow> = if path.is_dir() {
            Artifact::<Judgments>::open(path)?.rows()?
        } else {
            read_jsonl(path)?
        };
        Ok(srlm_judge::scores(&rows, Aggregation::Mean))
    };
    let all = paths.iter().map(scores).collect::<anyhow::Result<Vec<_>>>()?;
    let verdicts = match all.as_slice() {
        [both] => judge_by_scores(key, both, both),
        [of_a, of_b] => judge_by_scores(key, of_a, of_b),
        _ => {
            let usage = anyhow!("--judge takes one folder, or one of A's judgments and one of B's");
            return Err(usage).or_exit(Exit::Config);
        }
    };
    if verdicts.is_empty() {
        let refuse = anyhow!(
            "the judgments of --judge score no two answers of the page: make the page of responses folders, and give \
             the judgments of A's responses and of B's"
        );
        return Err(refuse).or_exit(Exit::Data);
    }
    Ok(verdicts)
}
