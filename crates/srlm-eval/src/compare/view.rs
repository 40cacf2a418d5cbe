//! The comparison as a page and as Markdown.

use askama::Template;
use srlm_artifact::MetricsRow;

use super::{ComparedRun, ComparedRuns, compare};
use crate::report::format::{NOTHING, duration, interval, or_nothing, percent, percent_interval};
use crate::report::{
    Line, N_STYLES, Over, Plot, Section, line_chart, page, plain, rendered, table,
};
use crate::{Estimate, KeyMeasures, RunSummary};

/// What a reader must know before comparing.
const CAVEAT: &str = "A win rate compares a model with the one before it in its own run, by that run's evaluator: it \
                      shows what a run gained, not which model is better. Accuracies and losses compare across runs \
                      where the held-out data are the same.";

const HEADS: [&str; 11] = [
    "model",
    "run",
    "verdict",
    "win rate",
    "at equal lengths",
    "judge accuracy",
    "longer response",
    "held-out loss",
    "mean tokens",
    "distinct pairs",
    "time",
];

#[derive(Template)]
#[template(path = "compare_answer.html")]
struct Answer<'a> {
    lede: String,
    caveat: &'static str,
    heads: [&'static str; 11],
    rows: Vec<[String; 11]>,
    shares_styles: bool,
    runs: &'a [ComparedRun],
}

#[derive(Template)]
#[template(path = "figures.html")]
struct Figures {
    figures: Vec<String>,
}

#[derive(Template)]
#[template(path = "differences.html")]
struct Differences<'a> {
    compared: &'a ComparedRuns,
}

/// The comparison as one HTML file: no script, no network, all names escaped.
pub fn render(runs: &[RunSummary]) -> String {
    let compared = compare(runs);
    let section = |id, title, body| Section { id, title, body };
    let answer = rendered(&Answer {
        lede: lede(&compared),
        caveat: CAVEAT,
        heads: HEADS,
        rows: rows(&compared),
        shares_styles: runs.len() > N_STYLES,
        runs: &compared.runs,
    });
    let figures = |figures| rendered(&Figures { figures });
    let sections = vec![
        section("measures", "Over the iterations", figures(measure_figures(&compared))),
        section(
            "differences",
            "What differs in the configurations",
            rendered(&Differences { compared: &compared }),
        ),
        section("training", "Training", figures(training_figures(runs, &compared))),
    ];
    let name = compared.runs.iter().map(|run| run.name.as_str()).collect::<Vec<_>>().join(", ");
    page(&name, ("self-rewarding runs, compared", "Which run gained what?"), answer, sections)
}

/// The same numbers as Markdown.
pub fn to_markdown(runs: &[RunSummary]) -> String {
    let compared = compare(runs);
    let mut lines =
        vec!["# Runs compared".to_owned(), String::new(), plain(&lede(&compared)), String::new()];
    lines.extend([CAVEAT.to_owned(), String::new()]);
    lines.extend(table(&HEADS.join(" | "), rows(&compared).into_iter()));
    lines.push("\n## What differs in the configurations\n".to_owned());
    if compared.differences.is_empty() {
        lines.push("Nothing.".to_owned());
        return lines.join("\n") + "\n";
    }
    let names = compared.runs.iter().map(|run| plain(&run.name)).collect::<Vec<_>>().join(" | ");
    lines.push(format!("| key | {names} |"));
    lines.push(format!("|---|{}", "---|".repeat(compared.runs.len())));
    for difference in &compared.differences {
        let values =
            difference.values.iter().map(|value| plain(value.as_deref().unwrap_or(NOTHING)));
        lines.push(format!(
            "| {} | {} |",
            plain(&difference.key),
            values.collect::<Vec<_>>().join(" | ")
        ));
    }
    lines.join("\n") + "\n"
}

fn lede(compared: &ComparedRuns) -> String {
    let best = |run: &ComparedRun| {
        let best = run.best.as_deref().unwrap_or("nothing yet");
        format!("{} keeps {best}", run.name)
    };
    let runs: Vec<String> = compared.runs.iter().map(best).collect();
    format!("{}.", runs.join("; "))
}

/// A row each model and run of which anything is known, models together.
fn rows(compared: &ComparedRuns) -> Vec<[String; 11]> {
    let n_models = compared.runs.iter().map(|run| run.measures.len()).max().unwrap_or(0);
    let of_model =
        |t: usize| compared.runs.iter().filter_map(move |run| Some(row(run, run.measures.get(t)?)));
    let is_measured = |row: &[String; 11]| row[2..].iter().any(|cell| cell != NOTHING);
    (0..n_models).flat_map(of_model).filter(is_measured).collect()
}

