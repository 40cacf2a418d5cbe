//! What is measured of each model: held-out loss, judging, head-to-head, lengths.

use std::collections::BTreeMap;

use anyhow::Context;
use srlm_artifact::{Artifact, Begin, Eval, Judgments, OnProgress, Progress, Prompt, Responses, row_seed, to_line};
use srlm_eval::{
    Bootstrap, Comparison, Evaluation, Evaluator, HeldOutLoss, Measurements, Preference, RankedGroup, RankedResponse,
    agreement, head_to_head, lengths,
};
use srlm_generate::{Generate, Input, Request};
use srlm_judge::{JudgeConfig, Rubric, Verdict};
use srlm_model::Conversation;
use srlm_sampler::responses;
use srlm_sft::LossOn;

use crate::config::VerdictForm;
use crate::exit::{Exit, OrExit};
use crate::run::Run;
use crate::seed::{Ranked, Seed};
use crate::stages::{self, folder};

/// Evaluates M_t, t from 1.
pub(crate) fn evaluate(run: &Run<'_>, t: u32, seed: &Seed, rubric: &Rubric) -> anyhow::Result<Artifact<Eval>> {
    let at = t - 1;
    let answers = answers(run, t, seed)?;
    let config = JudgeConfig { judgments: run.config.eval.judgments, ..run.config.judge.clone() };
    let held_out = held_out_ranked(seed)?;
    let ranked = (&held_out.prompts, &held_out.responses);
    let judged = stages::judge_with(run, ("self", t), ranked, rubric, &folder(at, "eval-judgments"), &config)?;
    let before = if run.config.eval.head_to_head { Some(answers_before(run, t, seed)?) } else { None };

    let out = folder(at, "eval");
    run.console.begin(&out);
    let result = write(run, t, seed, (&answers, before.as_ref(), &judged), &out);
    match &result {
        Ok((_, Some(evaluation))) => run.console.end(&format!("{:?}: {}", evaluation.verdict, evaluation.reason)),
        Ok((_, None)) => run.console.end("up to date"),
        Err(_) => run.console.abandon(),
    }
    Ok(result?.0)
}

fn held_out_ranked(seed: &Seed) -> anyhow::Result<&Ranked> {
    seed.held_out.as_ref().context("no ranked responses to evaluate the judge on: set data.eft_held_out")
}

fn response_config(run: &Run<'_>) -> responses::Config {
    responses::Config { samples: 1, sampling: run.config.eval.sampling.clone(), ..run.config.responses.clone() }
}

/// M_t's answers to the held-out prompts.
fn answers(run: &Run<'_>, t: u32, seed: &Seed) -> anyhow::Result<Artifact<Responses>> {
    stages::respond(
        run,
        ("self", t),
        run.place(0),
        &seed.eval_prompts,
        &folder(t - 1, "eval-responses"),
        &response_config(run),
    )
}

/// The answers of the model before M_t, made with its own evaluation; M0 has none, so its answers are made here.
fn answers_before(run: &Run<'_>, t: u32, seed: &Seed) -> anyhow::Result<Artifact<Responses>> {
    if t > 1 {
        return Ok(Artifact::open(&run.path(&folder(t - 2, "eval-responses")))?);
    }
    stages::respond(run, ("self", 0), run.place(0), &seed.eval_prompts, "iter-0/m0-responses", &response_config(run))
}

type Measured<'a> = (&'a Artifact<Responses>, Option<&'a Artifact<Responses>>, &'a Artifact<Judgments>);

