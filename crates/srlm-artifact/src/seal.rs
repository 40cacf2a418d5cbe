//! Folders of a staging folder, each whole with the hashes of its files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::io;
use crate::files::{entries, read_file, write_durably};
use crate::journal::damaged;
use crate::staging::RECIPE;
use crate::{Error, sha256_file};

/// The file that says that a folder is whole.
pub(crate) const WHOLE: &str = "whole";

/// The same file while it is written.
const BEGUN: &str = "whole.begun";

/// What a whole folder holds, and whose it is.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Seal {
    /// The hash of the recipe that is being made.
    owner: String,
    /// The hash of each file.
    files: BTreeMap<String, String>,
}

/// Says that `folder`, in the staging folder `dir`, is whole: writes the file `whole` with the hash
/// of every file and of the recipe that they belong to.
///
/// # Errors
/// [`Error::Io`]
pub fn seal(dir: &Path, folder: &Path) -> Result<(), Error> {
    let text = serde_json::to_vec(&of(dir, folder)?).expect("its keys are strings");
    // Under another name first: a crash must not leave a part of it that says that all is there.
    let begun = folder.join(BEGUN);
    write_durably(&begun, &text)?;
    fs::rename(&begun, folder.join(WHOLE)).map_err(io("rename", &begun))
}

/// Whether a sealed folder holds what was written.
///
/// # Errors
/// [`Error::Damaged`] with the first file that is not what was written; [`Error::Io`]
pub fn check_seal(dir: &Path, folder: &Path) -> Result<(), Error> {
    let path = folder.join(WHOLE);
    let Some(written) = serde_json::from_slice::<Seal>(&read_file(&path)?).ok() else {
        return Err(damaged(&path, "its list of hashes"));
    };
    let found = of(dir, folder)?;
    if written.owner != found.owner {
        return Err(damaged(&path, "the recipe that it belongs to"));
    }
    let names = written.files.keys().chain(found.files.keys());
    let differs = |name: &&String| written.files.get(*name) != found.files.get(*name);
    match names.into_iter().find(differs) {
        Some(name) => Err(damaged(&folder.join(name), "its hash")),
        None => Ok(()),
    }
}

fn of(dir: &Path, folder: &Path) -> Result<Seal, Error> {
    let mut files = BTreeMap::new();
    for entry in entries(folder)? {
        let (name, path) = (entry.file_name(), entry.path());
        if name != WHOLE && name != BEGUN {
            files.insert(name.to_string_lossy().into_owned(), hash_of(&path)?);
        }
    }
    Ok(Seal { owner: hash_of(&dir.join(RECIPE))?, files })
}

/// Anything but a file has no hash: it cannot be one that was written.
fn hash_of(path: &Path) -> Result<String, Error> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => sha256_file(path).map_err(io("read", path)),
        _ => Ok("no file".to_owned()),
    }
}
