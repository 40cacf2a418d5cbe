//! Seed data into the run's artifacts.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, bail};
use srlm_artifact::{
    Artifact, Counts, EftRow, FinishReason, Ift, IftRow, Kind, Made, Prompt, PromptRow,
    PromptSource, Prompts, ResponseRow, Responses, Stage, make, row_seed, sha256, stage,
};
use srlm_judge::Rubric;

use crate::config::RunConfig;
use crate::exit::{Exit, OrExit};
use crate::paths;
use crate::run::Run;
use crate::tiny;

const STAGE: Stage = stage!("seed", 1);

/// What a run starts from.
pub(crate) struct Seed {
    /// Instruction-following examples to learn.
    pub(crate) ift: Artifact<Ift>,
    /// Judging examples as conversations with the judge.
    pub(crate) judge_sft: Option<Artifact<Ift>>,
    /// Instruction-following examples to evaluate on.
    pub(crate) ift_held_out: Artifact<Ift>,
    /// Prompts that every model answers for its evaluation.
    pub(crate) eval_prompts: Artifact<Prompts>,
    /// Ranked responses to judge in evaluations; absent until judging examples are made, where none
    /// are given.
    pub(crate) held_out: Option<Ranked>,
    /// Responses that people ranked, to make judging examples of.
    pub(crate) ranked: Option<Ranked>,
}

/// Prompts, and responses to them whose `sample_index` is the human rank.
pub(crate) struct Ranked {
    pub(crate) prompts: Artifact<Prompts>,
    pub(crate) responses: Artifact<Responses>,
}

struct Rows {
    ift: Vec<IftRow>,
    eft: Vec<EftRow>,
    ift_held_out: Vec<IftRow>,
    eft_held_out: Vec<EftRow>,
}

/// The seed prompts, without a run.
pub(crate) fn prompts(config: &RunConfig) -> anyhow::Result<Vec<Prompt>> {
    Ok(read(config)?.ift.into_iter().map(|row| row.prompt).collect())
}

/// The rows of the files, less what `data.train_share` leaves out.
fn read(config: &RunConfig) -> anyhow::Result<Rows> {
    let rows = read_all(config)?;
    let (share, seed) = (config.data.train_share, config.run.seed);
    Ok(Rows {
        ift: part(rows.ift, share, seed, |row| &row.prompt_id),
        eft: part(rows.eft, share, seed, |row| &row.prompt_id),
        ..rows
    })
}

/// The rows of a share of the prompts, in their order; at least of one.
fn part<R>(rows: Vec<R>, share: f64, seed: u64, prompt_id: fn(&R) -> &String) -> Vec<R> {
    let ids: BTreeSet<&String> = rows.iter().map(prompt_id).collect();
    let mut drawn: Vec<(u64, &String)> =
        ids.into_iter().map(|id| (row_seed(seed, "train-share", 0, id, 0), id)).collect();
    drawn.sort_unstable();
    drawn.truncate(((drawn.len() as f64 * share).round() as usize).max(1));
    let kept: BTreeSet<String> = drawn.into_iter().map(|(_, id)| id.clone()).collect();
    rows.into_iter().filter(|row| kept.contains(prompt_id(row))).collect()
}

fn read_all(config: &RunConfig) -> anyhow::Result<Rows> {
    let data = &config.data;
    if data.ift == "tiny:" {
        let (train, held_out) = (tiny::data("train", 48), tiny::data("held-out", 12));
        return Ok(Rows {
            ift: train.ift,
            eft: train.eft,
            ift_held_out: held_out.ift,
            eft_held_out: held_out.eft,
        });
    }
    Ok(Rows {
        ift: paths::rows(&data.ift)?,
        eft: optional_rows(&data.eft)?,
        ift_held_out: paths::rows(&data.ift_held_out)?,
        eft_held_out: optional_rows(&data.eft_held_out)?,
    })
}

fn optional_rows(name: &str) -> anyhow::Result<Vec<EftRow>> {
    if name.is_empty() { Ok(Vec::new()) } else { paths::rows(name) }
}

/// Writes the seed artifacts, or finds them up to date.
pub(crate) fn run(run: &Run<'_>, rubric: &Rubric) -> anyhow::Result<Seed> {
    let rows = read(&run.config)?;
    check_apart(
        "data.ift_held_out",
        rows.ift.iter().map(|row| &row.prompt),
        rows.ift_held_out.iter().map(|row| (&row.prompt_id, &row.prompt)),
    )?;
    check_apart(
        "data.eft_held_out",
        rows.eft.iter().map(|row| &row.prompt),
        rows.eft_held_out.iter().map(|row| (&row.prompt_id, &row.prompt)),
    )?;
    let eval_prompts = rows.ift_held_out.iter().take(run.config.eval.n_prompts);
    let eval_prompts =
        eval_prompts.map(|row| prompt_row(&row.prompt_id, row.prompt.clone())).collect();
    let ranked = match run.config.data.ranked_prompts.as_str() {
        "" => None,
        prompts => Some(Ranked {
            prompts: write::<Prompts>(&run.path("seed/to-judge-prompts"), paths::rows(prompts)?)?,
            responses: write::<Responses>(
                &run.path("seed/to-judge-responses"),
                paths::rows(&run.config.data.ranked_responses)?,
            )?,
        }),
    };
    let held_out = match rows.eft_held_out.as_slice() {
        [] => None,
        rows => Some(ranked_of(run, "seed/ranked", rows)?),
    };
    Ok(Seed {
        ift: write::<Ift>(&run.path("seed/ift"), rows.ift)?,
        judge_sft: judge_sft(run, rubric, "seed/judge-sft", &rows.eft)?,
        ift_held_out: write::<Ift>(&run.path("seed/ift-held-out"), rows.ift_held_out)?,
        eval_prompts: write::<Prompts>(&run.path("seed/eval-prompts"), eval_prompts)?,
        held_out,
        ranked,
    })
}

