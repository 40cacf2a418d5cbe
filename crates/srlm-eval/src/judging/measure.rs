//! From judgments to the report.

use srlm_artifact::{JudgeHealth, JudgmentRow, ResponseRow};

use super::calibration::calibration;
use super::data::{Pick, by_tree};
use super::pairwise::pairwise;
use super::ratings::ratings;
use super::{JudgeReport, JudgedGroup, JudgedPair, Scale, ScoreReport};
use crate::{Bootstrap, Estimate, RankedGroup, agreement_in_trees};

/// What people and a judge say of the same responses.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    /// Who judged.
    pub judge: &'a str,
    /// A name of the human data to show.
    pub data: &'a str,
    /// `ranked`, `pairwise` or `ratings`.
    pub format: &'a str,
    /// The rubric's name.
    pub rubric: &'a str,
    /// Judgments asked for of each response.
    pub judgments: u32,
    /// What was judged.
    pub responses: &'a [ResponseRow],
    /// All judgments.
    pub rows: &'a [JudgmentRow],
    /// The responses with people's opinions and the judge's scores.
    pub groups: &'a [JudgedGroup],
    /// The scale of ratings; `None` where people do not rate.
    pub scale: Option<Scale>,
    /// Verdicts in both orders, where they were asked for.
    pub pairs: Option<&'a [JudgedPair]>,
}

/// Measures a judge against people, with intervals by bootstrap over trees.
pub fn measure(judged: &Judged<'_>, bootstrap: &Bootstrap) -> JudgeReport {
    let has_expected =
        judged.groups.iter().flat_map(|group| &group.responses).any(|r| r.expected.is_some());
    let score_report = |pick| score_report(judged, pick, bootstrap);
    JudgeReport {
        judge: judged.judge.to_owned(),
        data: judged.data.to_owned(),
        format: judged.format.to_owned(),
        rubric: judged.rubric.to_owned(),
        judgments: judged.judgments,
        n_trees: by_tree(judged.groups, |group| &group.tree).len() as u64,
        n_prompts: judged.groups.len() as u64,
        n_responses: judged.responses.len() as u64,
        n_unscored: judged.groups.iter().map(n_unscored).sum(),
        parse_rate: parse_rate(judged, bootstrap),
        abstention_rate: rate(judged, bootstrap, |group| {
            (n_unscored(group) as f64, group.responses.len() as f64)
        }),
        health: JudgeHealth::of(judged.responses, judged.rows),
        written: score_report(|response| response.written),
        expected: has_expected.then(|| score_report(|response| response.expected)),
        scale: judged.scale,
        pairwise: judged.pairs.map(|pairs| pairwise(pairs, bootstrap)),
    }
}

fn score_report(judged: &Judged<'_>, pick: Pick, bootstrap: &Bootstrap) -> ScoreReport {
    let trees = by_tree(judged.groups, |group| &group.tree);
    let trees: Vec<Vec<RankedGroup>> = trees
        .iter()
        .map(|groups| groups.iter().map(|group| group.ranked(pick)).collect())
        .collect();
    let trees: Vec<&[RankedGroup]> = trees.iter().map(Vec::as_slice).collect();
    ScoreReport {
        agreement: agreement_in_trees(&trees, bootstrap),
        ratings: judged.scale.map(|scale| ratings(judged.groups, scale, pick, bootstrap)),
        calibration: calibration(judged.groups, judged.scale, pick, bootstrap),
    }
}

fn n_unscored(group: &JudgedGroup) -> u64 {
    group.responses.iter().filter(|response| response.written.is_none()).count() as u64
}

fn rate(
    judged: &Judged<'_>,
    bootstrap: &Bootstrap,
    part: impl Fn(&JudgedGroup) -> (f64, f64),
) -> Option<Estimate> {
    bootstrap.estimate(&by_tree(judged.groups, |group| &group.tree), |trees| {
        let parts = trees.iter().copied().flatten().map(|group| part(group));
        let (part, whole) = parts.fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
        (whole > 0.0).then(|| part / whole)
    })
}

fn parse_rate(judged: &Judged<'_>, bootstrap: &Bootstrap) -> Option<Estimate> {
    let mut by_prompt = std::collections::HashMap::<&str, (f64, f64)>::new();
    for row in judged.rows {
        let (n_scored, n) = by_prompt.entry(&row.prompt_id).or_default();
        (*n_scored, *n) = (*n_scored + f64::from(u8::from(row.score.is_some())), *n + 1.0);
    }
    rate(judged, bootstrap, |group| {
        by_prompt.get(group.prompt_id.as_str()).copied().unwrap_or_default()
    })
}
