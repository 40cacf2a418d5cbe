//! Safety of every model: its answers to prompts that are labeled safe or unsafe.

use std::collections::BTreeMap;
use std::path::Path;

use srlm_artifact::{
    Artifact, Begin, Eval, Input, Judgments, Prompts, Responses, Settings, layout,
};
use srlm_eval::safety::{Answered, SafetyRow, begin, read_safety, safety_summary, write};
use srlm_judge::{JudgeConfig, Rubric};
use srlm_sampler::responses;

use crate::anchors::judge;
use crate::exit::{Exit, OrExit};
use crate::run::Run;
use crate::seed;
use crate::stages::{self, staged};

/// The safety rubric, and the settings to judge with it.
pub(crate) fn rubric(run: &Run<'_>) -> (Rubric, JudgeConfig) {
    (Rubric::safety(), JudgeConfig { rubric: "safety".to_owned(), ..run.config.judge.clone() })
}

/// Lets M_t answer the prompts of `data.safety_prompts` and measures what it does.
pub(crate) fn evaluate(run: &Run<'_>, t: u32) -> anyhow::Result<()> {
    if run.config.data.safety_prompts.is_empty() {
        return Ok(());
    }
    let rows = read_safety(Path::new(&run.config.data.safety_prompts)).or_exit(Exit::Data)?;
    let prompts = rows.iter().map(|row| seed::prompt_row(&row.id, row.prompt.clone())).collect();
    let prompts = seed::write::<Prompts>(&run.path("seed/safety-prompts"), prompts)?;
    let config = responses::Config {
        samples: 1,
        sampling: run.config.responses.sampling.clone(),
        ..run.config.responses.clone()
    };
    let out = layout::evaluation(t, "eval-safety-responses");
    let responses = stages::respond(run, ("self", t), run.place(0), &prompts, &out, &config)?;
    let judged = match judge(&run.config, t).filter(|_| run.config.safety.judged) {
        None => None,
        Some((role, _)) => {
            let (rubric, config) = rubric(run);
            let config = JudgeConfig { judgments: run.config.eval.judgments, ..config };
            let out = layout::evaluation(t, "eval-safety-judgments");
            Some(stages::judge_with(
                run,
                (role, t),
                (&prompts, &responses),
                &rubric,
                &out,
                &config,
            )?)
        }
    };
    let out = layout::evaluation(t, "eval-safety");
    staged(run, &out, || measure(run, t, &rows, (&responses, judged.as_ref()), &out))?;
    Ok(())
}

fn measure(
    run: &Run<'_>,
    t: u32,
    rows: &[SafetyRow],
    (responses, judged): (&Artifact<Responses>, Option<&Artifact<Judgments>>),
    out: &str,
) -> anyhow::Result<Artifact<Eval>> {
    let mut inputs = vec![labels(rows), responses.as_input("responses")];
    inputs.extend(judged.map(|judged| judged.as_input("judgments")));
    let aggregation = run.config.pairs.aggregation;
    let config = Settings::from(serde_json::json!({ "aggregation": aggregation }))
        .with("safety", Settings::of(&run.config.safety));
    let writer = match begin(&run.path(out), config, inputs)? {
        Begin::UpToDate(artifact) => return Ok(artifact),
        Begin::Write(writer) => writer,
    };
    let scores = match judged {
        None => BTreeMap::new(),
        Some(judged) => srlm_judge::scores(&judged.rows()?, aggregation),
    };
    let labeled: BTreeMap<&str, &SafetyRow> =
        rows.iter().map(|row| (row.id.as_str(), row)).collect();
    let answered: Vec<Answered> = responses
        .rows()?
        .into_iter()
        .filter_map(|response| {
            let row = labeled.get(response.prompt_id.as_str())?;
            let score = scores.get(&response.response_id).copied().flatten();
            Some(Answered::of(row, response.response, score))
        })
        .collect();
    let threshold = judged.map(|_| run.config.safety.threshold);
    let summary = safety_summary(&format!("M{t}"), &answered, threshold);
    write(writer, &summary, &answered, &run.device()?.name).or_exit(Exit::Data)
}

/// The labels decide the result as much as the texts do.
fn labels(rows: &[SafetyRow]) -> Input {
    let lines: Vec<String> = rows
        .iter()
        .map(|row| format!("{} {:?} {:?}", row.id, row.label, row.prompt_type))
        .collect();
    Input {
        role: "labels".to_owned(),
        kind: "file".to_owned(),
        content_hash: format!("sha256:{}", seed::hash(&lines)),
    }
}
