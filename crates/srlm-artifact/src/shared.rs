//! Runs that take finished artifacts from each other instead of making them again.

use std::fs;
use std::path::{Path, PathBuf};

use crate::artifact::Origin;
use crate::begin::{change, run_of};
use crate::error::io;
use crate::files::{beside, entries, list, parent, rename_dir, write_durably};
use crate::manifest::MANIFEST;
use crate::{Artifact, Error, Kind, Manifest, Recipe};

/// A file of this name in a folder of runs says that they share.
const MARKER: &str = ".shared";

/// Lets the runs in `folder`, which is made if need be, take finished artifacts from each other:
/// [`begin`](crate::begin) looks at the same place in every run beside its own for one that is what
/// would be made. Its bytes are hashed, then its files become hard links, or copies where the
/// file system has none. One that fails the hash is made anew.
///
/// # Errors
/// [`Error::Io`]
pub fn share_runs(folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(io("create", folder))?;
    let marker = folder.join(MARKER);
    if marker.exists() { Ok(()) } else { write_durably(&marker, b"") }
}

/// The artifact at `out`, taken from another run that has made it by this recipe.
pub(crate) fn take<K: Kind>(out: &Path, recipe: &Recipe) -> Result<Option<Artifact<K>>, Error> {
    // What was begun here goes on.
    if beside(out, ".partial").exists() {
        return Ok(None);
    }
    for found in places(out)? {
        let manifest =
            Manifest::read(&found).ok().filter(|found| change::<K>(found, recipe).is_none());
        if let Some(manifest) = manifest
            && link(&manifest, &found, out)?
        {
            return Artifact::open(out).map(|artifact| Some(artifact.with_origin(Origin::Taken)));
        }
    }
    Ok(None)
}

/// The same place in every run beside that of `out`; none where runs do not share.
fn places(out: &Path) -> Result<Vec<PathBuf>, Error> {
    let Some((run, within)) = run_of(out) else { return Ok(Vec::new()) };
    let runs = parent(run);
    if !runs.join(MARKER).exists() {
        return Ok(Vec::new());
    }
    let others = entries(runs)?
        .into_iter()
        .filter(|entry| Some(entry.file_name().as_os_str()) != run.file_name());
    Ok(others.map(|other| other.path().join(within)).collect())
}

/// Whether the files of `from` are those of its manifest; if so, `out` has them.
fn link(manifest: &Manifest, from: &Path, out: &Path) -> Result<bool, Error> {
    let staged = beside(out, ".linked");
    let clear = || {
        if staged.exists() {
            fs::remove_dir_all(&staged).map_err(io("remove", &staged))
        } else {
            Ok(())
        }
    };
    // A process that died while it linked leaves this.
    clear()?;
    fs::create_dir(&staged).map_err(io("create", &staged))?;
    for file in &manifest.files {
        // A file that is missing shows in the list below.
        let _ = link_file(&from.join(&file.path), &staged.join(&file.path));
    }
    if list(&staged, |_| true)? != manifest.files {
        clear()?;
        return Ok(false);
    }
    let sealed = staged.join(MANIFEST);
    link_file(&from.join(MANIFEST), &sealed).map_err(io("link", &sealed))?;
    // An empty folder is in the way on some systems; one that is absent or filled since stays so.
    let _ = fs::remove_dir(out);
    rename_dir(&staged, out)?;
    Ok(true)
}

fn link_file(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(parent(to))?;
    fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(|_| ()))
}
