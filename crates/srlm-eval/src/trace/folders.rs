//! Rows of an iteration's folders.

use std::path::Path;

use srlm_artifact::{Artifact, Kind, Manifest, layout};

use crate::Error;

/// What a folder holds about one prompt.
pub(super) struct Part<K: Kind> {
    pub(super) manifest: Manifest,
    pub(super) rows: Vec<K::Row>,
}

/// The artifact at `path`; `None` where there is none yet.
///
/// # Errors
/// [`Error::Artifact`]
pub(super) fn open<K: Kind>(path: &Path) -> Result<Option<Artifact<K>>, Error> {
    match Artifact::open(path) {
        Ok(artifact) => Ok(Some(artifact)),
        Err(srlm_artifact::Error::Missing { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// One iteration of a run.
#[derive(Clone, Copy)]
pub(super) struct Iteration<'a> {
    pub(super) run_dir: &'a Path,
    pub(super) number: u32,
}

impl Iteration<'_> {
    /// The rows of a folder that `keep` accepts; `None` where the folder is not complete.
    ///
    /// # Errors
    /// [`Error::Artifact`]
    pub(super) fn part<K: Kind>(
        self,
        folder: &str,
        keep: impl FnMut(&K::Row) -> bool,
    ) -> Result<Option<Part<K>>, Error> {
        let path = self.run_dir.join(layout::round(self.number, folder));
        let Some(artifact) = open::<K>(&path)? else { return Ok(None) };
        let mut rows = artifact.rows()?;
        rows.retain(keep);
        Ok(Some(Part { manifest: artifact.manifest().clone(), rows }))
    }
}
