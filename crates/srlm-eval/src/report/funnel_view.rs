//! What became of all that was made, as bars, and the counts of each manifest.

use std::collections::HashMap;

use askama::Template;

use super::answer_view::rows_of;
use super::format::{count, words};
use super::summary::{Folder, FolderState};
use super::{IterationSummary, RunSummary};
use crate::funnel::{FunnelRow, joined};

#[derive(Template)]
#[template(path = "funnel.html")]
struct Funnel {
    iterations: Vec<Iteration>,
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
    super::rendered(&Funnel { iterations: run.iterations.iter().map(iteration).collect() })
}

fn iteration(summary: &IterationSummary) -> Iteration {
    let rows = &summary.funnel.rows;
    let mut most: HashMap<&str, u64> = HashMap::new();
    for row in rows {
        let most = most.entry(row.unit).or_default();
        *most = row.n_in.max(row.n_out + row.n_dropped()).max(*most);
    }
    let steps =
        |is_side| rows.iter().filter(|row| row.is_side == is_side).map(|row| step(row, most[row.unit])).collect();
    let broken = summary.stages.iter().filter_map(|folder| match &folder.state {
        FolderState::Unreadable(reason) => Some(format!("{} unreadable: {reason}", folder.path)),
        _ => None,
    });
    Iteration {
        number: summary.iteration,
        main: steps(false),
        side: steps(true),
        broken: broken.collect(),
        stages: summary.stages.iter().map(stage).collect(),
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