fn write(
    run: &Run<'_>,
    t: u32,
    seed: &Seed,
    (answers, before, judged): Measured<'_>,
    out: &str,
) -> anyhow::Result<(Artifact<Eval>, Option<Evaluation>)> {
    let (_, hash) = run.model_path(t)?;
    let mut inputs = vec![
        model_input("model", hash),
        seed.ift_held_out.as_input("ift-held-out"),
        held_out_ranked(seed)?.responses.as_input("ranked-responses"),
        answers.as_input("answers"),
        judged.as_input("judgments"),
    ];
    if let Some(before) = before {
        inputs.extend([before.as_input("answers-before"), model_input("judge", run.model_path(t - 1)?.1)]);
    }
    let config = serde_json::json!({ "eval": run.config.eval, "max_length": run.config.sft.train.max_length,
        "aggregation": run.config.pairs.aggregation });
    let writer = match srlm_eval::begin(&run.path(out), config, run.config.run.seed, inputs)? {
        Begin::UpToDate(artifact) => return Ok((artifact, None)),
        Begin::Write(writer) => writer,
    };
    let bootstrap = Bootstrap {
        n_resamples: run.config.eval.bootstrap_samples,
        seed: row_seed(run.config.run.seed, "bootstrap", t, "", 0),
        ..Bootstrap::default()
    };
    let mut measured = Measurements {
        held_out: Some(held_out(run, t, seed)?),
        agreement: Some(agreement(&ranked_groups(run, seed, judged)?, &bootstrap)),
        lengths: lengths(&answers.rows()?),
        ..Measurements::default()
    };
    if let Some(before) = before {
        let verdicts = verdicts(run, t, seed, (answers, before))?;
        let lines = verdicts.iter().map(to_line).collect::<Result<Vec<_>, _>>()?;
        std::fs::write(writer.dir().join("comparisons.jsonl"), lines.join("\n") + "\n")?;
        measured.head_to_head = Some(head_to_head(&verdicts, &bootstrap));
        measured.evaluator = Some(Evaluator { name: format!("M{}", t - 1), independent: false });
    }
    let evaluation = Evaluation::new(&format!("M{t}"), measured);
    let artifact = srlm_eval::write(writer, &evaluation, &run.device()?.name)?;
    Ok((artifact, Some(evaluation)))
}

fn model_input(role: &str, content_hash: String) -> srlm_artifact::Input {
    srlm_artifact::Input { role: role.to_owned(), kind: "model".to_owned(), content_hash }
}

fn held_out(run: &Run<'_>, t: u32, seed: &Seed) -> anyhow::Result<HeldOutLoss> {
    let (checkpoint, _) = run.checkpoint(t)?;
    let mut counts = BTreeMap::new();
    let max_length = run.config.sft.train.max_length.min(checkpoint.config.context());
    let rows = seed.ift_held_out.rows()?;
    let examples =
        srlm_sft::examples(&checkpoint.tokenizer, &rows, (max_length, LossOn::Response), "held_out", &mut counts)?;
    let tokens = run.config.runtime.train.micro_batch_tokens;
    let measured = run.with_engine(t, |engine| Ok(srlm_sft::held_out_loss(engine.model(), &examples, tokens)))?;
    Ok(HeldOutLoss { loss: measured.loss, n_tokens: measured.n_tokens })
}

/// The held-out ranked responses with the judge's mean scores.
fn ranked_groups(run: &Run<'_>, seed: &Seed, judged: &Artifact<Judgments>) -> anyhow::Result<Vec<RankedGroup>> {
    // What is measured is the score that pairs are made by.
    let scores = srlm_judge::scores(&judged.rows()?, run.config.pairs.aggregation);
    let mut groups: BTreeMap<String, Vec<RankedResponse>> = BTreeMap::new();
    for row in held_out_ranked(seed)?.responses.rows()? {
        let mean_score = scores.get(&row.response_id).copied().flatten();
        let n_characters = row.response.chars().count() as u64;
        groups.entry(row.prompt_id).or_default().push(RankedResponse {
            human_rank: row.sample_index,
            mean_score,
            n_characters,
        });
    }
    Ok(groups.into_iter().map(|(prompt_id, responses)| RankedGroup { prompt_id, responses }).collect())
}

/// M_{t-1}'s verdicts on the answers of M_t against its own, in both orders.
fn verdicts(
    run: &Run<'_>,
    t: u32,
    seed: &Seed,
    answers: (&Artifact<Responses>, &Artifact<Responses>),
) -> anyhow::Result<Vec<Comparison>> {
    let questions = questions(seed, answers)?;
    let found = match run.config.eval.verdict {
        VerdictForm::Written => written(run, t, &questions)?,
        VerdictForm::Likelihood => likelier(run, t, &questions)?,
    };
    let comparisons = questions.chunks_exact(2).zip(found.chunks_exact(2)).map(|(both, found)| Comparison {
        prompt_id: both[0].prompt_id.clone(),
        new_first: found[0],
        new_second: found[1],
    });
    Ok(comparisons.collect())
}

/// One comparison in one order.
struct Question {
    prompt_id: String,
    /// 0 where the new model's answer stands first, 1 where it stands second.
    order: u32,
    prompt: Prompt,
}

