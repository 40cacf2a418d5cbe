//! What became of all that was made, as bars, and the counts of each manifest.

use std::collections::{BTreeMap, HashMap};

use askama::Template;
use srlm_artifact::layout;

use super::answer_view::rows_of;
use super::format::{count, words};
use super::histogram::histogram;
use super::summary::{Folder, FolderState};
use super::{IterationSummary, JudgingExamples, RunSummary};
use crate::funnel::{FunnelRow, joined};

#[derive(Template)]
#[template(path = "funnel.html")]
struct Funnel {
    examples: Option<Examples>,
    iterations: Vec<Iteration>,
}

/// How judging examples were made of ranked responses.
struct Examples {
    steps: Vec<Step>,
    histograms: Vec<String>,
}

struct Iteration {
    number: u32,
    /// On the way from texts to the next model, and beside it.
    main: Vec<Step>,
    side: Vec<Step>,
    broken: Vec<String>,
    stages: Vec<Stage>,
}

/// A row of the funnel.
struct Step {
    title: String,
    /// What keeps it from being counted.
    standing: Option<String>,
    n_out: String,
    /// `of 75 texts`.
    taken_in: String,
    /// Of the most that any row of its unit takes in, in percent.
    kept: f64,
    left: f64,
    left_out: String,
    notes: String,
    problems: Vec<String>,
}

struct Stage {
    name: String,
    rows: String,
    /// What keeps it from being complete.
    state: Option<String>,
    counts: Vec<Count>,
}

struct Count {
    name: String,
    n: String,
    /// Of the stage's largest count, in percent.
    share: f64,
}

pub(crate) fn funnel(run: &RunSummary) -> String {
    let iterations = run.iterations.iter().map(|summary| iteration(run, summary)).collect();
    super::rendered(&Funnel { examples: run.judging_examples.as_ref().map(examples), iterations })
}

fn examples(made: &JudgingExamples) -> Examples {
    let most = most_by_unit(&made.rows);
    let figure = |(id, title, counts): (&str, &str, &BTreeMap<String, u64>)| {
        let counts: Vec<(String, u64)> =
            counts.iter().map(|(score, n)| (score.clone(), *n)).collect();
        histogram(id, title, "examples", &counts)
    };
    let scores = made.scores.as_ref().map(|scores| {
        let before =
            ("examples-before", "Before the most common scores were thinned", &scores.train_before);
        let train = ("examples-train", "To train on", &scores.train);
        [before, train, ("examples-evaluation", "To evaluate on", &scores.evaluation)]
            .map(figure)
            .to_vec()
    });
    Examples {
        steps: made.rows.iter().map(|row| step(row, most[row.unit])).collect(),
        histograms: scores.unwrap_or_default(),
    }
}

fn most_by_unit(rows: &[FunnelRow]) -> HashMap<&str, u64> {
    let mut most: HashMap<&str, u64> = HashMap::new();
    for row in rows {
        let most = most.entry(row.unit).or_default();
        *most = row.n_in.max(row.n_out + row.n_dropped()).max(*most);
    }
    most
}

fn iteration(run: &RunSummary, summary: &IterationSummary) -> Iteration {
    let rows = &summary.funnel.rows;
    let most = most_by_unit(rows);
    let steps = |is_side| {
        rows.iter()
            .filter(|row| row.is_side == is_side)
            .map(|row| step(row, most[row.unit]))
            .collect()
    };
    let is_here = |folder: &&Folder| layout::iteration_of(&folder.path) == Some(summary.iteration);
    let folders = run.folders().filter(is_here);
    let broken = summary.stages.iter().filter_map(|folder| match &folder.state {
        FolderState::Unreadable(reason) => Some(format!("{} unreadable: {reason}", folder.path)),
        _ => None,
    });
    Iteration {
        number: summary.iteration,
        main: steps(false),
        side: steps(true),
        broken: broken.collect(),
        stages: folders.map(stage).collect(),
    }
}

fn step(row: &FunnelRow, most: u64) -> Step {
    let percent = |n: u64| 100.0 * n as f64 / most.max(1) as f64;
    Step {
        title: row.title(),
        standing: row.standing(),
        n_out: count(row.n_out),
        taken_in: format!("of {} {}", row.taken_in(), row.unit).replace(" x ", " × "),
        kept: percent(row.n_out),
        left: percent(row.n_dropped()),
        left_out: row.left_out(),
        notes: joined(&row.notes),
        problems: row.problems.clone(),
    }
}

fn stage(folder: &Folder) -> Stage {
    let facts = folder.facts();
    let state = match &folder.state {
        FolderState::Pending => Some("pending".to_owned()),
        FolderState::Unreadable(reason) => Some(format!("unreadable: {reason}")),
        FolderState::Complete(_) => None,
    };
    let name = folder.path.rsplit('/').next().unwrap_or(&folder.path);
    let mut counts: Vec<(&String, u64)> =
        facts.into_iter().flat_map(|facts| &facts.counts).map(|(k, n)| (k, *n)).collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let most = counts.first().map_or(1, |count| count.1.max(1));
    let bars = counts.into_iter().map(|(name, n)| Count {
        name: words(name),
        n: count(n),
        share: 100.0 * n as f64 / most as f64,
    });
    Stage { name: words(name), rows: rows_of(facts), state, counts: bars.collect() }
}
