//! A judge against people: what is asked, and how the answers become a report.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use srlm_artifact::{
    Aggregation, Artifact, Begin, FinishReason, Input, Prompts, ResponseRow, Responses, Settings,
    Shard, hex, row_seed, to_line,
};
use srlm_eval::judging::{
    self, JudgeReport, Judged, JudgedGroup, JudgedPair, JudgedResponse, Scale,
};
use srlm_eval::{Bootstrap, Preference};
use srlm_import::{HumanData, HumanGroup};
use srlm_judge::{JudgeConfig, Rubric};

use crate::exit::{Exit, OrExit};
use crate::iterate;
use crate::run::Run;
use crate::seed;
use crate::stages;
use crate::verdicts;

/// What a judge is measured on.
pub(crate) struct Question<'a> {
    pub(crate) data: &'a HumanData,
    /// To show.
    pub(crate) name: &'a str,
    /// Of ratings.
    pub(crate) scale: Option<Scale>,
    /// Whether expected scores are asked for.
    pub(crate) with_expected: bool,
    /// Whether pairs are compared in both orders as well.
    pub(crate) with_verdicts: bool,
}

/// Seeds are those of a first round.
pub(crate) const ROUND: u32 = 1;

/// Keeps one part of the trees; the seed draws which trees are in it, whatever the order of the
/// file.
pub(crate) fn part(data: &mut HumanData, shard: Shard, seed: u64) {
    let names: BTreeSet<&str> = data.groups.iter().map(|group| group.tree.as_str()).collect();
    let mut drawn: Vec<&str> = names.into_iter().collect();
    drawn.sort_by_key(|tree| (row_seed(seed, "part", 0, tree, 0), *tree));
    let kept: BTreeSet<String> = shard.groups(drawn.len()).map(|i| drawn[i].to_owned()).collect();
    data.groups.retain(|group| kept.contains(&group.tree));
}

/// Judges, or finds the judgments, and measures. `role` is who judges, `name` what the report calls
/// it.
pub(crate) fn judge(
    run: &Run<'_>,
    role: &str,
    name: &str,
    question: &Question<'_>,
) -> anyhow::Result<JudgeReport> {
    let rubric = iterate::rubric(&run.config)?;
    let groups = &question.data.groups;
    let prompts: Vec<_> = groups
        .iter()
        .map(|group| seed::prompt_row(&group.prompt_id, group.prompt.clone()))
        .collect();
    let prompts = seed::write::<Prompts>(&run.path("prompts"), prompts)?;
    let responses = groups.iter().flat_map(responses).collect();
    let responses = seed::write::<Responses>(&run.path("responses"), responses)?;
    let config = JudgeConfig { expected_score: question.with_expected, ..run.config.judge.clone() };
    let judged = stages::judge_with(
        run,
        (role, ROUND),
        (&prompts, &responses),
        &rubric,
        "judgments",
        &config,
    )?;
    let out = "measures";
    let identity = run.engine_of(role, ROUND, out)?.identity();
    let inputs = vec![
        responses.as_input("responses"),
        judged.as_input("judgments"),
        Input::model("judge", identity),
    ];
    let writer = match srlm_eval::begin(
        &run.path(out),
        settings(run, question)?,
        run.config.run.seed,
        inputs,
    )? {
        Begin::UpToDate(artifact) => return Ok(judging::read(&artifact)?),
        Begin::Write(writer) => writer,
    };
    let pairs = match question.with_verdicts {
        true => Some(verdicts::judged_pairs(run, role, groups, &writer, out)?),
        false => None,
    };
    let report = report(run, name, question, (&rubric, &responses, &judged), pairs.as_deref())?;
    srlm_eval::judging::write(writer, &report, &run.device()?.name).or_exit(Exit::Data)?;
    Ok(report)
}

