//! A folder's manifest as the source of a row.

use std::path::Path;

use srlm_artifact::{Manifest, layout};

use super::row::{Count, FunnelRow, RowState};

/// Where an iteration's folders are.
#[derive(Clone, Copy)]
pub(super) struct Folders<'a> {
    pub(super) run_dir: &'a Path,
    pub(super) iteration: u32,
}

impl Folders<'_> {
    /// The path of a stage's folder, relative to the run.
    pub(super) fn path(self, stage: &str) -> String {
        layout::round(self.iteration, stage)
    }

    pub(super) fn exists(self, stage: &str) -> bool {
        self.run_dir.join(self.path(stage)).join("manifest.json").exists()
    }

    /// The row that `fill` makes of the manifest, or a row that says why there is none.
    pub(super) fn row(
        self,
        (stage, unit): (&'static str, &'static str),
        folder: String,
        fill: impl FnOnce(FunnelRow, &Manifest) -> FunnelRow,
    ) -> FunnelRow {
        let manifest = Manifest::read(&self.run_dir.join(&folder));
        let mut row = FunnelRow::new(stage, unit, folder);
        match manifest {
            Ok(manifest) => {
                row.state = RowState::Counted;
                fill(row, &manifest)
            }
            Err(srlm_artifact::Error::Missing { .. }) => row,
            Err(error) => {
                row.state = RowState::Unreadable(crate::report::with_causes(&error));
                row
            }
        }
    }
}

/// A count of the manifest; older versions may not have it.
pub(super) fn count(manifest: &Manifest, name: &str) -> Option<u64> {
    manifest.counts.get(name).copied()
}

/// Those of these counts that the manifest has.
pub(super) fn counts(manifest: &Manifest, names: &[&str]) -> Vec<Count> {
    let named = |name: &&str| Some(Count { name: (*name).to_owned(), n: count(manifest, name)? });
    names.iter().filter_map(named).collect()
}

/// A number of the stage's settings.
pub(super) fn setting(manifest: &Manifest, key: &str) -> Option<u64> {
    manifest.provenance.config.get(key)?.as_u64()
}
