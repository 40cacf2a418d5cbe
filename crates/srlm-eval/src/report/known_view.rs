//! What is known without the judge: hidden anchors, whose truth is known, and prompts labeled safe
//! or not.

use askama::Template;

use super::format::{NOTHING, count, interval, or_nothing, percent_interval, words};
use super::line_chart::{Line, Over, Plot, line_chart};
use super::{KeyMeasures, ModelSummary, RunSummary};
use crate::Estimate;
use crate::anchors::{AnchorKind, AnchorSummary};
use crate::safety::SafetySummary;

#[derive(Template)]
#[template(path = "known.html")]
struct Known<'a> {
    anchors: Table<'a>,
    safety: Table<'a>,
    figures: Vec<String>,
}

/// Models across, measures down.
struct Table<'a> {
    models: Vec<&'a str>,
    rows: Vec<(String, Vec<String>)>,
}

pub(crate) fn known(run: &RunSummary) -> String {
    let anchors = table(run, |model| model.anchors.as_ref(), anchor_rows);
    let safety = table(run, |model| model.safety.as_ref(), safety_rows);
    let figures = [anchors_figure(run), safety_figure(run)].into_iter().flatten().collect();
    super::rendered(&Known { anchors, safety, figures })
}

/// A measure's name and its text for one model.
type Cells = Vec<(String, String)>;

fn table<'a, T>(
    run: &'a RunSummary,
    found: fn(&'a ModelSummary) -> Option<&'a T>,
    cells: fn(&T) -> Cells,
) -> Table<'a> {
    let measured: Vec<(&str, Cells)> = run
        .models
        .iter()
        .filter_map(|model| Some((model.label.as_str(), cells(found(model)?))))
        .collect();
    let mut names: Vec<&String> = Vec::new();
    for (name, _) in measured.iter().flat_map(|(_, cells)| cells) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let cell = |cells: &Cells, name: &str| {
        cells
            .iter()
            .find(|cell| cell.0 == name)
            .map_or_else(|| NOTHING.to_owned(), |cell| cell.1.clone())
    };
    let row = |name: &String| {
        (name.clone(), measured.iter().map(|(_, cells)| cell(cells, name)).collect())
    };
    Table {
        rows: names.into_iter().map(row).collect(),
        models: measured.iter().map(|(model, _)| *model).collect(),
    }
}

fn anchor_rows(found: &AnchorSummary) -> Cells {
    let pairs = format!("{} / {} / {}", found.n_right_above, found.n_tied, found.n_wrong_above);
    let mut rows = vec![
        ("judge".to_owned(), found.judge.clone()),
        ("true-positive less false-positive rate".to_owned(), or_nothing(found.youden_j, interval)),
        (
            "right answers accepted".to_owned(),
            or_nothing(found.true_positive_rate, percent_interval),
        ),
        (
            "wrong answers accepted".to_owned(),
            or_nothing(found.false_positive_rate, percent_interval),
        ),
        (
            "right above wrong, ties are failures".to_owned(),
            or_nothing(found.pairwise_accuracy, percent_interval),
        ),
        ("right above / tied / wrong above".to_owned(), pairs),
        ("right above less wrong above".to_owned(), or_nothing(found.pairwise_j, interval)),
        ("pairs without both scores".to_owned(), count(found.n_unscored_pairs)),
        ("accepted from a score of".to_owned(), found.threshold.to_string()),
    ];
    rows.extend(found.by_kind.iter().map(|(kind, of_kind)| {
        let name = match kind {
            AnchorKind::Arithmetic => "arithmetic",
            AnchorKind::Form => "form",
            AnchorKind::Given => "given",
        };
        let j = or_nothing(of_kind.youden_j, |j| format!("{j:.2}"));
        (
            format!("the first measure on {name} anchors"),
            format!("{j} of {} pairs", of_kind.n_pairs),
        )
    }));
    rows
}

fn safety_rows(found: &SafetySummary) -> Cells {
    let counts = |counts: Option<crate::safety::TypeCounts>| {
        or_nothing(counts, |c| format!("{} / {} / {}", c.n_refused, c.n_complied, c.n_blank))
    };
    let mut rows = vec![
        (
            "harmful prompts served".to_owned(),
            or_nothing(found.unsafe_compliance_rate, percent_interval),
        ),
        (
            "harmless prompts refused".to_owned(),
            or_nothing(found.over_refusal_rate, percent_interval),
        ),
        ("harmful: refused / served / blank".to_owned(), counts(found.unsafe_prompts)),
        ("harmless: refused / served / blank".to_owned(), counts(found.safe_prompts)),
    ];
    if let Some(rubric) = &found.rubric {
        let failed = |rate: Option<Estimate>| or_nothing(rate, percent_interval);
        rows.push((
            "safety rubric: fails on harmful".to_owned(),
            failed(rubric.unsafe_failure_rate),
        ));
        rows.push((
            "safety rubric: fails on harmless".to_owned(),
            failed(rubric.safe_failure_rate),
        ));
        let kappa = or_nothing(rubric.kappa_with_classifier, |kappa| format!("{kappa:.2}"));
        rows.push(("rubric with the refusal classifier, kappa".to_owned(), kappa));
    }
    if let Some(people) = &found.against_people {
        let kappa = or_nothing(people.kappa, |kappa| format!("{kappa:.2}"));
        rows.push((
            "classifier against people, accuracy".to_owned(),
            or_nothing(people.accuracy, percent_interval),
        ));
        rows.push(("classifier against people, kappa".to_owned(), kappa));
    }
    rows.extend(found.by_type.iter().map(|(name, counts)| {
        let served = format!("{} of {} refused", counts.n_refused, counts.n);
        (words(name), served)
    }));
    rows
}

fn line(
    run: &RunSummary,
    name: &str,
    style: usize,
    value: fn(&KeyMeasures) -> Option<Estimate>,
) -> Line {
    let found: Vec<(f64, Estimate)> = run
        .key_measures()
        .iter()
        .enumerate()
        .filter_map(|(t, measures)| Some((t as f64, value(measures)?)))
        .collect();
    Line {
        name: name.to_owned(),
        style,
        points: found.iter().map(|(t, estimate)| (*t, estimate.value)).collect(),
        intervals: found.iter().map(|(t, estimate)| (*t, estimate.low, estimate.high)).collect(),
    }
}

fn anchors_figure(run: &RunSummary) -> Option<String> {
    line_chart(&Plot {
        id: "anchors",
        title: "Hidden anchors",
        over: Over::Models,
        y_label: "true less false positives",
        note: "1 is a perfect judge",
        level: Some((0.0, "sees nothing")),
        lines: vec![line(run, "judge", 0, |measures| measures.anchors_youden_j)],
        findings: vec![],
    })
}

fn safety_figure(run: &RunSummary) -> Option<String> {
    line_chart(&Plot {
        id: "safety-rates",
        title: "Safety",
        over: Over::Models,
        y_label: "share of prompts",
        note: "both should be low",
        level: None,
        lines: vec![
            line(run, "harmful served", 1, |measures| measures.unsafe_compliance_rate),
            line(run, "harmless refused", 0, |measures| measures.over_refusal_rate),
        ],
        findings: vec![],
    })
}
