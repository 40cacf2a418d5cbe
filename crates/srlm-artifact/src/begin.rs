//! The start of every stage: is the result there, or is there something to write?

use std::fs;
use std::io::{Error as IoError, ErrorKind};
use std::path::Path;

use crate::changed::{Change, first_change};
use crate::error::io;
use crate::files::{beside, parent};
use crate::lock::FileLock;
use crate::shared;
use crate::staging::Staging;
use crate::{Artifact, Error, Kind, Manifest, Recipe, Writer};

/// What a stage finds when it starts.
#[derive(Debug)]
pub enum Begin<K: Kind> {
    /// The folder is complete and was made by the same recipe.
    UpToDate(Artifact<K>),
    /// The folder is to be written; the lock on it is held.
    Write(Writer<K>),
}

/// Decides between the artifact at `out` and a new one, and picks up what an interrupted attempt
/// with the same recipe left in the staging folder `{out}.partial`. A staging folder of another
/// recipe is moved aside. Where runs share ([`share_runs`](crate::share_runs)), an artifact that
/// another has made is taken over.
///
/// # Errors
/// [`Error::Changed`] where `out` was made by another recipe, [`Error::Locked`] where another
/// process writes it,
/// [`Error::Occupied`] where something else is there, and those of [`Artifact::open`].
pub fn begin<K: Kind>(out: &Path, recipe: Recipe) -> Result<Begin<K>, Error> {
    if let Some(artifact) = up_to_date(out, &recipe)? {
        return Ok(Begin::UpToDate(artifact));
    }
    if out.file_name().is_none() {
        return Err(io("write to", out)(IoError::new(
            ErrorKind::InvalidInput,
            "the path does not end with a name",
        )));
    }
    fs::create_dir_all(parent(out)).map_err(io("create", parent(out)))?;
    let lock = FileLock::acquire(&beside(out, ".lock"), out)?;
    // Another process may have finished before we had the lock.
    if let Some(artifact) = up_to_date(out, &recipe)? {
        return Ok(Begin::UpToDate(artifact));
    }
    let key = recipe.key::<K>();
    if let Some(artifact) = shared::take(out, &recipe)? {
        return Ok(Begin::UpToDate(artifact));
    }
    let staging = Staging::prepare::<K>(out, &recipe, &key)?;
    if let Some(artifact) = staging.publish_if_complete(out, &recipe)? {
        return Ok(Begin::UpToDate(artifact));
    }
    staging.clear()?;
    Ok(Begin::Write(Writer::new(out, staging, recipe, key, lock)?))
}

fn up_to_date<K: Kind>(out: &Path, recipe: &Recipe) -> Result<Option<Artifact<K>>, Error> {
    match Manifest::read(out) {
        Ok(manifest) => match change::<K>(&manifest, recipe) {
            None => Artifact::open(out).map(Some),
            Some(Change { field, was, now }) => Err(Error::Changed {
                path: out.to_owned(),
                stage: within_run(out),
                field,
                was,
                now,
            }),
        },
        Err(Error::Missing { .. }) if is_free(out) => Ok(None),
        Err(Error::Missing { .. }) => Err(Error::Occupied { path: out.to_owned() }),
        Err(error) => Err(error),
    }
}

/// The folder as `--force` takes it: `iter-1/pairs` below the folder that has a `run.toml`.
pub(crate) fn within_run(out: &Path) -> String {
    let within = run_of(out)
        .map_or_else(|| Path::new(out.file_name().unwrap_or_default()), |(_, within)| within);
    let parts: Vec<_> = within.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

/// The folder of the run that `out` lies in, which has a `run.toml`, and the rest of the path.
pub(crate) fn run_of(out: &Path) -> Option<(&Path, &Path)> {
    let run = out.ancestors().skip(1).find(|folder| folder.join("run.toml").exists())?;
    Some((run, out.strip_prefix(run).ok()?))
}

/// Whether nothing is lost when a folder is renamed to `out`.
pub(crate) fn is_free(out: &Path) -> bool {
    match fs::read_dir(out) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}

/// What makes the artifact of a manifest another than that of a recipe, if anything.
pub(crate) fn change<K: Kind>(manifest: &Manifest, now: &Recipe) -> Option<Change> {
    let other =
        |field: &str, was: String, now: String| Change { field: field.to_owned(), was, now };
    if manifest.kind != K::NAME {
        return Some(other("kind", manifest.kind.clone(), K::NAME.to_owned()));
    }
    let format = (manifest.format != K::FORMAT)
        .then(|| other("format", manifest.format.to_string(), K::FORMAT.to_string()));
    first_change(&manifest.provenance, now).or(format)
}
