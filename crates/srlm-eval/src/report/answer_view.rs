//! The table of models, drawn.

use askama::Template;

use super::format::{NOTHING, count, duration, interval, or_nothing, percent, percent_interval};
use super::key_measures::KeyMeasures;
use super::summary::{Facts, ModelSummary};
use super::{RunSummary, answer::change_words};
use crate::Estimate;

/// Width of the small drawings in the table.
const WIDTH: f64 = 140.0;

#[derive(Template)]
#[template(path = "answer.html")]
struct Answer<'a> {
    outcome: String,
    caveats: Vec<String>,
    rows: Vec<Row<'a>>,
    evaluators: String,
    total: String,
}

struct Row<'a> {
    label: &'a str,
    standing: &'static str,
    /// Class of the mark beside the standing.
    mark: &'static str,
    following: Option<Axis>,
    judging: Option<Axis>,
    held_out: String,
    length: String,
    growth: String,
    time: String,
    tokens: String,
}

/// One of the two axes: what is shown, the numbers, and a drawing from 0 to 1.
struct Axis {
    change: &'static str,
    figures: String,
    details: Vec<String>,
    /// What the drawing says, in words.
    description: String,
    whiskers: Vec<Whisker>,
    /// Places of the length and the random baseline.
    length_at: Option<f64>,
    random_at: Option<f64>,
    half_at: f64,
}

/// An interval and its middle in the drawing's units.
struct Whisker {
    class: &'static str,
    low: f64,
    at: f64,
    high: f64,
    y: f64,
}

pub(crate) fn answer(run: &RunSummary) -> String {
    let mut sentences = run.sentences().into_iter();
    let outcome = sentences.next().unwrap_or_default();
    let measures = run.key_measures();
    let rows =
        run.models.iter().zip(&measures).map(|(model, measures)| row(model, measures)).collect();
    let mut evaluators: Vec<String> = measures.iter().filter_map(judged_by).collect();
    evaluators.dedup();
    let seconds: f64 =
        run.folders().filter_map(|folder| folder.facts()).map(|facts| facts.wall_seconds).sum();
    let (caveats, evaluators, total) =
        (sentences.collect(), evaluators.join("; "), duration(seconds));
    super::rendered(&Answer { outcome, caveats, rows, evaluators, total })
}

/// `M2 by M1 (took part in training)`.
fn judged_by(measures: &KeyMeasures) -> Option<String> {
    let part =
        if measures.evaluator_is_independent? { "independent" } else { "took part in training" };
    Some(format!("{} by {} ({part})", measures.model, measures.evaluator.as_ref()?))
}

fn row<'a>(model: &'a ModelSummary, measures: &KeyMeasures) -> Row<'a> {
    let standing = model.standing();
    let growth = model.evaluation.as_ref().and_then(|evaluation| evaluation.length_growth);
    let tokens = match (measures.n_response_tokens, measures.n_training_tokens) {
        (0, 0) => String::new(),
        (written, trained) => format!("{} written, {} trained on", count(written), count(trained)),
    };
    Row {
        label: &model.label,
        standing,
        mark: match standing {
            "improved" | "flat" | "worse" | "suspicious" | "inconclusive" => standing,
            _ => "none",
        },
        following: following(model, measures),
        judging: judging(measures),
        held_out: or_nothing(measures.held_out_loss, |loss| format!("{loss:.3}")),
        length: or_nothing(measures.mean_response_tokens, |tokens| format!("{tokens:.0}")),
        growth: growth
            .map(|growth| format!("{growth:.2} times the model before"))
            .unwrap_or_default(),
        time: if measures.wall_seconds > 0.0 {
            duration(measures.wall_seconds)
        } else {
            NOTHING.to_owned()
        },
        tokens,
    }
}

fn following(model: &ModelSummary, measures: &KeyMeasures) -> Option<Axis> {
    let evaluation = model.evaluation.as_ref()?;
    let (found, raw) = (evaluation.head_to_head.as_ref()?, measures.win_rate?);
    let mut details = vec![format!(
        "wins {}, ties {}, losses {} of {}{}",
        found.wins,
        found.ties,
        found.losses,
        found.n(),
        if found.n_missing > 0 { format!("; {} missing", found.n_missing) } else { String::new() }
    )];
    let y = if measures.length_controlled_win_rate.is_some() { 5.0 } else { 9.0 };
    let mut whiskers = vec![whisker("raw", raw, y)];
    match measures.length_controlled_win_rate {
        Some(controlled) => {
            details.push(format!("at equal lengths {}", interval(controlled)));
            whiskers.push(whisker("controlled", controlled, 13.0));
        }
        None => details.extend(
            evaluation
                .unmeasured
                .get("length_controlled")
                .map(|why| format!("length control: {why}")),
        ),
    }
    Some(Axis {
        change: measures.following.map_or("", change_words),
        figures: interval(raw),
        description: format!(
            "Win rate {}, {}, on an axis from 0 to 1 with 0.5 as no change",
            interval(raw),
            details.join(", ")
        ),
        details,
        whiskers,
        length_at: None,
        random_at: None,
        half_at: WIDTH / 2.0,
    })
}

fn judging(measures: &KeyMeasures) -> Option<Axis> {
    let accuracy = measures.pairwise_accuracy?;
    let baseline =
        |name: &str, value: Option<f64>| value.map(|value| format!("{name} {}", percent(value)));
    let details = [
        baseline("longer response", measures.length_baseline),
        baseline("chance", measures.random_baseline),
    ];
    let details: Vec<String> = details.into_iter().flatten().collect();
    Some(Axis {
        change: measures.judging.map_or("", change_words),
        figures: percent_interval(accuracy),
        description: format!(
            "Judge {}, {}, on an axis from 0 to 100%",
            percent_interval(accuracy),
            details.join(", ")
        ),
        details,
        whiskers: vec![whisker("raw", accuracy, 9.0)],
        length_at: measures.length_baseline.map(|value| WIDTH * value),
        random_at: measures.random_baseline.map(|value| WIDTH * value),
        half_at: WIDTH / 2.0,
    })
}

fn whisker(class: &'static str, Estimate { value, low, high }: Estimate, y: f64) -> Whisker {
    Whisker { class, low: WIDTH * low, at: WIDTH * value, high: WIDTH * high, y }
}

/// Rows of the funnel and of the provenance say the same of an incomplete folder.
pub(crate) fn rows_of(facts: Option<&Facts>) -> String {
    or_nothing(facts, |facts| count(facts.n_rows))
}
