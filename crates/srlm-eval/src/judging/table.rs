//! The report as tables that a terminal shows and Markdown reads.

use std::fmt;

use super::{JudgeReport, PairMeasures, RatingMeasures, ScoreReport};
use crate::report::{interval, or_nothing, percent, percent_interval};
use crate::{Estimate, Measures};

/// A row: its name and a cell for each column.
type Cells = Vec<String>;

impl fmt::Display for JudgeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            judge, data, format, rubric, judgments, n_responses, n_prompts, n_trees, ..
        } = self;
        writeln!(
            f,
            "{judge} against people: {data} ({format}), rubric {rubric}, judgments of a response: {judgments}."
        )?;
        writeln!(
            f,
            "{n_responses} responses, {n_prompts} prompts, {n_trees} trees; intervals by bootstrap over trees.\n"
        )?;
        writeln!(f, "- judgments with a score: {}", percents(self.parse_rate))?;
        writeln!(f, "- responses without any score: {}", percents(self.abstention_rate))?;
        writeln!(
            f,
            "- judgments of one response that agree: {}",
            or_nothing(self.health.self_agreement, percent)
        )?;
        let calibration = self.written.calibration.calibration_error;
        if calibration.is_some() {
            writeln!(f, "- calibration error, from 0 to 5: {}", number(calibration))?;
        }
        writeln!(f)?;
        agreement(f, self)?;
        ratings(f, self)?;
        verdicts(f, self)?;
        gaps(f, self)
    }
}

/// Column names: the judge, its expected scores where there are any, and the baselines.
fn columns(report: &JudgeReport) -> Cells {
    let mut columns = vec!["judge"];
    columns.extend(report.expected.as_ref().map(|_| "expected scores"));
    columns.extend(["longer", "random", "judge's scores shuffled"]);
    columns.into_iter().map(str::to_owned).collect()
}

