//! The folder beside the target in which an artifact grows, across attempts.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::begin::{change, is_free};
use crate::changed::first_change;
use crate::error::io;
use crate::files::{beside, entries, list, parent, read_file, rename_dir, sync_dir, write_durably};
use crate::journal::damaged;
use crate::kind::supported;
use crate::manifest::MANIFEST;
use crate::seal::WHOLE;
use crate::{
    Artifact, Error, FileEntry, Format, Journal, Kind, Manifest, Recipe, check_seal, move_aside,
    recipe,
};

pub(crate) const RECIPE: &str = "recipe.json";
const PARTIAL_ROWS: &str = "rows.partial.jsonl";

/// `{out}.partial`: `recipe.json`, appended rows, checkpoints and the files of the artifact to be.
#[derive(Debug)]
pub(crate) struct Staging {
    pub(crate) dir: PathBuf,
}

/// Raised when what interrupted attempts leave takes another form: older folders are moved aside.
const STATE: u32 = 2;

/// `recipe.json`: whose staging folder it is.
#[derive(Serialize)]
struct Owner<'a> {
    state: u32,
    key: &'a str,
    kind: &'static str,
    format: Format,
    recipe: &'a Recipe,
}

#[derive(Deserialize)]
struct Begun {
    state: u32,
    key: String,
    kind: String,
    format: Format,
    recipe: Recipe,
}

impl Staging {
    /// The staging folder of this recipe, old or new. One of another, or of none, is moved aside.
    pub(crate) fn prepare<K: Kind>(out: &Path, recipe: &Recipe, key: &str) -> Result<Self, Error> {
        let staging = Self { dir: beside(out, ".partial") };
        if staging.dir.symlink_metadata().is_ok() && !staging.is_of::<K>(recipe) {
            move_aside(&staging.dir)?;
        }
        if staging.dir.symlink_metadata().is_err() {
            fs::create_dir(&staging.dir).map_err(io("create", &staging.dir))?;
            sync_dir(parent(out))?;
        }
        let path = staging.dir.join(RECIPE);
        if !path.exists() {
            let owner = serde_json::to_vec_pretty(&Owner {
                state: STATE,
                key,
                kind: K::NAME,
                format: K::FORMAT,
                recipe,
            })
            .expect("its keys are strings");
            write_durably(&path, &owner)?;
            sync_dir(&staging.dir)?;
        }
        Ok(staging)
    }

    /// Whether this recipe began it. `recipe.json` is the last file to go before the folder is
    /// renamed; then the manifest says it.
    fn is_of<K: Kind>(&self, recipe: &Recipe) -> bool {
        match self.owner() {
            Some(begun) => {
                (begun.kind.as_str(), begun.format) == (K::NAME, K::FORMAT)
                    && first_change(&begun.recipe, recipe).is_none()
            }
            None => {
                Manifest::read(&self.dir).is_ok_and(|made| change::<K>(&made, recipe).is_none())
            }
        }
    }

    fn owner(&self) -> Option<Begun> {
        let text = read_file(&self.dir.join(RECIPE)).ok()?;
        serde_json::from_slice(&text).ok().filter(|begun: &Begun| begun.state == STATE)
    }

    /// The key under which it was begun, which journals in it belong to.
    pub(crate) fn key(&self) -> Option<String> {
        self.owner().map(|begun| begun.key)
    }

    /// Ends what a process began that died after its manifest was written.
    pub(crate) fn publish_if_complete<K: Kind>(
        &self,
        out: &Path,
        recipe: &Recipe,
    ) -> Result<Option<Artifact<K>>, Error> {
        let path = self.dir.join(MANIFEST);
        if !path.exists() {
            return Ok(None);
        }
        match Artifact::<K>::staged(&self.dir, &is_transient) {
            Ok(artifact) if change::<K>(artifact.manifest(), recipe).is_none() => {
                self.publish(out)?;
                Artifact::open(out).map(Some)
            }
            _ => fs::remove_file(&path).map_err(io("remove", &path)).map(|()| None),
        }
    }

