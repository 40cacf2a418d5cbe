//! What is measured of each model: held-out loss, judging, head-to-head, answers.

mod evaluator;
mod head_to_head;
mod judging;
pub(crate) mod verdicts;

use std::collections::BTreeMap;

use anyhow::Context;
use srlm_artifact::{
    Artifact, Begin, Eval, Input, Judgments, Responses, Settings, layout, row_seed,
};
use srlm_eval::controlled::diversity;
use srlm_eval::{Bootstrap, Evaluation, HeldOutLoss, Lengths, answer_rates, lengths};
use srlm_judge::{JudgeConfig, Rubric};
use srlm_sampler::responses;
use srlm_sft::LossOn;

use crate::anchors;
use crate::config::Opponents;
use crate::run::Run;
use crate::safety;
use crate::seed::{Ranked, Seed};
use crate::stages;

/// What an evaluation of M_t is made from.
struct Materials {
    answers: Artifact<Responses>,
    /// Models to compare with and their answers, M_{t-1} first; empty without a head-to-head.
    opponents: Vec<(u32, Artifact<Responses>)>,
    judged: Artifact<Judgments>,
    /// M_{t-1}'s judgments of the same responses; M0 has none.
    judged_before: Option<Artifact<Judgments>>,
    /// Evaluations of M1 to M_{t-1}, whose comparisons count for the ratings; empty without a
    /// head-to-head.
    earlier: Vec<Artifact<Eval>>,
}

/// Evaluates M_t, t from 1.
pub(crate) fn evaluate(
    run: &Run<'_>,
    t: u32,
    seed: &Seed,
    rubric: &Rubric,
) -> anyhow::Result<Artifact<Eval>> {
    anchors::evaluate(run, t, rubric)?;
    safety::evaluate(run, t)?;
    let materials = materials(run, t, seed, rubric)?;
    let out = layout::evaluation(t, "eval");
    run.console.begin(&out);
    match write(run, t, seed, &materials, &out) {
        Ok((artifact, evaluation)) => {
            say(run, evaluation.as_ref());
            Ok(artifact)
        }
        Err(error) => {
            run.console.abandon();
            Err(error)
        }
    }
}

fn say(run: &Run<'_>, evaluation: Option<&Evaluation>) {
    let Some(evaluation) = evaluation else { return run.console.end("up to date") };
    run.console.end(&format!("{}: {}", evaluation.verdict.word(), evaluation.reason));
    for warning in &evaluation.warnings {
        run.console.say(&format!("warning: {warning}"));
    }
}

fn materials(run: &Run<'_>, t: u32, seed: &Seed, rubric: &Rubric) -> anyhow::Result<Materials> {
    let answers = answers(run, t, seed)?;
    let config = JudgeConfig { judgments: run.config.eval.judgments, ..run.config.judge.clone() };
    let held_out = held_out_ranked(seed)?;
    let ranked = (&held_out.prompts, &held_out.responses);
    let judged = stages::judge_with(
        run,
        ("self", t),
        ranked,
        rubric,
        &layout::evaluation(t, "eval-judgments"),
        &config,
    )?;
    let opponents = match (run.config.eval.head_to_head, run.config.eval.opponents) {
        (false, _) => Vec::new(),
        (true, Opponents::Previous) => vec![t - 1],
        (true, Opponents::All) => (0..t).rev().collect(),
    };
    let opponents: Vec<_> = opponents
        .into_iter()
        .map(|s| Ok((s, answers_of(run, s, seed)?)))
        .collect::<anyhow::Result<_>>()?;
    let before = |s: u32| {
        format!(
            "M{t} is evaluated beside M{s}, whose evaluation cannot be opened; `{} eval --iteration {}` makes it",
            crate::program::name(),
            s - 1
        )
    };
    let judged_before = match t {
        1 => None,
        _ => Some(
            Artifact::open(&run.path(&layout::evaluation(t - 1, "eval-judgments")))
                .with_context(|| before(t - 1))?,
        ),
    };
    let rated = if opponents.is_empty() { 1..1 } else { 1..t };
    let earlier = rated.map(|s| {
        Artifact::open(&run.path(&layout::evaluation(s, "eval"))).with_context(|| before(s))
    });
    let earlier = earlier.collect::<anyhow::Result<_>>()?;
    Ok(Materials { answers, opponents, judged, judged_before, earlier })
}

fn held_out_ranked(seed: &Seed) -> anyhow::Result<&Ranked> {
    seed.held_out
        .as_ref()
        .context("no ranked responses to evaluate the judge on: set data.eft_held_out")
}

fn response_config(run: &Run<'_>) -> responses::Config {
    responses::Config {
        samples: 1,
        sampling: run.config.responses.sampling.clone(),
        ..run.config.responses.clone()
    }
}

/// M_t's answers to the held-out prompts.
fn answers(run: &Run<'_>, t: u32, seed: &Seed) -> anyhow::Result<Artifact<Responses>> {
    let out = if t > 0 {
        layout::evaluation(t, "eval-responses")
    } else {
        layout::evaluation(1, "m0-responses")
    };
    stages::respond(run, ("self", t), run.place(0), &seed.eval_prompts, &out, &response_config(run))
}

