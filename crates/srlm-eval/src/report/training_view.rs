//! Training curves.

use askama::Template;
use srlm_artifact::MetricsRow;

use super::line_chart::{Line, N_STYLES, Over, Plot, line_chart};
use super::{CurveState, ModelSummary, RunSummary};

#[derive(Template)]
#[template(path = "training.html")]
struct Training {
    groups: Vec<Group>,
}

/// Supervised or preference training.
struct Group {
    title: &'static str,
    note: &'static str,
    figures: Vec<String>,
}

/// What to read from a row; `None` leaves the step out.
type Value = fn(&MetricsRow) -> Option<f64>;

/// One curve.
struct Curve {
    /// For anchors.
    id: &'static str,
    /// The column of `metrics.jsonl`.
    column: &'static str,
    title: &'static str,
    /// Of the vertical axis, with the unit.
    label: &'static str,
    note: &'static str,
    /// With a meaning.
    level: Option<(f64, &'static str)>,
    value: Value,
}

const NORM: Curve = Curve {
    id: "norm",
    column: "grad_norm",
    title: "Gradient norm",
    label: "global norm",
    note: "before clipping",
    level: None,
    value: |row| Some(row.grad_norm),
};

const RATE: Curve = Curve {
    id: "rate",
    column: "learning_rate",
    title: "Learning rate",
    label: "learning rate",
    note: "",
    level: None,
    value: |row| Some(row.learning_rate),
};

const SUPERVISED: [Curve; 3] = [
    Curve {
        id: "loss",
        column: "loss",
        title: "Loss",
        label: "nats per token",
        note: "should fall",
        level: None,
        value: |row| Some(row.loss),
    },
    NORM,
    RATE,
];

const PREFERENCE: [Curve; 7] = [
    Curve {
        id: "loss",
        column: "loss",
        title: "Loss",
        label: "nats per pair",
        note: "DPO alone begins near ln 2 and should fall",
        level: Some((std::f64::consts::LN_2, "ln 2: no preference")),
        value: |row| Some(row.loss),
    },
    Curve {
        id: "margin",
        column: "rewards/margins",
        title: "Reward margin",
        label: "chosen − rejected",
        note: "should rise from 0",
        level: Some((0.0, "")),
        value: |row| row.rewards_margins,
    },
    Curve {
        id: "accuracy",
        column: "rewards/accuracies",
        title: "Reward accuracy",
        label: "share of pairs",
        note: "chosen above rejected",
        level: Some((0.5, "chance")),
        value: |row| row.rewards_accuracies,
    },
    Curve {
        id: "chosen",
        column: "logps/chosen",
        title: "Log-probability of chosen",
        label: "nats per response",
        note: "a fall is common; the margin decides",
        level: None,
        value: |row| row.logps_chosen,
    },
    Curve {
        id: "rejected",
        column: "logps/rejected",
        title: "Log-probability of rejected",
        label: "nats per response",
        note: "should fall more than that of chosen",
        level: None,
        value: |row| row.logps_rejected,
    },
    NORM,
    RATE,
];

pub(crate) fn training(run: &RunSummary) -> String {
    // The preference columns tell preference training from supervised training.
    let is_preference =
        |model: &&ModelSummary| model.metrics.iter().any(|row| row.rewards_margins.is_some());
    let trained: Vec<&ModelSummary> =
        run.models.iter().filter(|model| !model.metrics.is_empty()).collect();
    let (preference, supervised): (Vec<&ModelSummary>, Vec<&ModelSummary>) =
        trained.into_iter().partition(is_preference);
    let groups = [
        group(
            "Supervised fine-tuning",
            "sft",
            "On human examples, or on responses taken as such.",
            &SUPERVISED,
            &supervised,
        ),
        group("Preference training", "dpo", "On the judge's pairs.", &PREFERENCE, &preference),
    ];
    super::rendered(&Training {
        groups: groups.into_iter().filter(|group| !group.figures.is_empty()).collect(),
    })
}

fn group(
    title: &'static str,
    prefix: &str,
    note: &'static str,
    curves: &[Curve],
    models: &[&ModelSummary],
) -> Group {
    let figure = |curve: &Curve| {
        let line = |(i, model): (usize, &&ModelSummary)| {
            let point = |row: &MetricsRow| Some((f64::from(row.step), (curve.value)(row)?));
            let points = model.metrics.iter().filter_map(point).collect();
            Line { name: model.label.clone(), style: i % N_STYLES, points, intervals: vec![] }
        };
        line_chart(&Plot {
            id: &format!("{prefix}-{}", curve.id),
            title: curve.title,
            over: Over::Steps,
            y_label: curve.label,
            note: curve.note,
            level: curve.level,
            lines: models.iter().enumerate().map(line).collect(),
            findings: models.iter().flat_map(|model| findings(model, curve.column)).collect(),
        })
    };
    Group { title, note, figures: curves.iter().filter_map(figure).collect() }
}

fn findings(model: &ModelSummary, column: &str) -> Vec<(&'static str, String, String)> {
    let of_curve = model.training.iter().filter(|finding| finding.curve == column);
    of_curve
        .map(|finding| (finding.state.word(), model.label.clone(), finding.reason.clone()))
        .collect()
}

impl CurveState {
    /// The state in a word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Unclear => "unclear",
            Self::Watch => "watch",
            Self::Fault => "fault",
        }
    }
}
