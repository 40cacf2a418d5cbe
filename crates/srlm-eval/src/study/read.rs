//! A study's folder, whatever of its runs is there.

use std::collections::BTreeSet;
use std::path::Path;

use super::cost::Made;
use super::{Cost, ModelMeasures, PlannedRun, RunState, Study, StudyRun, curve, point};
use crate::{Error, RunSummary};

/// The file in a run's folder with the reason why the last attempt failed.
pub const FAILED: &str = "failed.txt";

impl Study {
    /// Reads what there is of the planned runs in `study_dir`; a run without a folder is pending.
    ///
    /// # Errors
    /// [`Error::Io`]
    pub fn read(study_dir: &Path, name: &str, planned: &[PlannedRun]) -> Result<Self, Error> {
        let (mut made, mut seconds) = (BTreeSet::new(), 0.0);
        let mut runs = Vec::new();
        for planned in planned {
            let run =
                run(&study_dir.join("runs").join(&planned.id), planned, &mut made, &mut seconds)?;
            runs.push((planned.settings.clone(), run));
        }
        let points = point::points(runs);
        let axes = curve::axes(&points);
        let curves = curve::curves(&axes, &points);
        Ok(Self { name: name.to_owned(), axes, points, curves, seconds: Some(seconds) })
    }
}

fn run(
    dir: &Path,
    planned: &PlannedRun,
    made: &mut BTreeSet<Made>,
    seconds: &mut f64,
) -> Result<StudyRun, Error> {
    let PlannedRun { id, seed, .. } = planned.clone();
    let mut run =
        StudyRun { id, seed, state: RunState::Pending, models: Vec::new(), cost: Cost::default() };
    if !dir.is_dir() {
        return Ok(run);
    }
    let summary = RunSummary::read(dir)?;
    let evaluated = || summary.models.iter().skip(1).map(|model| model.evaluation.as_ref());
    run.models = evaluated().flatten().map(ModelMeasures::of).collect();
    run.cost = Cost::of(dir, made, seconds)?;
    let failure = std::fs::read_to_string(dir.join(FAILED)).ok();
    run.state = match failure {
        Some(reason) => RunState::Failed(reason.trim_end().to_owned()),
        None if evaluated().all(|evaluation| evaluation.is_some()) || was_stopped(dir) => {
            RunState::Done
        }
        None => RunState::Pending,
    };
    Ok(run)
}

/// Whether a stop rule ended the run before its last iteration, as its `best.json` then says.
fn was_stopped(dir: &Path) -> bool {
    let text = std::fs::read_to_string(dir.join("best.json")).unwrap_or_default();
    serde_json::from_str::<serde_json::Value>(&text).is_ok_and(|best| best["stopped"].is_object())
}
