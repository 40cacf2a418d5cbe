//! The model against those before it, and the ratings of all.

use std::collections::BTreeMap;
use std::path::Path;

use srlm_artifact::{Artifact, Eval, OnProgress, Responses, read_jsonl, to_line};
use srlm_eval::controlled::BradleyTerry;
use srlm_eval::{Bootstrap, ComparisonRow, Evaluation, Versus, match_up, rating_table};

use super::verdicts::{self, Contest};
use super::{Materials, evaluator};
use crate::run::Run;
use crate::seed::Seed;

/// The rows of an evaluation's comparisons.
const FILE: &str = "comparisons.jsonl";

/// Fills in all that comes of comparing M_t's answers, and writes the comparisons into `dir`, the
/// folder `out` in the making.
pub(super) fn measure(
    run: &Run<'_>,
    t: u32,
    seed: &Seed,
    materials: &Materials,
    (dir, out): (&Path, &str),
    bootstrap: &Bootstrap,
    evaluation: &mut Evaluation,
) -> anyhow::Result<()> {
    if materials.opponents.is_empty() {
        for field in [
            "opponent",
            "evaluator",
            "head_to_head",
            "position",
            "length_controlled",
            "length_matched",
            "ratings",
        ] {
            evaluation.unmeasured.insert(field.to_owned(), "eval.head_to_head is off".to_owned());
        }
        return Ok(());
    }
    let evaluator = evaluator::evaluator(run, t)?;
    let mut rows = Vec::new();
    for (s, answers) in &materials.opponents {
        let compared = compare(run, (t, *s), seed, (&materials.answers, answers), out)?;
        let found = match_up(&compared, &run.config.eval.length_control, bootstrap);
        let opponent = format!("M{s}");
        if *s == t - 1 {
            evaluation.opponent = Some(opponent);
            evaluation.head_to_head = Some(found.head_to_head);
            evaluation.position = found.position;
            evaluation.length_controlled = found.length_controlled;
            evaluation.length_matched = found.length_matched;
            evaluation.unmeasured.extend(found.unmeasured);
        } else {
            let (head_to_head, length_controlled) = (found.head_to_head, found.length_controlled);
            evaluation.earlier.push(Versus { opponent, head_to_head, length_controlled });
        }
        rows.extend(compared);
    }
    let lines =
        rows.iter().map(|row| Ok(to_line(row)? + "\n")).collect::<anyhow::Result<String>>()?;
    std::fs::write(dir.join(FILE), lines)?;
    rate(t, (&materials.earlier, rows), evaluator.name.clone(), bootstrap, evaluation)?;
    evaluation.evaluator = Some(evaluator);
    Ok(())
}

/// Rates M0 to M_t by these comparisons and those of earlier evaluations.
fn rate(
    t: u32,
    (earlier, own): (&[Artifact<Eval>], Vec<ComparisonRow>),
    evaluator: String,
    bootstrap: &Bootstrap,
    evaluation: &mut Evaluation,
) -> anyhow::Result<()> {
    let (mut rows, mut evaluators): (Vec<ComparisonRow>, Vec<String>) = Default::default();
    for artifact in earlier {
        let path = artifact.dir().join(FILE);
        if path.exists() {
            rows.extend(read_jsonl::<ComparisonRow>(&path)?);
        }
        evaluators.extend(srlm_eval::read(artifact)?.evaluator.map(|evaluator| evaluator.name));
    }
    rows.extend(own);
    evaluators.push(evaluator);
    evaluators.dedup();
    let models: Vec<String> = (0..=t).map(|s| format!("M{s}")).collect();
    let models: Vec<&str> = models.iter().map(String::as_str).collect();
    evaluation.ratings =
        rating_table(&models, &rows, evaluators, &BradleyTerry::default(), bootstrap);
    if evaluation.ratings.is_none() {
        let reason = "no chain of comparisons with a verdict in both orders leads to every model";
        evaluation.unmeasured.insert("ratings".to_owned(), reason.to_owned());
    }
    Ok(())
}

/// The evaluator's verdicts on the answers of M_t against those of M_s.
fn compare(
    run: &Run<'_>,
    (t, s): (u32, u32),
    seed: &Seed,
    answers: (&Artifact<Responses>, &Artifact<Responses>),
    out: &str,
) -> anyhow::Result<Vec<ComparisonRow>> {
    let contests = contests(seed, answers)?;
    let questions = verdicts::questions(&contests);
    let on_progress: OnProgress<'_> =
        &mut |progress| run.console.progress(progress, &format!("M{t} against M{s}"));
    let name = format!("verdicts against M{s}");
    let found = verdicts::ask(run, t - 1, &questions, (&name, t), out, on_progress)?;
    Ok(verdicts::rows(&contests, (&format!("M{t}"), &format!("M{s}")), &found))
}

/// Each prompt that both models answered.
fn contests(
    seed: &Seed,
    (new, old): (&Artifact<Responses>, &Artifact<Responses>),
) -> anyhow::Result<Vec<Contest>> {
    let by_prompt = |artifact: &Artifact<Responses>| -> anyhow::Result<BTreeMap<String, String>> {
        Ok(artifact.rows()?.into_iter().map(|row| (row.prompt_id, row.response)).collect())
    };
    let (mut new, mut old) = (by_prompt(new)?, by_prompt(old)?);
    let contest = |row: srlm_artifact::PromptRow| {
        let (new, old) = (new.remove(&row.prompt_id)?, old.remove(&row.prompt_id)?);
        Some(Contest { prompt: row.prompt.to_text(), prompt_id: row.prompt_id, new, old })
    };
    Ok(seed.eval_prompts.rows()?.into_iter().filter_map(contest).collect())
}
