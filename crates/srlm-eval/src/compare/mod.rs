//! Several runs side by side: key measures of each iteration, what differs in the configurations,
//! curves overlaid.

mod config;
mod view;

use serde::Serialize;

pub use config::Difference;
pub use view::{render, to_markdown};

use crate::{KeyMeasures, RunSummary};

/// Runs side by side, in the order given.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparedRuns {
    /// One a run.
    pub runs: Vec<ComparedRun>,
    /// Configuration keys whose values are not the same in all runs.
    pub differences: Vec<Difference>,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparedRun {
    /// Name of the run's folder; a number is added where another run has the same.
    pub name: String,
    /// The model to use, by the run's own rules.
    pub best: Option<String>,
    /// Key measures of each model, M0 first.
    pub measures: Vec<KeyMeasures>,
}

/// Puts runs side by side.
///
/// Win rates compare each model with the one before it in its own run, by that run's evaluator:
/// they show which run gained more, not which model is better. Accuracies and losses compare across
/// runs where the held-out data are the same.
pub fn compare(runs: &[RunSummary]) -> ComparedRuns {
    let names = names(runs);
    let one = |(run, name): (&RunSummary, String)| ComparedRun {
        name,
        best: run.best.as_ref().map(|best| best.model.clone()),
        measures: run.key_measures(),
    };
    ComparedRuns {
        runs: runs.iter().zip(names).map(one).collect(),
        differences: config::differences(
            &runs.iter().map(|run| run.config.as_deref()).collect::<Vec<_>>(),
        ),
    }
}

/// Folder names, the second of a name as `NAME (2)`.
fn names(runs: &[RunSummary]) -> Vec<String> {
    let name = |(i, run): (usize, &RunSummary)| {
        let n_before = runs[..i].iter().filter(|before| before.name == run.name).count();
        if n_before > 0 { format!("{} ({})", run.name, n_before + 1) } else { run.name.clone() }
    };
    runs.iter().enumerate().map(name).collect()
}
