//! A study as JSON, and as an artifact.

use std::path::Path;

use serde_json::{Value, json};
use srlm_artifact::{
    Artifact, Counts, Error as ArtifactError, Input, Made, Manifest, Recipe, Stage, Study as Kind,
    Writer, layout, make, stage,
};

use super::{RunState, Study};
use crate::Error;

const STAGE: Stage = stage!("srlm-eval/study", 1);
const FILE: &str = "study.json";

/// The study for programs.
pub fn study_json(study: &Study) -> Value {
    serde_json::to_value(study).expect("the keys of every map of a study are strings")
}

/// Writes `result` in `study_dir`, an artifact with `study.json`, in which no time of day and no
/// duration stands: equal runs give equal results. One that other runs gave is moved aside.
///
/// # Errors
/// [`Error::Artifact`], [`Error::Io`]
pub fn seal(study: &Study, study_dir: &Path, device: &str) -> Result<Artifact<Kind>, Error> {
    let out = study_dir.join("result");
    let recipe = recipe(study, study_dir);
    let write = |writer: &mut Writer<Kind>| {
        let text = format!("{:#}\n", study_json(&timeless(study)));
        let path = writer.dir().join(FILE);
        std::fs::write(&path, text).map_err(|source| Error::Io { path, source })?;
        Ok(Made { rows: Vec::new(), counts: counts(study), device })
    };
    match make(&out, recipe.clone(), write) {
        Err(Error::Artifact(ArtifactError::Changed { .. })) => {
            srlm_artifact::move_aside(&out)?;
            make(&out, recipe, write)
        }
        made => made,
    }
}

fn timeless(study: &Study) -> Study {
    let mut study = study.clone();
    study.seconds = None;
    study.curves.retain(|curve| curve.measure != "seconds");
    for point in &mut study.points {
        point.readings.remove("seconds");
        point.runs.iter_mut().for_each(|run| run.cost.seconds = None);
    }
    study
}

fn recipe(study: &Study, study_dir: &Path) -> Recipe {
    let points = study.points.iter().map(|point| {
        let runs = point
            .runs
            .iter()
            .map(|run| json!({ "id": run.id, "seed": run.seed, "state": run.state }));
        json!({ "settings": point.settings, "runs": runs.collect::<Vec<_>>() })
    });
    let config = json!({ "name": study.name, "points": points.collect::<Vec<_>>() });
    let inputs =
        study.runs().flat_map(|run| evaluations(study_dir, &run.id, run.models.len())).collect();
    STAGE.recipe(config, 0, inputs)
}

/// The evaluations of a run's models, by what they hold.
fn evaluations(study_dir: &Path, id: &str, n_models: usize) -> Vec<Input> {
    let input = |t: u32| {
        let run_dir = study_dir.join("runs").join(id);
        let manifest = Manifest::read(&run_dir.join(layout::round(t, "eval"))).ok()?;
        Some(Input {
            role: format!("{id}/{}", layout::iteration(t)),
            kind: manifest.kind,
            content_hash: manifest.content_hash,
        })
    };
    (0..n_models as u32).filter_map(input).collect()
}

fn counts(study: &Study) -> Counts {
    let n = |is: fn(&RunState) -> bool| study.runs().filter(|run| is(&run.state)).count() as u64;
    Counts::from([
        ("points".to_owned(), study.points.len() as u64),
        ("runs".to_owned(), study.runs().count() as u64),
        ("done".to_owned(), n(|state| *state == RunState::Done)),
        ("failed".to_owned(), n(|state| matches!(state, RunState::Failed(_)))),
        ("pending".to_owned(), n(|state| *state == RunState::Pending)),
    ])
}
