//! How the judge did, an iteration beside the other.

use askama::Template;
use srlm_artifact::JudgeHealth;

use super::format::{NOTHING, count, or_nothing, percent, percent_interval};
use super::histogram::{histogram, of_scores};
use super::line_chart::{Line, N_STYLES, Over, Plot, line_chart};
use super::{IterationSummary, KeyMeasures, RunSummary};
use crate::{Agreement, Estimate, Evaluation, Measures};

#[derive(Template)]
#[template(path = "judge.html")]
struct JudgeSection {
    panels: Vec<Panel>,
    measures: Vec<MeasureRow>,
    models: Vec<String>,
    figures: Vec<String>,
}

/// One iteration.
struct Panel {
    title: String,
    histogram: String,
    facts: Vec<(&'static str, String)>,
    failures: Vec<(String, String)>,
}

/// One measure: for each model what the judge and what the length baseline reach.
#[derive(Clone)]
struct MeasureRow {
    name: &'static str,
    cells: Vec<(String, String)>,
}

pub(crate) fn judge_section(run: &RunSummary) -> String {
    let judged: Vec<(&str, &Agreement)> = run
        .models
        .iter()
        .filter_map(|model| {
            Some((model.label.as_str(), model.evaluation.as_ref()?.agreement.as_ref()?))
        })
        .collect();
    super::rendered(&JudgeSection {
        panels: run.iterations.iter().filter_map(panel).collect(),
        measures: if judged.is_empty() {
            Vec::new()
        } else {
            measured([measure_rows(&judged), rate_rows(run)].concat())
        },
        models: judged.iter().map(|(label, _)| (*label).to_owned()).collect(),
        figures: [accuracy_figure(run), calibration_figure(run)].into_iter().flatten().collect(),
    })
}

/// Accuracy over the iterations beside both baselines.
fn accuracy_figure(run: &RunSummary) -> Option<String> {
    let measures: Vec<(f64, KeyMeasures)> = run
        .key_measures()
        .into_iter()
        .enumerate()
        .map(|(t, measures)| (t as f64, measures))
        .collect();
    let line = |name: &str, style, value: fn(&KeyMeasures) -> Option<f64>| Line {
        name: name.to_owned(),
        style,
        points: measures.iter().filter_map(|(t, measures)| Some((*t, value(measures)?))).collect(),
        intervals: vec![],
    };
    let interval = |(t, measures): &(f64, KeyMeasures)| {
        measures.pairwise_accuracy.map(|accuracy| (*t, accuracy.low, accuracy.high))
    };
    let judge = Line {
        intervals: measures.iter().filter_map(interval).collect(),
        ..line("judge", 0, |measures| Some(measures.pairwise_accuracy?.value))
    };
    let length = line("longer response", 4, |measures| measures.length_baseline);
    let random = line("chance, as many ties", 3, |measures| measures.random_baseline);
    line_chart(&Plot {
        id: "accuracy",
        title: "Judging over the iterations",
        over: Over::Models,
        y_label: "pairwise accuracy",
        note: "share of pairs ordered as people do",
        level: None,
        lines: vec![judge, length, random],
        findings: vec![],
    })
}

/// How often people agree, by how sure the scores are.
fn calibration_figure(run: &RunSummary) -> Option<String> {
    let line = |(i, model): (usize, &super::ModelSummary)| {
        let calibration = model.evaluation.as_ref()?.calibration.as_ref()?;
        let points = calibration
            .bins
            .iter()
            .map(|bin| (100.0 * bin.confidence, 100.0 * bin.accuracy))
            .collect();
        Some(Line { name: model.label.clone(), style: i % N_STYLES, points, intervals: vec![] })
    };
    let lines: Vec<Line> = run.models.iter().enumerate().filter_map(line).collect();
    let diagonal = Line {
        name: "calibrated".to_owned(),
        style: 5,
        points: vec![(50.0, 50.0), (100.0, 100.0)],
        ..Line::default()
    };
    (!lines.is_empty()).then(|| {
        line_chart(&Plot {
            id: "calibration",
            title: "Calibration of expected scores",
            over: Over::Number("confidence in %, from the gap of two scores"),
            y_label: "people agree, in %",
            note: "on the line, scores mean what they say",
            level: None,
            lines: lines.into_iter().chain([diagonal]).collect(),
            findings: vec![],
        })
    })?
}

fn panel(iteration: &IterationSummary) -> Option<Panel> {
    let health = iteration.judge.as_ref()?;
    let title =
        format!("Iteration {}, judged by {}", iteration.iteration, iteration.judged_by.as_deref()?);
    let failures = health.failures.iter().filter(|(_, n)| **n > 0);
    let failures = failures.map(|(failure, n)| (failure_words(failure).to_owned(), count(*n)));
    Some(Panel {
        histogram: histogram(
            &format!("scores-{}", iteration.iteration),
            &title,
            "judgments",
            &of_scores(&health.histogram),
        ),
        facts: facts(health),
        failures: failures.collect(),
        title,
    })
}

fn facts(health: &JudgeHealth) -> Vec<(&'static str, String)> {
    let of = |part: u64, whole: u64| format!(" ({} of {})", count(part), count(whole));
    vec![
        (
            "judgments with a score",
            or_nothing(health.parse_rate, percent) + &of(health.scored(), health.judgments),
        ),
        ("mean score", or_nothing(health.mean_score, |mean| format!("{mean:.2}"))),
        (
            "prompts all tied",
            or_nothing(health.tie_rate, percent)
                + &of(health.tied_prompts, health.comparable_prompts),
        ),
        (
            "score against length, Spearman",
            or_nothing(health.length_correlation.spearman, |rho| format!("{rho:.2}")),
        ),
    ]
}

fn failure_words(failure: &str) -> &str {
    match failure {
        "no_score" => "no score line",
        "out_of_range" => "score outside 0 to 5",
        "truncated" => "cut off before a score",
        failure => failure,
    }
}

/// A measure's name, where to find it, and how to write it.
type Measure = (&'static str, fn(&Measures) -> Option<Estimate>, fn(Estimate) -> String);

fn measure_rows(judged: &[(&str, &Agreement)]) -> Vec<MeasureRow> {
    let correlation: fn(Estimate) -> String = super::format::interval;
    let measures: [Measure; 7] = [
        ("pairwise accuracy, ties wrong", |measures| measures.pairwise_accuracy, percent_interval),
        (
            "pairwise accuracy, ties left out",
            |measures| measures.untied_pairwise_accuracy,
            percent_interval,
        ),
        ("tied pairs", |measures| measures.tie_rate, percent_interval),
        ("whole order exact", |measures| measures.exact_match, percent_interval),
        ("perfect 5 and people's best", |measures| measures.five_best, percent_interval),
        ("mean Spearman", |measures| measures.spearman, correlation),
        ("mean Kendall tau-b", |measures| measures.kendall_tau_b, correlation),
    ];
    let row = |(name, value, text): Measure| MeasureRow {
        name,
        cells: judged
            .iter()
            .map(|(_, agreement)| {
                (
                    or_nothing(value(&agreement.judge), text),
                    or_nothing(value(&agreement.length_baseline), text),
                )
            })
            .collect(),
    };
    let numbers = |name, number: fn(&Agreement) -> u64| MeasureRow {
        name,
        cells: judged
            .iter()
            .map(|(_, agreement)| (count(number(agreement)), String::new()))
            .collect(),
    };
    let mut rows: Vec<MeasureRow> = measures.into_iter().map(row).collect();
    let ahead = |(_, agreement): &(&str, &Agreement)| {
        (or_nothing(agreement.pairwise_advantage, percent_interval), String::new())
    };
    rows.insert(
        1,
        MeasureRow {
            name: "accuracy above the longer response's",
            cells: judged.iter().map(ahead).collect(),
        },
    );
    let chance = |(_, agreement): &(&str, &Agreement)| {
        (or_nothing(agreement.chance_accuracy(), percent), String::new())
    };
    rows.insert(
        2,
        MeasureRow {
            name: "accuracy of chance, with as many ties",
            cells: judged.iter().map(chance).collect(),
        },
    );
    rows.push(numbers("prompts (groups)", |agreement| agreement.n_groups));
    rows.push(numbers("human-ordered pairs", |agreement| agreement.n_pairs));
    rows.push(numbers("responses without a score", |agreement| agreement.n_unscored));
    rows
}

/// Without what no model was measured in.
fn measured(mut rows: Vec<MeasureRow>) -> Vec<MeasureRow> {
    rows.retain(|row| row.cells.iter().any(|(judge, _)| judge != NOTHING));
    rows
}

/// What the evaluation says of the judge beside its agreement with people, for the same models.
fn rate_rows(run: &RunSummary) -> Vec<MeasureRow> {
    type Text = fn(&Evaluation) -> Option<String>;
    let texts: [(&'static str, Text); 7] = [
        ("change of accuracy from the model before", |e| e.accuracy_change.map(percent_interval)),
        ("judgments with a score", |e| e.judge_rates.as_ref()?.parse_rate.map(percent)),
        ("pairs it cannot order, a score is missing", |e| {
            e.judge_rates.as_ref()?.abstention_rate.map(percent)
        }),
        ("share of its most frequent score", |e| {
            e.judge_rates.as_ref()?.one_score_share.map(percent)
        }),
        ("expected calibration error", |e| {
            Some(super::format::interval(e.calibration.as_ref()?.expected_calibration_error))
        }),
        ("score against length, Spearman", |e| {
            Some(format!("{:.2}", e.length_bias.as_ref()?.correlation?))
        }),
        ("the same, human rank held fixed", |e| {
            Some(format!("{:.2}", e.length_bias.as_ref()?.partial_correlation?))
        }),
    ];
    let judged = || {
        run.models
            .iter()
            .filter_map(|model| model.evaluation.as_ref())
            .filter(|e| e.agreement.is_some())
    };
    let row = |(name, text): (&'static str, Text)| MeasureRow {
        name,
        cells: judged()
            .map(|evaluation| (or_nothing(text(evaluation), |text| text), String::new()))
            .collect(),
    };
    texts.into_iter().map(row).collect()
}
