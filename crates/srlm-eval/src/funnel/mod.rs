//! The counts of all stages of an iteration as one table that adds up.

mod build;
mod eft_rows;
mod folder;
mod preference_rows;
mod row;
mod sampling_rows;
mod tally;
mod text;

use std::path::Path;

use serde::Serialize;
use srlm_artifact::{Artifact, JudgmentRow, Judgments, layout};

pub(crate) use eft_rows::rows as eft_rows;
pub(crate) use text::joined;

pub use row::{Count, FunnelRow, RowState, Source};

use crate::Error;

/// What became of all that a run's iterations made.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Funnel {
    /// From 1.
    pub iterations: Vec<IterationFunnel>,
}

/// One iteration: from the texts that were generated to the pairs that the next model was trained
/// on.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct IterationFunnel {
    /// From 1.
    pub iteration: u32,
    /// In the order of the loop; a row counts on from the one that its [`FunnelRow::source`] names.
    pub rows: Vec<FunnelRow>,
}

/// A row that does not add up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Misfit {
    /// Which iteration.
    pub iteration: u32,
    /// Which row; with its folder, where it stands beside the loop.
    pub stage: String,
    /// The numbers that contradict each other.
    pub problem: String,
}

/// The funnel of a run, finished or not: what is missing is pending, what cannot be read is shown
/// as such.
///
/// Counts come from the manifests and are held against each other, against the numbers of rows and,
/// for judgments, against the rows themselves.
///
/// # Errors
/// [`Error::Io`] when `run_dir` is no folder or cannot be listed.
pub fn funnel(run_dir: &Path) -> Result<Funnel, Error> {
    let iterations = crate::report::n_iterations(run_dir)?;
    let judgments = |t| {
        Artifact::<Judgments>::open(&run_dir.join(layout::round(t, "judgments"))).ok()?.rows().ok()
    };
    let one = |t| of_iteration(run_dir, t, judgments(t).as_deref());
    Ok(Funnel { iterations: (1..=iterations).map(one).collect() })
}

/// The funnel of one iteration, whose judgments were read already.
pub(crate) fn of_iteration(
    run_dir: &Path,
    iteration: u32,
    judgments: Option<&[JudgmentRow]>,
) -> IterationFunnel {
    IterationFunnel { iteration, rows: build::rows(run_dir, iteration, judgments) }
}

impl Funnel {
    /// The rows that do not add up; none where every count is accounted for.
    pub fn check(&self) -> Vec<Misfit> {
        self.iterations.iter().flat_map(IterationFunnel::check).collect()
    }
}

impl IterationFunnel {
    /// The rows that do not add up.
    pub fn check(&self) -> Vec<Misfit> {
        let misfit = |row: &FunnelRow, problem: &String| Misfit {
            iteration: self.iteration,
            stage: row.title(),
            problem: problem.clone(),
        };
        self.rows
            .iter()
            .flat_map(|row| row.problems.iter().map(move |problem| misfit(row, problem)))
            .collect()
    }
}
