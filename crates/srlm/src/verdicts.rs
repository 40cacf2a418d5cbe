//! A judge's verdicts on pairs, each in both orders.

use serde::Serialize;
use srlm_artifact::{Eval, Progress, Prompt, Writer, row_seed, to_line};
use srlm_checkpoint::Checkpoint;
use srlm_eval::judging::JudgedPair;
use srlm_eval::{Preference, VerdictForm};
use srlm_generate::{Input, Request};
use srlm_import::HumanGroup;
use srlm_judge::Rubric;

use crate::evaluate::{self, verdicts::Question};
use crate::exit::{Exit, OrExit};
use crate::judging::{ROUND, preference};
use crate::run::{Run, Weights};

/// One pair in one order, and the judge's answer.
#[derive(Serialize)]
struct Asked {
    prompt_id: String,
    /// 0 where the first response stands first, 1 where the second does.
    order: u32,
    verdict: Option<Preference>,
    /// What the judge wrote, where it wrote.
    text: Option<String>,
    #[serde(skip)]
    prompt: Prompt,
}

/// Asks about each pair in both orders, and writes `verdicts.jsonl` into the artifact. A server
/// always writes; a model here does what `eval.verdict` says.
pub(crate) fn judged_pairs(
    run: &Run<'_>,
    role: &str,
    groups: &[HumanGroup],
    writer: &Writer<Eval>,
    out: &str,
) -> anyhow::Result<Vec<JudgedPair>> {
    let mut asked: Vec<Asked> = groups.iter().flat_map(both_orders).collect();
    run.console.begin("verdicts");
    let answered = match run.weights_of(role, ROUND) {
        Some(weights) if run.config.eval.verdict == VerdictForm::Likelihood => {
            likelier(run, &weights, &mut asked)
        }
        _ => written(run, role, &mut asked, out),
    };
    match &answered {
        Ok(()) => run.console.end(&format!(
            "{} verdicts",
            asked.iter().filter(|asked| asked.verdict.is_some()).count()
        )),
        Err(_) => run.console.abandon(),
    }
    answered?;
    let lines = asked.iter().map(to_line).collect::<Result<Vec<_>, _>>()?;
    std::fs::write(writer.dir().join("verdicts.jsonl"), lines.join("\n") + "\n")?;
    Ok(groups
        .iter()
        .zip(asked.chunks_exact(2))
        .map(|(group, both)| judged_pair(group, both))
        .collect())
}

fn both_orders(group: &HumanGroup) -> [Asked; 2] {
    let (a, b) = (&group.responses[0].text, &group.responses[1].text);
    [(0, a, b), (1, b, a)].map(|(order, first, second)| Asked {
        prompt_id: group.prompt_id.clone(),
        order,
        verdict: None,
        text: None,
        prompt: Prompt::user(Rubric::pairwise().render_pair(
            &group.prompt.to_text(),
            first,
            second,
        )),
    })
}

fn judged_pair(group: &HumanGroup, both: &[Asked]) -> JudgedPair {
    let length = |i: usize| group.responses[i].text.chars().count() as u64;
    JudgedPair {
        prompt_id: group.prompt_id.clone(),
        tree: group.tree.clone(),
        people: preference(group),
        forward: both[0].verdict,
        backward: both[1].verdict,
        n_characters: [length(0), length(1)],
    }
}

/// What the judge writes; finished answers are kept across interruptions.
fn written(run: &Run<'_>, role: &str, asked: &mut [Asked], out: &str) -> anyhow::Result<()> {
    let request = |asked: &Asked| Request {
        id: format!("{}/{}", asked.prompt_id, asked.order),
        input: Input::Chat(asked.prompt.messages().to_vec()),
        seeds: vec![row_seed(
            run.config.run.seed,
            "people-verdicts",
            ROUND,
            &asked.prompt_id,
            asked.order,
        )],
        sampling: run.config.eval.verdict_sampling(),
        top_logprobs: 0,
    };
    let requests: Vec<Request> = asked.iter().map(request).collect();
    let (mut done, total) = (0, requests.len() as u64);
    let mut judge = run.kept_engine_of(role, ROUND, out)?;
    let answered = judge.generate(&requests, &mut |completion| {
        done += 1;
        let _ = run.console.progress(Progress { done, total, unit: "verdicts", tokens: 0 }, "");
        let asked = &mut asked[completion.request_index];
        asked.verdict = evaluate::verdicts::read(&completion.text);
        asked.text = Some(completion.text);
    });
    answered.or_exit(Exit::Engine)
}

/// The likelier of the two verdicts; none where the texts exceed the model's context.
fn likelier(run: &Run<'_>, weights: &Weights, asked: &mut [Asked]) -> anyhow::Result<()> {
    let checkpoint = Checkpoint::open(&run.weights(weights)?.0).or_exit(Exit::Engine)?;
    let question = |asked: &Asked| Question {
        prompt_id: asked.prompt_id.clone(),
        order: asked.order,
        prompt: asked.prompt.clone(),
    };
    let questions: Vec<Question> = asked.iter().map(question).collect();
    let logps = &mut |sequences: &[&[u32]], starts: &[usize]| {
        run.with_engine_of(weights, |engine| Ok(engine.model().response_logps(sequences, starts)))
    };
    let model = (&checkpoint.tokenizer, checkpoint.config.context());
    let found = evaluate::verdicts::likelier(&questions, model, logps, &mut |p| {
        run.console.progress(p, "")
    })?;
    asked.iter_mut().zip(found).for_each(|(asked, verdict)| asked.verdict = verdict);
    Ok(())
}