/// Both orders of each prompt that both models answered.
fn questions(seed: &Seed, (new, old): (&Artifact<Responses>, &Artifact<Responses>)) -> anyhow::Result<Vec<Question>> {
    let by_prompt = |artifact: &Artifact<Responses>| -> anyhow::Result<BTreeMap<String, String>> {
        Ok(artifact.rows()?.into_iter().map(|row| (row.prompt_id, row.response)).collect())
    };
    let (new, old) = (by_prompt(new)?, by_prompt(old)?);
    let rubric = Rubric::pairwise();
    let prompts: Vec<_> = seed.eval_prompts.rows()?;
    let mut questions = Vec::new();
    for row in &prompts {
        let (Some(new), Some(old)) = (new.get(&row.prompt_id), old.get(&row.prompt_id)) else { continue };
        for (order, (a, b)) in [(0, (new, old)), (1, (old, new))] {
            let prompt = Prompt::user(rubric.render_pair(&row.prompt.to_text(), a, b));
            questions.push(Question { prompt_id: row.prompt_id.clone(), order, prompt });
        }
    }
    Ok(questions)
}

/// What M_{t-1} writes.
fn written(run: &Run<'_>, t: u32, questions: &[Question]) -> anyhow::Result<Vec<Option<Preference>>> {
    let request = |question: &Question| Request {
        id: format!("{}/{}", question.prompt_id, question.order),
        input: Input::Chat(question.prompt.messages().to_vec()),
        seeds: vec![row_seed(run.config.run.seed, "verdicts", t, &question.prompt_id, question.order)],
        sampling: run.config.eval.verdict_sampling.clone(),
        top_logprobs: 0,
    };
    let requests: Vec<Request> = questions.iter().map(request).collect();
    let mut found: Vec<Option<Preference>> = vec![None; requests.len()];
    let (mut n_done, total) = (0, requests.len() as u64);
    let on_progress: OnProgress<'_> = &mut |progress| run.console.progress(progress, "");
    let mut generator = run.generator(t - 1)?;
    let generated = generator.generate(&requests, &mut |completion| {
        n_done += 1;
        let _ = on_progress(Progress { done: n_done, total, unit: "verdicts", tokens: 0 });
        found[completion.request_index] = srlm_judge::parse_verdict(&completion.text).map(|verdict| match verdict {
            Verdict::A => Preference::A,
            Verdict::B => Preference::B,
            Verdict::Tie => Preference::Tie,
        });
    });
    generated.or_exit(Exit::Engine)?;
    Ok(found)
}

/// Comparisons of one pass: they share the rubric.
const COMPARISONS: usize = 4;

/// Which of the two verdicts M_{t-1} finds likelier; `None` where the texts exceed its context.
fn likelier(run: &Run<'_>, t: u32, questions: &[Question]) -> anyhow::Result<Vec<Option<Preference>>> {
    let (checkpoint, _) = run.checkpoint(t - 1)?;
    let context = checkpoint.config.context();
    let mut found = Vec::new();
    for group in questions.chunks(COMPARISONS) {
        let mut conversations = Vec::new();
        let mut fits = Vec::new();
        for question in group {
            let conversation = |verdict| {
                Conversation::new(&checkpoint.tokenizer, &question.prompt, verdict)
                    .with_context(|| format!("comparison of {}", question.prompt_id))
            };
            let both = [conversation("Verdict: A")?, conversation("Verdict: B")?];
            fits.push(both.iter().all(|c| c.ids.len() <= context));
            if fits.last() == Some(&true) {
                conversations.extend(both);
            }
        }
        let sequences: Vec<&[u32]> = conversations.iter().map(|c| c.ids.as_slice()).collect();
        let starts: Vec<usize> = conversations.iter().map(|c| c.response_start).collect();
        let logps = if sequences.is_empty() {
            Vec::new()
        } else {
            run.with_engine(t - 1, |engine| Ok(engine.model().response_logps(&sequences, &starts)))?
        };
        let mut verdicts = logps.chunks_exact(2).map(|l| if l[0] >= l[1] { Preference::A } else { Preference::B });
        found.extend(fits.into_iter().map(|fits| if fits { verdicts.next() } else { None }));
        let (done, total) = (found.len() as u64, questions.len() as u64);
        if run.console.progress(Progress { done, total, unit: "verdicts", tokens: 0 }, "").is_break() {
            return Err(srlm_generate::Error::Interrupted.into());
        }
    }
    Ok(found)
}