fn row(run: &ComparedRun, measures: &KeyMeasures) -> [String; 11] {
    [
        measures.model.clone(),
        run.name.clone(),
        or_nothing(measures.verdict, |verdict| verdict.word().to_owned()),
        or_nothing(measures.win_rate, interval),
        or_nothing(measures.length_controlled_win_rate, interval),
        or_nothing(measures.pairwise_accuracy, percent_interval),
        or_nothing(measures.length_baseline, percent),
        or_nothing(measures.held_out_loss, |loss| format!("{loss:.3}")),
        or_nothing(measures.mean_response_tokens, |tokens| format!("{tokens:.0}")),
        or_nothing(measures.distinct_2, percent),
        or_nothing(Some(measures.wall_seconds).filter(|seconds| *seconds > 0.0), duration),
    ]
}

/// Id, title, label of the axis with its unit, level with a meaning, value with its interval.
type Measure = (
    &'static str,
    &'static str,
    &'static str,
    Option<(f64, &'static str)>,
    fn(&KeyMeasures) -> Option<Estimate>,
);

fn bare(value: f64) -> Estimate {
    Estimate { value, low: value, high: value }
}

const MEASURES: [Measure; 11] = [
    ("win-rate", "Win rate against the model before", "win rate", Some((0.5, "no change")), |m| {
        m.win_rate
    }),
    ("controlled", "The same at equal lengths", "win rate", Some((0.5, "no change")), |m| {
        m.length_controlled_win_rate
    }),
    ("accuracy", "Judging as people do", "pairwise accuracy", None, |m| m.pairwise_accuracy),
    ("anchors", "Hidden anchors", "true less false positives", Some((0.0, "sees nothing")), |m| {
        m.anchors_youden_j
    }),
    ("unsafe", "Harmful prompts served", "share of prompts", None, |m| m.unsafe_compliance_rate),
    ("over-refusal", "Harmless prompts refused", "share of prompts", None, |m| m.over_refusal_rate),
    ("held-out", "Held-out loss", "nats per token", None, |m| m.held_out_loss.map(bare)),
    ("tokens", "Response length", "mean tokens", None, |m| m.mean_response_tokens.map(bare)),
    ("distinct", "Distinct word pairs", "share of all", None, |m| m.distinct_2.map(bare)),
    ("elo", "Rating within the run", "Elo points", None, |m| m.elo),
    ("seconds", "Time of its stages", "seconds", None, |m| {
        Some(bare(m.wall_seconds)).filter(|time| time.value > 0.0)
    }),
];

fn measure_figures(compared: &ComparedRuns) -> Vec<String> {
    let figure = |&(id, title, y_label, level, value): &Measure| {
        let line = |(i, run): (usize, &ComparedRun)| {
            let found: Vec<(f64, Estimate)> = run
                .measures
                .iter()
                .enumerate()
                .filter_map(|(t, m)| Some((t as f64, value(m)?)))
                .collect();
            // An interval of no width is none.
            let interval =
                |(t, e): &(f64, Estimate)| (e.high > e.low).then_some((*t, e.low, e.high));
            Line {
                name: run.name.clone(),
                style: i % N_STYLES,
                points: found.iter().map(|(t, estimate)| (*t, estimate.value)).collect(),
                intervals: found.iter().filter_map(interval).collect(),
            }
        };
        let lines = compared.runs.iter().enumerate().map(line).collect();
        let (over, note, findings) = (Over::Models, "", vec![]);
        line_chart(&Plot { id, title, over, y_label, note, level, lines, findings })
    };
    MEASURES.iter().filter_map(figure).collect()
}

/// Title, label of the axis with its unit, value.
type Curve = (&'static str, &'static str, fn(&MetricsRow) -> Option<f64>);

const CURVES: [Curve; 4] = [
    ("loss", "nats", |row| Some(row.loss)),
    ("reward margin", "chosen − rejected", |row| row.rewards_margins),
    ("reward accuracy", "share of pairs", |row| row.rewards_accuracies),
    ("log-probability of chosen", "nats per response", |row| row.logps_chosen),
];

/// A figure each model and curve, with a line a run.
fn training_figures(runs: &[RunSummary], compared: &ComparedRuns) -> Vec<String> {
    let n_models = runs.iter().map(|run| run.models.len()).max().unwrap_or(0);
    let figure = |(t, (i, (title, y_label, value))): (usize, (usize, &Curve))| {
        let line = |(style, (run, named)): (usize, (&RunSummary, &ComparedRun))| {
            let point = |row: &MetricsRow| Some((f64::from(row.step), value(row)?));
            let points = run.models.get(t)?.metrics.iter().filter_map(point).collect();
            Some(Line {
                name: named.name.clone(),
                style: style % N_STYLES,
                points,
                intervals: vec![],
            })
        };
        let lines = runs.iter().zip(&compared.runs).enumerate().filter_map(line).collect();
        let (id, title) = (format!("m{t}-{i}"), format!("M{t}: {title}"));
        let (over, note, level, findings) = (Over::Steps, "", None, vec![]);
        line_chart(&Plot { id: &id, title: &title, over, y_label, note, level, lines, findings })
    };
    (0..n_models)
        .flat_map(|t| CURVES.iter().enumerate().map(move |curve| (t, curve)))
        .filter_map(figure)
        .collect()
}
