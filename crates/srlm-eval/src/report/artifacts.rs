//! Every artifact folder of a run, whatever stage made it.

use std::path::Path;

use srlm_artifact::{Manifest, Recipe};

use super::read::with_causes;
use super::{Facts, Folder, FolderState};

/// Deeper folders belong to somebody else.
const MOST_LEVELS: u32 = 4;

/// The complete and the unreadable artifacts below `run_dir`, in the order in which they were
/// finished.
pub(crate) fn artifacts(run_dir: &Path) -> Vec<Folder> {
    let mut found = Vec::new();
    collect(run_dir, "", MOST_LEVELS, &mut found);
    found.sort_by(|a: &Folder, b: &Folder| {
        let time = |folder: &Folder| folder.facts().map(|facts| facts.created_at.clone());
        // Unreadable ones have no time and come last.
        (time(a).is_none(), time(a), &a.path).cmp(&(time(b).is_none(), time(b), &b.path))
    });
    found
}

fn collect(dir: &Path, path: &str, levels: u32, found: &mut Vec<Folder>) {
    if !path.is_empty() && dir.join("manifest.json").exists() {
        let state = match Manifest::read(dir) {
            Ok(manifest) => FolderState::Complete(facts(&manifest)),
            Err(error) => FolderState::Unreadable(with_causes(&error)),
        };
        found.push(Folder { path: path.to_owned(), state });
        return;
    }
    let Some(entries) = std::fs::read_dir(dir).ok().filter(|_| levels > 0) else { return };
    for entry in entries.flatten().filter(|entry| entry.path().is_dir()) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_staging = name.starts_with('.') || name.contains(".partial");
        if !is_staging {
            let path = if path.is_empty() { name } else { format!("{path}/{name}") };
            collect(&entry.path(), &path, levels - 1, found);
        }
    }
}

/// What a manifest says.
pub(crate) fn facts(manifest: &Manifest) -> Facts {
    let Recipe { stage, stage_version, crate_version, seed, inputs, .. } = &manifest.provenance;
    Facts {
        kind: manifest.kind.clone(),
        n_rows: manifest.rows,
        counts: manifest.counts.clone(),
        content_hash: manifest.content_hash.clone(),
        inputs: inputs
            .iter()
            .map(|input| (input.role.clone(), input.content_hash.clone()))
            .collect(),
        stage: format!("{stage} {stage_version}"),
        version: crate_version.clone(),
        seed: *seed,
        device: manifest.environment.device.clone(),
        created_at: manifest.environment.created_at.clone(),
        wall_seconds: manifest.environment.wall_seconds,
    }
}