    /// The journal of appended rows.
    pub(crate) fn partial_rows(&self) -> PathBuf {
        self.dir.join(PARTIAL_ROWS)
    }

    /// Removes what an attempt wrote that died at its end; each file is written anew. So nothing
    /// that was put here since becomes part of the artifact.
    pub(crate) fn clear(&self) -> Result<(), Error> {
        for entry in entries(&self.dir)? {
            if !entry.file_name().to_str().is_some_and(is_transient) {
                remove(&entry.path())?;
            }
        }
        Ok(())
    }

    /// The files of the artifact to be.
    pub(crate) fn files(&self) -> Result<Vec<FileEntry>, Error> {
        list(&self.dir, |name| name != MANIFEST && !is_transient(name))
    }

    /// Turns a staging folder with a manifest into the artifact: what only attempts need goes, then
    /// the rename.
    pub(crate) fn publish(&self, out: &Path) -> Result<(), Error> {
        for entry in entries(&self.dir)? {
            if entry.file_name().to_str().is_some_and(|name| is_transient(name) && name != RECIPE) {
                remove(&entry.path())?;
            }
        }
        let recipe = self.dir.join(RECIPE);
        if recipe.exists() {
            remove(&recipe)?;
        }
        sync_dir(&self.dir)?;
        if !is_free(out) {
            return Err(Error::Occupied { path: out.to_owned() });
        }
        // Not every system renames to the name of an empty folder; one that is absent or filled
        // since stays so.
        let _ = fs::remove_dir(out);
        rename_dir(&self.dir, out)
    }
}

/// All that is wrong with a staging folder: whose it is, and what attempts left in it. Files of the
/// artifact to be are not looked at: they are written anew.
pub(crate) fn check_staging(dir: &Path) -> Vec<Error> {
    if dir.join(MANIFEST).symlink_metadata().is_ok() {
        // Only the rename is left to do; what is damaged is made again.
        return Vec::new();
    }
    let owner = dir.join(RECIPE);
    let text = match read_file(&owner) {
        Ok(text) => text,
        Err(error) => return vec![error],
    };
    let Some(key) = key_of(&text) else {
        return vec![damaged(&owner, "the recipe of the stage")];
    };
    let found = match entries(dir) {
        Ok(found) => found,
        Err(error) => return vec![error],
    };
    let check = |entry: &fs::DirEntry| check_entry(dir, entry, &key).err();
    found.iter().filter_map(check).collect()
}

/// The key in a `recipe.json` that is the key of the recipe in it.
fn key_of(text: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Owned {
        key: String,
        kind: String,
        recipe: Recipe,
    }
    let Owned { key, kind, recipe } = serde_json::from_slice(text).ok()?;
    let expected = recipe::key(&kind, supported(&kind)?, &recipe);
    (key == expected).then_some(key)
}

fn check_entry(dir: &Path, entry: &fs::DirEntry, key: &str) -> Result<(), Error> {
    let (path, name) = (entry.path(), entry.file_name());
    let name = name.to_string_lossy();
    let kind = entry.file_type().map_err(io("read", &path))?;
    if !kind.is_dir() && !kind.is_file() {
        return Err(damaged(&path, "a link or a device"));
    }
    let is_journal = name == PARTIAL_ROWS || name.starts_with("checkpoint") && kind.is_file();
    if is_journal {
        // Samples are kept for whoever asks for them again; all else for this recipe.
        let owner = if name == "checkpoint-samples.jsonl" { "" } else { key };
        return Journal::check(&path, owner);
    }
    if kind.is_dir() && path.join(WHOLE).symlink_metadata().is_ok() {
        return check_seal(dir, &path);
    }
    Ok(())
}

/// What is needed only until the artifact is complete.
fn is_transient(name: &str) -> bool {
    name == RECIPE
        || name == PARTIAL_ROWS
        || name.starts_with("checkpoint")
        || name.starts_with('.')
}

fn remove(path: &Path) -> Result<(), Error> {
    let is_dir = path.symlink_metadata().map_err(io("read", path))?.is_dir();
    if is_dir { fs::remove_dir_all(path) } else { fs::remove_file(path) }
        .map_err(io("remove", path))
}
