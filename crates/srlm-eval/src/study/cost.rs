//! What a run took, by its manifests.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;
use srlm_artifact::Manifest;

use crate::Error;

/// Work of a run, what it took over from others included.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Cost {
    /// Responses sampled.
    pub n_responses: u64,
    /// Judgments made.
    pub n_judgments: u64,
    /// Tokens trained on, every epoch counted.
    pub trained_tokens: u64,
    /// Time of all stages; an interrupted stage counts its last attempt only. `None` in a sealed
    /// result.
    pub seconds: Option<f64>,
}

/// A folder as one process made it: path within the run, key, time of creation. Runs that share a
/// folder have the same.
pub(crate) type Made = (String, String, String);

impl Cost {
    /// The cost of the run in `run_dir`. Seconds of folders that `made` does not have yet are added
    /// to `seconds`.
    pub(crate) fn of(
        run_dir: &Path,
        made: &mut BTreeSet<Made>,
        seconds: &mut f64,
    ) -> Result<Self, Error> {
        let (mut cost, mut all) = (Self::default(), 0.0);
        for (path, manifest) in manifests(run_dir)? {
            let counted = |name| manifest.counts.get(name).copied().unwrap_or(0);
            match manifest.kind.as_str() {
                // The seed's ranked responses were not sampled here.
                "responses" if !path.starts_with("seed") => cost.n_responses += manifest.rows,
                "judgments" => cost.n_judgments += manifest.rows,
                "model" => cost.trained_tokens += counted("tokens"),
                _ => {}
            }
            all += manifest.environment.wall_seconds;
            if made.insert((path, manifest.key, manifest.environment.created_at)) {
                *seconds += manifest.environment.wall_seconds;
            }
        }
        cost.seconds = Some(all);
        Ok(cost)
    }
}

/// The artifacts of a run, one folder down or two. A dot in a name marks what is unfinished or was
/// moved aside.
fn manifests(run_dir: &Path) -> Result<Vec<(String, Manifest)>, Error> {
    let mut found = Vec::new();
    for name in plain_folders(run_dir)? {
        let folder = run_dir.join(&name);
        match Manifest::read(&folder) {
            Ok(manifest) => found.push((name, manifest)),
            Err(_) => {
                let inner =
                    plain_folders(&folder)?.into_iter().map(|inner| format!("{name}/{inner}"));
                found.extend(inner.filter_map(|path| {
                    Some((path.clone(), Manifest::read(&run_dir.join(path)).ok()?))
                }));
            }
        }
    }
    Ok(found)
}

fn plain_folders(dir: &Path) -> Result<Vec<String>, Error> {
    let mut names = crate::report::folder_names(dir)?;
    names.retain(|name| !name.contains('.'));
    Ok(names)
}