fn agreement(f: &mut fmt::Formatter<'_>, report: &JudgeReport) -> fmt::Result {
    type Measure =
        (&'static str, fn(&Measures) -> Option<Estimate>, fn(Option<Estimate>) -> String);
    let measures: [Measure; 7] = [
        ("pairwise accuracy, ties wrong", |m| m.pairwise_accuracy, percents),
        ("pairwise accuracy, ties left out", |m| m.untied_pairwise_accuracy, percents),
        ("tied pairs", |m| m.tie_rate, percents),
        ("5-best", |m| m.five_best, percents),
        ("exact match", |m| m.exact_match, percents),
        ("Spearman", |m| m.spearman, number),
        ("Kendall tau-b", |m| m.kendall_tau_b, number),
    ];
    let found = &report.written.agreement;
    let mut of = vec![&found.judge];
    of.extend(report.expected.as_ref().map(|expected| &expected.agreement.judge));
    of.extend([&found.length_baseline, &found.random_baseline, &found.shuffled_baseline]);
    let name = format!("within prompts ({} human-ordered pairs)", found.n_pairs);
    let rows =
        measures.map(|(name, value, text)| (name, of.iter().map(|m| text(value(m))).collect()));
    table(f, &name, &columns(report), &rows)?;
    writeln!(f, "Accuracy above the longer response's: {}.\n", percents(found.pairwise_advantage))
}

fn ratings(f: &mut fmt::Formatter<'_>, report: &JudgeReport) -> fmt::Result {
    type Measure = (&'static str, fn(&RatingMeasures) -> Option<Estimate>);
    let measures: [Measure; 8] = [
        ("Pearson", |m| m.pearson),
        ("Spearman", |m| m.spearman),
        ("Kendall tau-b", |m| m.kendall_tau_b),
        ("Pearson within prompts", |m| m.pearson_within),
        ("Spearman within prompts", |m| m.spearman_within),
        ("Kendall tau-b within prompts", |m| m.kendall_tau_b_within),
        ("mean absolute error, from 0 to 5", |m| m.mean_absolute_error),
        ("kappa, quadratic weights", |m| m.quadratic_kappa),
    ];
    let Some(found) = &report.written.ratings else { return Ok(()) };
    let expected =
        report.expected.as_ref().and_then(|expected: &ScoreReport| expected.ratings.as_ref());
    let mut of = vec![&found.judge];
    of.extend(expected.map(|expected| &expected.judge));
    of.extend([&found.length_baseline, &found.random_baseline, &found.shuffled_baseline]);
    let name = format!("ratings ({} of {} scored)", found.n_scored, found.n_ratings);
    let rows = measures.map(|(name, value)| (name, of.iter().map(|m| number(value(m))).collect()));
    table(f, &name, &columns(report), &rows)
}

fn verdicts(f: &mut fmt::Formatter<'_>, report: &JudgeReport) -> fmt::Result {
    type Measure = (&'static str, fn(&PairMeasures) -> Option<Estimate>);
    let measures: [Measure; 4] = [
        ("accuracy, ties wrong", |m| m.accuracy),
        ("accuracy, ties left out", |m| m.untied_accuracy),
        ("agreement, people's ties too", |m| m.agreement),
        ("tied pairs", |m| m.tie_rate),
    ];
    let Some(found) = &report.pairwise else { return Ok(()) };
    let of = [&found.judge, &found.length_baseline, &found.random_baseline];
    let columns = ["judge", "longer", "random"].map(str::to_owned);
    let name = format!(
        "verdicts in both orders ({} of {} pairs)",
        found.n_pairs - found.n_missing,
        found.n_pairs
    );
    let rows =
        measures.map(|(name, value)| (name, of.iter().map(|m| percents(value(m))).collect()));
    table(f, &name, &columns, &rows)?;
    let facts = [
        ("accuracy above the longer response's", found.advantage),
        ("verdicts that can be read", found.parse_rate),
        ("pairs without a verdict in both orders", found.abstention_rate),
        ("pairs on which both orders say the same", found.consistency),
        ("verdicts for the response shown first, 50% is no bias", found.first_place_rate),
        (
            "pairs won by the first place less those won by the second, 0 is no bias",
            found.position_bias,
        ),
    ];
    facts.into_iter().try_for_each(|(name, value)| writeln!(f, "- {name}: {}", percents(value)))?;
    writeln!(f)
}

fn gaps(f: &mut fmt::Formatter<'_>, report: &JudgeReport) -> fmt::Result {
    let kind = if report.expected.is_some() { "expected scores" } else { "scores" };
    let calibration = &report.expected.as_ref().unwrap_or(&report.written).calibration;
    let bins: Vec<(String, Cells)> = calibration
        .by_gap
        .iter()
        .map(|bin| {
            (
                format!("{} to {}", bin.above, bin.at_most),
                vec![bin.n_pairs.to_string(), percents(bin.accuracy)],
            )
        })
        .collect();
    let rows: Vec<(&str, Cells)> =
        bins.iter().map(|(name, cells)| (name.as_str(), cells.clone())).collect();
    table(
        f,
        &format!("gap of the {kind}"),
        &["pairs", "in the human order"].map(str::to_owned),
        &rows,
    )
}

/// A table of Markdown, its columns padded for a terminal.
fn table(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    columns: &[String],
    rows: &[(&str, Cells)],
) -> fmt::Result {
    let width = |i: usize| {
        let cells = rows.iter().map(|(_, cells)| cells[i].chars().count());
        cells.chain([columns[i].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let first = rows
        .iter()
        .map(|(name, _)| name.chars().count())
        .chain([name.chars().count()])
        .max()
        .unwrap_or(0);
    let mut line = |name: &str, cells: &[String]| {
        write!(f, "| {name:first$} |")?;
        cells.iter().zip(&widths).try_for_each(|(cell, &width)| write!(f, " {cell:width$} |"))?;
        writeln!(f)
    };
    line(name, columns)?;
    line(&"-".repeat(first), &widths.iter().map(|&width| "-".repeat(width)).collect::<Vec<_>>())?;
    rows.iter().try_for_each(|(name, cells)| line(name, cells))?;
    writeln!(f)
}

fn percents(estimate: Option<Estimate>) -> String {
    or_nothing(estimate, percent_interval)
}

fn number(estimate: Option<Estimate>) -> String {
    or_nothing(estimate, interval)
}
