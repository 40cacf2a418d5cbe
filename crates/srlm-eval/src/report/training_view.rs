//! Training curves.

use askama::Template;
use srlm_artifact::MetricsRow;

use super::line_chart::{Line, N_STYLES, Plot, line_chart};
use super::{ModelSummary, RunSummary};

#[derive(Template)]
#[template(path = "training.html")]
struct Training<'a> {
    groups: Vec<Group<'a>>,
}

/// Supervised or preference training.
struct Group<'a> {
    title: &'static str,
    note: &'static str,
    /// Models, and the style of their lines in every figure.
    models: Vec<(usize, &'a str)>,
    figures: Vec<String>,
}

/// What to read from a row; `None` leaves the step out.
type Value = fn(&MetricsRow) -> Option<f64>;

/// Name for anchors, title, label of the axis with its unit, note, level with a meaning, value.
type Curve = (&'static str, &'static str, &'static str, &'static str, Option<(f64, &'static str)>, Value);

const SFT_CURVES: [Curve; 3] = [
    ("sft-loss", "Loss", "nats per token", "", None, |row| Some(row.loss)),
    ("sft-norm", "Gradient norm", "global norm", "before clipping", None, |row| Some(row.grad_norm)),
    ("sft-rate", "Learning rate", "learning rate", "", None, |row| Some(row.learning_rate)),
];

const DPO_CURVES: [Curve; 6] = [
    (
        "dpo-loss",
        "Loss",
        "nats per pair",
        "should fall from ln 2",
        Some((std::f64::consts::LN_2, "ln 2: no preference")),
        |row| Some(row.loss),
    ),
    ("dpo-margin", "Reward margin", "chosen − rejected", "should rise from 0", Some((0.0, "")), |row| {
        row.rewards_margins
    }),
    ("dpo-accuracy", "Reward accuracy", "share of pairs", "chosen above rejected", Some((0.5, "chance")), |row| {
        row.rewards_accuracies
    }),
    (
        "dpo-logps",
        "Log-probability of chosen",
        "nats per response",
        "a fall is common; the margin decides",
        None,
        |row| row.logps_chosen,
    ),
    ("dpo-norm", "Gradient norm", "global norm", "before clipping", None, |row| Some(row.grad_norm)),
    ("dpo-rate", "Learning rate", "learning rate", "", None, |row| Some(row.learning_rate)),
];

pub(crate) fn training(run: &RunSummary) -> String {
    // The preference columns tell preference training from supervised training.
    let is_dpo = |model: &&ModelSummary| model.metrics.iter().any(|row| row.rewards_margins.is_some());
    let trained: Vec<&ModelSummary> = run.models.iter().filter(|model| !model.metrics.is_empty()).collect();
    let (dpo, sft): (Vec<&ModelSummary>, Vec<&ModelSummary>) = trained.into_iter().partition(is_dpo);
    let groups = [
        group("Supervised fine-tuning", "M0 to M1, on human examples.", &SFT_CURVES, &sft),
        group("Preference training", "DPO on the judge's pairs.", &DPO_CURVES, &dpo),
    ];
    super::rendered(&Training { groups: groups.into_iter().filter(|group| !group.figures.is_empty()).collect() })
}

fn group<'a>(title: &'static str, note: &'static str, curves: &[Curve], models: &[&'a ModelSummary]) -> Group<'a> {
    let styled = || models.iter().enumerate().map(|(i, model)| (i % N_STYLES, *model));
    let figure = |&(id, title, y_label, note, level, value): &Curve| {
        let line = |(style, model): (usize, &ModelSummary)| {
            let point = |row: &MetricsRow| Some((f64::from(row.step), value(row)?));
            Line { name: model.label.clone(), style, points: model.metrics.iter().filter_map(point).collect() }
        };
        line_chart(&Plot { id, title, y_label, note, level, lines: styled().map(line).collect() })
    };
    let models = styled().map(|(style, model)| (style, model.label.as_str())).collect();
    Group { title, note, models, figures: curves.iter().filter_map(figure).collect() }
}