/// What decides the measures beside the judgments: people's opinions among it.
fn settings(run: &Run<'_>, question: &Question<'_>) -> anyhow::Result<Settings> {
    let mut people = Sha256::new();
    for group in &question.data.groups {
        let worths: Vec<f64> = group.responses.iter().map(|response| response.worth).collect();
        people.update(to_line(&(&group.prompt_id, &group.tree, worths))?);
        people.update(b"\n");
    }
    let people = hex(&people.finalize());
    let settings = serde_json::json!({
        "people": people,
        "data": question.name,
        "scale": question.scale,
        "aggregation": aggregation(run),
        "bootstrap_samples": run.config.eval.bootstrap_samples,
        "verdicts": question.with_verdicts.then_some((run.config.eval.verdict, run.config.eval.verdict_max_tokens)),
    });
    Ok(settings.into())
}

/// How written scores become one: as the run's pairs are made; expected scores are measured beside
/// it.
fn aggregation(run: &Run<'_>) -> Aggregation {
    match run.config.pairs.aggregation {
        Aggregation::Expected => Aggregation::Mean,
        written => written,
    }
}

fn report(
    run: &Run<'_>,
    name: &str,
    question: &Question<'_>,
    (rubric, responses, judged): (
        &Rubric,
        &Artifact<Responses>,
        &Artifact<srlm_artifact::Judgments>,
    ),
    pairs: Option<&[JudgedPair]>,
) -> anyhow::Result<JudgeReport> {
    let rows = judged.rows()?;
    let written = srlm_judge::scores(&rows, aggregation(run));
    let expected = srlm_judge::mean_expected_scores(&rows);
    let groups: Vec<JudgedGroup> =
        question.data.groups.iter().map(|group| judged_group(group, &written, &expected)).collect();
    let bootstrap = Bootstrap {
        n_resamples: run.config.eval.bootstrap_samples,
        seed: row_seed(run.config.run.seed, "bootstrap", 0, "people", 0),
        ..Bootstrap::default()
    };
    let judged = Judged {
        judge: name,
        data: question.name,
        format: question.data.format.name(),
        rubric: rubric.name(),
        judgments: run.config.judge.judgments,
        responses: &responses.rows()?,
        rows: &rows,
        groups: &groups,
        scale: question.scale,
        pairs,
    };
    Ok(judging::measure(&judged, &bootstrap))
}

fn response_id(group: &HumanGroup, i: usize) -> String {
    format!("{}/{i}", group.prompt_id)
}

fn responses(group: &HumanGroup) -> impl Iterator<Item = ResponseRow> {
    group.responses.iter().enumerate().map(|(i, response)| ResponseRow {
        response_id: response_id(group, i),
        prompt_id: group.prompt_id.clone(),
        sample_index: i as u32,
        response: response.text.clone(),
        finish_reason: FinishReason::Stop,
        n_tokens: 0,
        seed: 0,
    })
}

type Scores = BTreeMap<String, Option<f64>>;

fn judged_group(group: &HumanGroup, written: &Scores, expected: &Scores) -> JudgedGroup {
    let judged = |(i, response): (usize, &srlm_import::HumanResponse)| {
        let id = response_id(group, i);
        let of = |scores: &Scores| scores.get(&id).copied().flatten();
        JudgedResponse {
            worth: response.worth,
            written: of(written),
            expected: of(expected),
            n_characters: response.text.chars().count() as u64,
        }
    };
    let responses = group.responses.iter().enumerate().map(judged).collect();
    JudgedGroup { prompt_id: group.prompt_id.clone(), tree: group.tree.clone(), responses }
}

/// People's verdict on a pair.
pub(crate) fn preference(group: &HumanGroup) -> Preference {
    match group.responses[0].worth.total_cmp(&group.responses[1].worth) {
        std::cmp::Ordering::Greater => Preference::A,
        std::cmp::Ordering::Less => Preference::B,
        std::cmp::Ordering::Equal => Preference::Tie,
    }
}