/// Judging examples given by the user.
pub(crate) fn eft_rows(config: &RunConfig) -> anyhow::Result<Vec<EftRow>> {
    Ok(read(config)?.eft)
}

/// Judging examples as conversations with the judge; `None` where there are none.
pub(crate) fn judge_sft(
    run: &Run<'_>,
    rubric: &Rubric,
    folder: &str,
    rows: &[EftRow],
) -> anyhow::Result<Option<Artifact<Ift>>> {
    let conversation = |row: &EftRow| {
        let example = srlm_judge::training_example(rubric, row).with_context(|| {
            format!("judging example {} of rank {}", row.prompt_id, row.human_rank)
        })?;
        Ok(IftRow {
            prompt_id: format!("{}/{}", row.prompt_id, row.human_rank),
            prompt: example.prompt,
            response: example.target,
            source: "eft".to_owned(),
        })
    };
    let rows = rows.iter().map(conversation).collect::<anyhow::Result<Vec<_>>>()?;
    if rows.is_empty() { Ok(None) } else { write::<Ift>(&run.path(folder), rows).map(Some) }
}

/// The prompts and the ranked responses of judging examples, at `{folder}-prompts` and
/// `{folder}-responses`.
pub(crate) fn ranked_of(run: &Run<'_>, folder: &str, rows: &[EftRow]) -> anyhow::Result<Ranked> {
    let mut prompts: Vec<PromptRow> =
        rows.iter().map(|row| prompt_row(&row.prompt_id, row.prompt.clone())).collect();
    prompts.sort_by(|a, b| a.prompt_id.cmp(&b.prompt_id));
    prompts.dedup_by(|a, b| a.prompt_id == b.prompt_id);
    let responses = rows.iter().map(ranked_response).collect();
    Ok(Ranked {
        prompts: write::<Prompts>(&run.path(&format!("{folder}-prompts")), prompts)?,
        responses: write::<Responses>(&run.path(&format!("{folder}-responses")), responses)?,
    })
}

/// A held-out prompt that is trained on measures nothing.
fn check_apart<'r>(
    key: &str,
    trained: impl Iterator<Item = &'r Prompt>,
    held_out: impl Iterator<Item = (&'r String, &'r Prompt)>,
) -> anyhow::Result<()> {
    let trained: BTreeSet<String> = trained.map(Prompt::to_text).collect();
    let leaked: Vec<&str> = held_out
        .filter(|(_, prompt)| trained.contains(&prompt.to_text()))
        .map(|(id, _)| id.as_str())
        .collect();
    let Some(first) = leaked.first() else { return Ok(()) };
    let refuse = || -> anyhow::Result<()> {
        bail!(
            "{key}: {} prompts, the first of them {first}, are trained on too: split the data by prompt",
            leaked.len()
        )
    };
    refuse().or_exit(Exit::Data)
}

pub(crate) fn prompt_row(prompt_id: &str, prompt: Prompt) -> PromptRow {
    PromptRow { prompt_id: prompt_id.to_owned(), prompt, source: PromptSource::Seed }
}

fn ranked_response(row: &EftRow) -> ResponseRow {
    ResponseRow {
        response_id: format!("{}/{}", row.prompt_id, row.human_rank),
        prompt_id: row.prompt_id.clone(),
        sample_index: row.human_rank,
        response: row.response.clone(),
        finish_reason: FinishReason::Stop,
        n_tokens: 0,
        seed: 0,
    }
}

/// A hash of rows as they are written.
pub(crate) fn hash(lines: &[String]) -> String {
    sha256(lines.join("\n"))
}

/// Writes rows that are their own recipe: their hash is the configuration.
pub(crate) fn write<K: Kind>(out: &Path, rows: Vec<K::Row>) -> anyhow::Result<Artifact<K>> {
    let lines = rows.iter().map(srlm_artifact::to_line).collect::<Result<Vec<_>, _>>()?;
    let config = serde_json::json!({ "rows": hash(&lines) });
    make(out, STAGE.recipe(config, 0, Vec::new()), |_| {
        let counts = Counts::from([("rows".to_owned(), rows.len() as u64)]);
        Ok(Made { rows, counts, device: "none" })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_larger_share_has_all_of_a_smaller_one_and_keeps_prompts_whole() {
        let rows: Vec<(String, u32)> =
            (0..10).flat_map(|id| (0..3).map(move |rank| (id.to_string(), rank))).collect();
        let of = |share, seed| part(rows.clone(), share, seed, |row| &row.0);
        assert_eq!(of(1.0, 1), rows);
        assert_eq!((of(0.5, 1).len(), of(0.2, 1).len(), of(0.01, 1).len()), (15, 6, 3));
        assert!(of(0.2, 1).iter().all(|row| of(0.5, 1).contains(row)));
        assert_ne!(of(0.5, 1), of(0.5, 2));
    }
}
