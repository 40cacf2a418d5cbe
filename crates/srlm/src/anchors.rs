//! Hidden anchors: known answers that the judge scores as it scores everything else. Nothing is
//! trained on them.

use std::collections::BTreeMap;
use std::path::Path;

use srlm_artifact::{
    Artifact, Begin, Eval, FinishReason, Judgments, Prompt, Prompts, ResponseRow, Responses,
    Settings, layout, row_seed,
};
use srlm_eval::anchors::{
    Anchor, AnchorScores, anchor_summary, begin, generated, read_anchors, write,
};
use srlm_judge::{JudgeConfig, Rubric};

use crate::config::RunConfig;
use crate::exit::{Exit, OrExit};
use crate::run::Run;
use crate::seed;
use crate::stages::{self, staged};

/// Whether the settings ask for any.
pub(crate) fn are_asked_for(config: &RunConfig) -> bool {
    config.anchors.count > 0 || !config.data.anchors.is_empty()
}

/// Who judges in iteration t, and its name. Another judge than M_t has nothing to judge after the
/// last iteration.
pub(crate) fn judge(config: &RunConfig, t: u32) -> Option<(&str, String)> {
    match config.roles.judge.as_str() {
        "self" => Some(("self", format!("M{t}"))),
        "m0" => (t <= config.run.iterations).then(|| ("m0", "M0".to_owned())),
        other => (t <= config.run.iterations).then(|| (other, other.to_owned())),
    }
}

/// Judges the anchors with the judge of iteration t, and measures it.
pub(crate) fn evaluate(run: &Run<'_>, t: u32, rubric: &Rubric) -> anyhow::Result<()> {
    let Some((role, name)) = judge(&run.config, t).filter(|_| are_asked_for(&run.config)) else {
        return Ok(());
    };
    let anchors = anchors(run)?;
    let prompts = anchors
        .iter()
        .map(|anchor| seed::prompt_row(&anchor.id, Prompt::user(&*anchor.prompt)))
        .collect();
    let responses =
        anchors.iter().flat_map(|anchor| [response(anchor, 0), response(anchor, 1)]).collect();
    let prompts = seed::write::<Prompts>(&run.path("seed/anchors-prompts"), prompts)?;
    let responses = seed::write::<Responses>(&run.path("seed/anchors-responses"), responses)?;
    let config = JudgeConfig { judgments: run.config.eval.judgments, ..run.config.judge.clone() };
    let out = layout::evaluation(t, "anchors-judgments");
    let judged = stages::judge_with(run, (role, t), (&prompts, &responses), rubric, &out, &config)?;
    let out = layout::evaluation(t, "anchors");
    staged(run, &out, || measure(run, &name, (&anchors, &responses, &judged), &out))?;
    Ok(())
}

/// The generated anchors, and those of the user's file.
fn anchors(run: &Run<'_>) -> anyhow::Result<Vec<Anchor>> {
    let seed = row_seed(run.config.run.seed, "anchors", 0, "", 0);
    let mut anchors = generated(run.config.anchors.count, seed);
    if !run.config.data.anchors.is_empty() {
        anchors.extend(read_anchors(Path::new(&run.config.data.anchors)).or_exit(Exit::Data)?);
    }
    Ok(anchors)
}

/// The right answer is sample 0, the wrong one sample 1; the judge sees neither number.
fn response(anchor: &Anchor, sample_index: u32) -> ResponseRow {
    ResponseRow {
        response_id: id(anchor, sample_index),
        prompt_id: anchor.id.clone(),
        sample_index,
        response: if sample_index == 0 { anchor.right.clone() } else { anchor.wrong.clone() },
        finish_reason: FinishReason::Stop,
        n_tokens: 0,
        seed: 0,
    }
}

fn id(anchor: &Anchor, sample_index: u32) -> String {
    format!("{}/{sample_index}", anchor.id)
}

fn measure(
    run: &Run<'_>,
    name: &str,
    (anchors, responses, judged): (&[Anchor], &Artifact<Responses>, &Artifact<Judgments>),
    out: &str,
) -> anyhow::Result<Artifact<Eval>> {
    let inputs = vec![responses.as_input("anchors"), judged.as_input("judgments")];
    let aggregation = run.config.pairs.aggregation;
    let config = serde_json::json!({ "threshold": run.config.anchors.threshold, "aggregation": aggregation });
    let config = Settings::from(config);
    let writer = match begin(&run.path(out), config, inputs)? {
        Begin::UpToDate(artifact) => return Ok(artifact),
        Begin::Write(writer) => writer,
    };
    let scores: BTreeMap<String, Option<f64>> = srlm_judge::scores(&judged.rows()?, aggregation);
    let score =
        |anchor: &Anchor, sample_index| scores.get(&id(anchor, sample_index)).copied().flatten();
    let of = |anchor: &Anchor| AnchorScores {
        id: anchor.id.clone(),
        kind: anchor.kind,
        right: score(anchor, 0),
        wrong: score(anchor, 1),
    };
    let scored: Vec<AnchorScores> = anchors.iter().map(of).collect();
    let summary = anchor_summary(name, &scored, run.config.anchors.threshold);
    write(writer, &summary, &scored, &run.device()?.name).or_exit(Exit::Data)
}
