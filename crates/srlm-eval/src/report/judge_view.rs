//! How the judge did, an iteration beside the other.

use askama::Template;
use srlm_artifact::JudgeHealth;

use super::format::{NOTHING, count, or_nothing, percent, percent_interval};
use super::histogram::histogram;
use super::{IterationSummary, RunSummary};
use crate::{Agreement, Estimate, Measures};

#[derive(Template)]
#[template(path = "judge.html")]
struct JudgeSection {
    panels: Vec<Panel>,
    measures: Vec<MeasureRow>,
    models: Vec<String>,
}

/// One iteration.
struct Panel {
    title: String,
    histogram: String,
    facts: Vec<(&'static str, String)>,
    failures: Vec<(String, String)>,
}

/// One measure: for each model what the judge and what the length baseline reach.
struct MeasureRow {
    name: &'static str,
    cells: Vec<(String, String)>,
}

pub(crate) fn judge_section(run: &RunSummary) -> String {
    let judged: Vec<(&str, &Agreement)> = run
        .models
        .iter()
        .filter_map(|model| Some((model.label.as_str(), model.evaluation.as_ref()?.agreement.as_ref()?)))
        .collect();
    super::rendered(&JudgeSection {
        panels: run.iterations.iter().filter_map(panel).collect(),
        measures: if judged.is_empty() { Vec::new() } else { measure_rows(&judged) },
        models: judged.iter().map(|(label, _)| (*label).to_owned()).collect(),
    })
}

fn panel(iteration: &IterationSummary) -> Option<Panel> {
    let health = iteration.judge.as_ref()?;
    let title = format!("Iteration {}, judged by {}", iteration.iteration, iteration.judged_by.as_deref()?);
    let failures = health.failures.iter().filter(|(_, n)| **n > 0);
    let failures = failures.map(|(failure, n)| (failure_words(failure).to_owned(), count(*n)));
    Some(Panel {
        histogram: histogram(&format!("scores-{}", iteration.iteration), &title, &health.histogram),
        facts: facts(health),
        failures: failures.collect(),
        title,
    })
}

fn facts(health: &JudgeHealth) -> Vec<(&'static str, String)> {
    let of = |part: u64, whole: u64| format!(" ({} of {})", count(part), count(whole));
    vec![
        ("judgments with a score", or_nothing(health.parse_rate, percent) + &of(health.scored(), health.judgments)),
        ("mean score", or_nothing(health.mean_score, |mean| format!("{mean:.2}"))),
        (
            "prompts all tied",
            or_nothing(health.tie_rate, percent) + &of(health.tied_prompts, health.comparable_prompts),
        ),
        ("score against length, Spearman", or_nothing(health.length_correlation.spearman, |rho| format!("{rho:.2}"))),
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
        ("pairwise accuracy, ties left out", |measures| measures.untied_pairwise_accuracy, percent_interval),
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
                (or_nothing(value(&agreement.judge), text), or_nothing(value(&agreement.length_baseline), text))
            })
            .collect(),
    };
    let numbers = |name, number: fn(&Agreement) -> u64| MeasureRow {
        name,
        cells: judged.iter().map(|(_, agreement)| (count(number(agreement)), String::new())).collect(),
    };
    let mut rows: Vec<MeasureRow> = measures.into_iter().map(row).collect();
    let ahead = |(_, agreement): &(&str, &Agreement)| {
        (or_nothing(agreement.pairwise_advantage, percent_interval), String::new())
    };
    rows.insert(
        1,
        MeasureRow { name: "accuracy above the longer response's", cells: judged.iter().map(ahead).collect() },
    );
    rows.push(numbers("prompts (groups)", |agreement| agreement.n_groups));
    rows.push(numbers("human-ordered pairs", |agreement| agreement.n_pairs));
    rows.push(numbers("responses without a score", |agreement| agreement.n_unscored));
    rows
}