/// The answers of an earlier model, made with its own evaluation; M0 has none, so its answers are
/// made here.
fn answers_of(run: &Run<'_>, s: u32, seed: &Seed) -> anyhow::Result<Artifact<Responses>> {
    if s > 0 {
        Ok(Artifact::open(&run.path(&layout::evaluation(s, "eval-responses")))?)
    } else {
        answers(run, 0, seed)
    }
}

fn inputs(run: &Run<'_>, t: u32, seed: &Seed, materials: &Materials) -> anyhow::Result<Vec<Input>> {
    let Materials { answers, opponents, judged, judged_before, earlier } = materials;
    let mut inputs = vec![
        Input::model("model", run.model_path(t)?.1),
        seed.ift_held_out.as_input("ift-held-out"),
        held_out_ranked(seed)?.responses.as_input("ranked-responses"),
        answers.as_input("answers"),
        judged.as_input("judgments"),
    ];
    inputs.extend(judged_before.as_ref().map(|judged| judged.as_input("judgments-before")));
    inputs.extend(opponents.iter().map(|(s, answers)| answers.as_input(&format!("answers-m{s}"))));
    if !opponents.is_empty() {
        inputs
            .extend(earlier.iter().zip(1..).map(|(eval, s)| eval.as_input(&format!("eval-m{s}"))));
        inputs.push(Input::model("evaluator", evaluator::identity(run, t)?));
    }
    Ok(inputs)
}

fn write(
    run: &Run<'_>,
    t: u32,
    seed: &Seed,
    materials: &Materials,
    out: &str,
) -> anyhow::Result<(Artifact<Eval>, Option<Evaluation>)> {
    let config = Settings::from(serde_json::json!({
        "max_length": run.config.sft.train.max_length,
        "aggregation": run.config.pairs.aggregation,
    }))
    .with("eval", Settings::of(&run.config.eval));
    let inputs = inputs(run, t, seed, materials)?;
    let writer = match srlm_eval::begin(&run.path(out), config, run.config.run.seed, inputs)? {
        Begin::UpToDate(artifact) => return Ok((artifact, None)),
        Begin::Write(writer) => writer,
    };
    let bootstrap = Bootstrap {
        n_resamples: run.config.eval.bootstrap_samples,
        seed: row_seed(run.config.run.seed, "bootstrap", t, "", 0),
        ..Bootstrap::default()
    };
    let mut evaluation = Evaluation::new(&format!("M{t}"));
    evaluation.held_out = Some(held_out(run, t, seed)?);
    measure_answers(materials, &mut evaluation)?;
    judging::measure(run, seed, materials, &bootstrap, &mut evaluation)?;
    head_to_head::measure(
        run,
        t,
        seed,
        materials,
        (writer.dir(), out),
        &bootstrap,
        &mut evaluation,
    )?;
    let evaluation = evaluation.decided(&run.config.eval.rules);
    let artifact = srlm_eval::write(writer, &evaluation, &run.device()?.name)?;
    Ok((artifact, Some(evaluation)))
}

fn held_out(run: &Run<'_>, t: u32, seed: &Seed) -> anyhow::Result<HeldOutLoss> {
    let (checkpoint, _) = run.checkpoint(t)?;
    let mut counts = BTreeMap::new();
    let max_length = run.config.sft.train.max_length.min(checkpoint.config.context());
    let rows = seed.ift_held_out.rows()?;
    let examples = srlm_sft::examples(
        &checkpoint.tokenizer,
        &rows,
        (max_length, LossOn::Response),
        "held_out",
        &mut counts,
    )?;
    let tokens = run.config.runtime.train.micro_batch_tokens;
    let measured = run
        .with_engine(t, |engine| Ok(srlm_sft::held_out_loss(engine.model(), &examples, tokens)))?;
    Ok(HeldOutLoss { loss: measured.loss, n_tokens: measured.n_tokens })
}

fn measure_answers(materials: &Materials, evaluation: &mut Evaluation) -> anyhow::Result<()> {
    let answers = materials.answers.rows()?;
    let texts: Vec<&str> = answers.iter().map(|row| row.response.as_str()).collect();
    evaluation.lengths = lengths(&answers);
    evaluation.diversity = Some(diversity(&texts));
    evaluation.answers = answer_rates(&answers);
    let before = match materials.opponents.first() {
        Some((_, answers)) => lengths(&answers.rows()?),
        None => None,
    };
    let mean = |lengths: Option<&Lengths>| {
        lengths.map(|lengths| lengths.tokens.mean).filter(|mean| *mean > 0.0)
    };
    evaluation.length_growth = mean(evaluation.lengths.as_ref())
        .zip(mean(before.as_ref()))
        .map(|(now, before)| now / before);
    if evaluation.length_growth.is_none() {
        let reason =
            "answers of the model before are read for the head-to-head only (eval.head_to_head)";
        evaluation.unmeasured.insert("length_growth".to_owned(), reason.to_owned());
    }
    Ok(())
}
