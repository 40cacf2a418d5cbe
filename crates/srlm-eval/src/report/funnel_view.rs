//! What each stage made and what it dropped, as its manifest counts it.

use askama::Template;

use super::RunSummary;
use super::answer_view::rows_of;
use super::format::{count, words};
use super::summary::{Folder, FolderState};

#[derive(Template)]
#[template(path = "funnel.html")]
struct Funnel {
    iterations: Vec<(u32, Vec<Stage>)>,
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
    let stages = |stages: &[Folder]| stages.iter().map(stage).collect();
    let iterations = run.iterations.iter().map(|iteration| (iteration.iteration, stages(&iteration.stages)));
    super::rendered(&Funnel { iterations: iterations.collect() })
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
