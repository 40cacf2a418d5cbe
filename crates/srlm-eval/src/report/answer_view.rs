//! The table of models, drawn.

use askama::Template;

use super::RunSummary;
use super::format::{NOTHING, count, interval, or_nothing, percent, percent_interval};
use super::summary::{Facts, ModelSummary};
use crate::{Agreement, HeadToHead, Lengths};

/// Width of the small drawings in the table.
const WIDTH: f64 = 140.0;

#[derive(Template)]
#[template(path = "answer.html")]
struct Answer<'a> {
    outcome: String,
    caveats: Vec<String>,
    rows: Vec<Row<'a>>,
}

struct Row<'a> {
    label: &'a str,
    standing: &'static str,
    /// Class of the mark beside the standing.
    mark: &'static str,
    held_out: String,
    held_out_tokens: String,
    judge: Option<JudgeCell>,
    head_to_head: Option<HeadToHeadCell>,
    length_tokens: String,
    length_characters: String,
}

/// Judge and baseline on an axis from 0 to 100 %.
struct JudgeCell {
    judge: String,
    baseline: String,
    low: f64,
    at: f64,
    high: f64,
    baseline_at: f64,
}

/// Wins, ties and losses as parts of one bar.
struct HeadToHeadCell {
    wins: u64,
    ties: u64,
    losses: u64,
    n: u64,
    n_missing: u64,
    rate: String,
    wins_width: f64,
    ties_width: f64,
    losses_width: f64,
}

pub(crate) fn answer(run: &RunSummary) -> String {
    let mut sentences = run.sentences().into_iter();
    let outcome = sentences.next().unwrap_or_default();
    super::rendered(&Answer { outcome, caveats: sentences.collect(), rows: run.models.iter().map(row).collect() })
}

fn row(model: &ModelSummary) -> Row<'_> {
    let evaluation = model.evaluation.as_ref();
    let held_out = evaluation.and_then(|evaluation| evaluation.held_out);
    let lengths = evaluation.and_then(|evaluation| evaluation.lengths.as_ref());
    let standing = model.standing();
    Row {
        label: &model.label,
        standing,
        mark: match standing {
            "improved" | "flat" | "worse" | "suspicious" | "inconclusive" => standing,
            _ => "none",
        },
        held_out: or_nothing(held_out, |held_out| format!("{:.3}", held_out.loss)),
        held_out_tokens: held_out.map(|held_out| format!("{} tokens", count(held_out.n_tokens))).unwrap_or_default(),
        judge: evaluation.and_then(|evaluation| judge_cell(evaluation.agreement.as_ref()?)),
        head_to_head: evaluation.and_then(|evaluation| head_to_head_cell(evaluation.head_to_head.as_ref()?)),
        length_tokens: or_nothing(lengths, |lengths: &Lengths| format!("{:.0} tokens", lengths.tokens.mean)),
        length_characters: lengths
            .map(|lengths| format!("{} characters", count(lengths.characters.mean.round() as u64)))
            .unwrap_or_default(),
    }
}

fn judge_cell(agreement: &Agreement) -> Option<JudgeCell> {
    let judge = agreement.judge.pairwise_accuracy?;
    let length = agreement.length_baseline.pairwise_accuracy?;
    Some(JudgeCell {
        judge: percent_interval(judge),
        baseline: percent(length.value),
        low: WIDTH * judge.low,
        at: WIDTH * judge.value,
        high: WIDTH * judge.high,
        baseline_at: WIDTH * length.value,
    })
}

fn head_to_head_cell(found: &HeadToHead) -> Option<HeadToHeadCell> {
    let rate = found.win_rate?;
    let width = |n: u64| WIDTH * n as f64 / found.n() as f64;
    Some(HeadToHeadCell {
        wins: found.wins,
        ties: found.ties,
        losses: found.losses,
        n: found.n(),
        n_missing: found.n_missing,
        rate: interval(rate),
        wins_width: width(found.wins),
        ties_width: width(found.ties),
        losses_width: width(found.losses),
    })
}

/// Rows of the funnel and of the provenance say the same of an incomplete folder.
pub(crate) fn rows_of(facts: Option<&Facts>) -> String {
    or_nothing(facts, |facts| count(facts.n_rows))
}
