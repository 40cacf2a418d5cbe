//! Answers as other commands and other programs write them.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, ensure};
use serde::Deserialize;
use srlm_artifact::{
    Artifact, Kind as _, Manifest, Prompt, PromptRow, Prompts, ResponseRow, Responses, read_jsonl,
};

/// An answer, with its prompt where the file has it.
pub(crate) struct Answer {
    pub(crate) prompt: Option<String>,
    pub(crate) response: String,
}

/// A row of `responses.jsonl`, or one that `generate` prints.
#[derive(Deserialize)]
struct Row {
    #[serde(alias = "id")]
    prompt_id: String,
    #[serde(default)]
    sample_index: u32,
    prompt: Option<Prompt>,
    response: String,
}

/// A row of `prompts.jsonl`, or one that `generate` reads.
#[derive(Deserialize)]
struct TextRow {
    #[serde(alias = "id")]
    prompt_id: String,
    prompt: Prompt,
}

/// A row of AlpacaEval's `model_outputs.json`.
#[derive(Deserialize)]
struct AlpacaEvalRow {
    instruction: String,
    output: String,
}

/// The first answer to each prompt of a folder of responses, of rows, or of AlpacaEval's
/// `model_outputs.json`, where the instruction names the prompt.
pub(crate) fn read(path: &Path) -> anyhow::Result<BTreeMap<String, Answer>> {
    let mut rows: Vec<(String, u32, Answer)> = if path.is_dir() {
        let row = |row: ResponseRow| {
            (row.prompt_id, row.sample_index, Answer { prompt: None, response: row.response })
        };
        Artifact::<Responses>::open(path)?.rows()?.into_iter().map(row).collect()
    } else if let Some(outputs) = outputs(path)? {
        let row = |row: AlpacaEvalRow| {
            (
                row.instruction.clone(),
                0,
                Answer { prompt: Some(row.instruction), response: row.output },
            )
        };
        outputs.into_iter().map(row).collect()
    } else {
        let row = |row: Row| {
            let prompt = row.prompt.map(|prompt| prompt.to_text());
            (row.prompt_id, row.sample_index, Answer { prompt, response: row.response })
        };
        read_jsonl::<Row>(path)?.into_iter().map(row).collect()
    };
    ensure!(!rows.is_empty(), "{} has no answer", path.display());
    // The last insertion stays: the lowest sample.
    rows.sort_by_key(|(_, sample_index, _)| std::cmp::Reverse(*sample_index));
    Ok(rows.into_iter().map(|(prompt_id, _, answer)| (prompt_id, answer)).collect())
}

/// The rows of a JSON list; `None` where the file is none.
fn outputs(path: &Path) -> anyhow::Result<Option<Vec<AlpacaEvalRow>>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    if !text.trim_start().starts_with('[') {
        return Ok(None);
    }
    let rows = serde_json::from_str(&text)
        .with_context(|| format!("{} is no list of outputs", path.display()))?;
    Ok(Some(rows))
}

/// Texts of prompts by id: of a folder or a file of prompts; without one, of the folder in the run
/// of `answers` that they answer, where there is such a folder.
pub(crate) fn prompts(
    path: Option<&Path>,
    answers: &Path,
) -> anyhow::Result<BTreeMap<String, String>> {
    let rows = match path {
        Some(path) if path.is_dir() => {
            Artifact::<Prompts>::open(path)?.rows()?.into_iter().map(text).collect()
        }
        Some(path) => read_jsonl::<TextRow>(path)?
            .into_iter()
            .map(|row| (row.prompt_id, row.prompt.to_text()))
            .collect(),
        None => match answered(answers) {
            Some(prompts) => prompts.rows()?.into_iter().map(text).collect(),
            None => BTreeMap::new(),
        },
    };
    Ok(rows)
}

fn text(row: PromptRow) -> (String, String) {
    (row.prompt_id, row.prompt.to_text())
}

/// The prompts that a folder of responses in a run answers.
fn answered(responses: &Path) -> Option<Artifact<Prompts>> {
    let inputs = Manifest::read(responses).ok()?.provenance.inputs;
    let hash = &inputs.iter().find(|input| input.kind == Prompts::NAME)?.content_hash;
    let run = responses.parent()?;
    let places = [run.join("prompts"), run.parent()?.join("seed/eval-prompts")];
    places.iter().find_map(|place| {
        Artifact::<Prompts>::open(place).ok().filter(|found| found.content_hash() == hash)
    })
}
