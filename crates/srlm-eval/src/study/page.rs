//! A study as one HTML file, in the form of a run's report.

use askama::Template;

use super::chart::{anchor, chart};
use super::measure::MEASURES;
use super::sentences::{settings, text};
use super::{Axis, Curve, Point, RunState, Study, StudyRun};
use crate::report::format::{NOTHING, count, duration, or_nothing, percent};
use crate::report::line_chart::N_STYLES;

#[derive(Template)]
#[template(path = "study.html")]
struct Page<'a> {
    name: &'a str,
    outcome: String,
    caveats: Vec<String>,
    axes: Vec<AxisView<'a>>,
    points: Vec<PointRow>,
    runs: Vec<RunRow<'a>>,
}

/// The curves over one setting.
struct AxisView<'a> {
    id: String,
    key: &'a str,
    /// Names of the lines, with the style of each in every figure.
    lines: Vec<(usize, String)>,
    figures: Vec<String>,
    /// The figures in numbers.
    rows: Vec<CurveRow>,
}

struct CurveRow {
    line: String,
    value: String,
    cells: Vec<String>,
}

struct PointRow {
    settings: String,
    done: String,
    cells: Vec<String>,
    baseline: String,
}

struct RunRow<'a> {
    run: &'a StudyRun,
    state: &'static str,
    reason: &'a str,
    verdict: String,
    work: String,
    time: String,
}

/// The study as one HTML file, to lie in the study's folder: no script, no network, text of models
/// and settings escaped. The same study gives the same bytes.
pub fn study_page(study: &Study) -> String {
    let mut sentences = study.sentences().into_iter();
    crate::report::rendered(&Page {
        name: &study.name,
        outcome: sentences.next().unwrap_or_default(),
        caveats: sentences.collect(),
        axes: study.axes.iter().filter_map(|axis| axis_view(axis, study)).collect(),
        points: study.points.iter().map(point_row).collect(),
        runs: study.runs().map(run_row).collect(),
    })
}

fn axis_view<'a>(axis: &'a Axis, study: &'a Study) -> Option<AxisView<'a>> {
    let of = |measure: &str| -> Vec<&Curve> {
        study
            .curves
            .iter()
            .filter(|curve| curve.axis == axis.key && curve.measure == measure)
            .collect()
    };
    let lines = of(MEASURES[0].name);
    lines.first()?;
    let named = lines.iter().enumerate().filter(|(_, curve)| !curve.others.is_empty());
    let rows = lines.iter().flat_map(|line| curve_rows(axis, &line.others, study)).collect();
    Some(AxisView {
        id: anchor(&axis.key),
        key: &axis.key,
        lines: named.map(|(i, curve)| (i % N_STYLES, settings(&curve.others))).collect(),
        figures: MEASURES
            .iter()
            .filter_map(|measure| chart(axis, measure, &of(measure.name)))
            .collect(),
        rows,
    })
}

fn curve_rows(axis: &Axis, others: &super::Settings, study: &Study) -> Vec<CurveRow> {
    let on_line =
        |point: &&Point| others.iter().all(|(key, value)| point.settings.get(key) == Some(value));
    let row = |(value, point): (&serde_json::Value, &Point)| CurveRow {
        line: settings(others),
        value: text(value),
        cells: cells(point),
    };
    let at = |value| {
        study
            .points
            .iter()
            .filter(on_line)
            .find(|point| point.settings.get(&axis.key) == Some(value))
    };
    axis.values.iter().filter_map(|value| Some((value, at(value)?))).map(row).collect()
}

/// The readings of a point, a cell a measure.
pub(crate) fn cells(point: &Point) -> Vec<String> {
    let cell = |measure: &super::measure::Measure| {
        or_nothing(point.readings.get(measure.name), |reading| measure.reading(reading))
    };
    MEASURES.iter().map(cell).collect()
}

fn point_row(point: &Point) -> PointRow {
    let done = point.runs.iter().filter(|run| run.state == RunState::Done).count();
    PointRow {
        settings: if point.settings.is_empty() {
            "as configured".to_owned()
        } else {
            settings(&point.settings)
        },
        done: format!("{done} of {}", point.runs.len()),
        cells: cells(point),
        baseline: length_baseline(point),
    }
}

/// What preferring the longer response would reach, over the runs that are done.
pub(crate) fn length_baseline(point: &Point) -> String {
    let found: Vec<f64> = point.runs.iter().filter_map(|run| run.last()?.length_baseline).collect();
    let mean = (!found.is_empty()).then(|| found.iter().sum::<f64>() / found.len() as f64);
    or_nothing(mean, percent)
}

fn run_row(run: &StudyRun) -> RunRow<'_> {
    let (state, reason) = match &run.state {
        RunState::Pending if run.cost.seconds.is_some() => ("begun", ""),
        RunState::Pending => ("to do", ""),
        RunState::Done => ("done", ""),
        RunState::Failed(reason) => ("failed", reason.as_str()),
    };
    let verdict =
        |model: &super::ModelMeasures| format!("{} {}", model.model, model.verdict.word());
    let verdicts: Vec<String> = run.models.iter().skip(1).map(verdict).collect();
    let (responses, judgments) = (count(run.cost.n_responses), count(run.cost.n_judgments));
    let work = format!(
        "{responses} responses, {judgments} judgments, {} tokens trained",
        count(run.cost.trained_tokens)
    );
    RunRow {
        run,
        state,
        reason,
        verdict: if verdicts.is_empty() { NOTHING.to_owned() } else { verdicts.join(", ") },
        work: if run.cost.seconds.is_some() { work } else { NOTHING.to_owned() },
        time: or_nothing(run.cost.seconds, duration),
    }
}
