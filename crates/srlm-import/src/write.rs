//! The artifact folders.

use std::path::{Path, PathBuf};

use srlm_artifact::{
    Eft, Ift, Input, Kind, Made, Origin, Prompts, Recipe, Responses, Settings, Stage, make,
    sha256_file, stage,
};

use crate::error::io as io_error;
use crate::sides::Side;
use crate::split::SPLITS;
use crate::{Accounting, Error, ImportConfig};

const STAGE: Stage = stage!("srlm-import", 1);

/// An artifact folder of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The folder.
    pub dir: PathBuf,
    /// The file of its rows within the folder.
    pub file: &'static str,
    /// Its kind.
    pub kind: &'static str,
    /// Number of rows.
    pub rows: u64,
    /// Whether it was there already, made from the same files in the same way.
    pub up_to_date: bool,
}

/// Writes what the sides hold. A kind that has rows at all gets a folder for every side whose share
/// is above 0.
pub(crate) fn write(
    sides: [Side; 3],
    recipe: &Recipe,
    config: &ImportConfig,
    accounting: &mut Accounting,
    out: &Path,
) -> Result<Vec<Written>, Error> {
    let shares = [config.train, config.validation, config.test];
    let has = |rows: fn(&Side) -> usize| sides.iter().any(|side| rows(side) > 0);
    let has_ift = has(|side| side.ift.len());
    let has_ranked = has(|side| side.ranked_prompts.len());
    let (has_eft, has_prompts) = (has(|side| side.eft.len()), has(|side| side.prompts.len()));
    let mut folders = Vec::new();
    for ((side, split), _) in
        sides.into_iter().zip(SPLITS).zip(shares).filter(|(_, share)| *share > 0.0)
    {
        if has_ift {
            folders.push(Folder::of::<Ift>(format!("ift-{split}"), side.ift));
        }
        if has_ranked {
            folders.push(Folder::of::<Prompts>(
                format!("ranked-prompts-{split}"),
                side.ranked_prompts,
            ));
            folders.push(Folder::of::<Responses>(
                format!("ranked-responses-{split}"),
                side.ranked_responses,
            ));
        }
        if has_eft {
            folders.push(Folder::of::<Eft>(format!("eft-{split}"), side.eft));
        }
        if has_prompts {
            folders.push(Folder::of::<Prompts>(format!("prompts-{split}"), side.prompts));
        }
    }
    accounting.written =
        folders.iter().map(|folder| (folder.name.clone(), folder.n_rows)).collect();
    folders
        .into_iter()
        .map(|folder| (folder.write)(&out.join(&folder.name), recipe, accounting))
        .collect()
}

type Write = Box<dyn FnOnce(&Path, &Recipe, &Accounting) -> Result<Written, Error>>;

/// A folder to write, whatever its kind.
struct Folder {
    name: String,
    n_rows: u64,
    write: Write,
}

impl Folder {
    fn of<K: Kind>(name: String, rows: Vec<K::Row>) -> Self {
        let n_rows = rows.len() as u64;
        let write = move |out: &Path, recipe: &Recipe, accounting: &Accounting| {
            let artifact = make::<K, srlm_artifact::Error>(out, recipe.clone(), |_| {
                Ok(Made { rows, counts: accounting.counts(), device: "none" })
            })
            .map_err(changed)?;
            let file = K::ROWS_FILE.expect("the kinds of an import have rows");
            Ok(Written {
                dir: out.to_owned(),
                file,
                kind: K::NAME,
                rows: artifact.manifest().rows,
                up_to_date: artifact.origin() == Origin::UpToDate,
            })
        };
        Self { name, n_rows, write: Box::new(write) }
    }
}

/// Without the options of a run, which an import has not.
fn changed(error: srlm_artifact::Error) -> Error {
    match error {
        srlm_artifact::Error::Changed { path, field, was, now, .. } => {
            Error::Changed { path, field, was, now }
        }
        error => error.into(),
    }
}

/// What decides the result: the settings, and the files by their content and order, wherever they
/// are.
pub(crate) fn recipe(config: &ImportConfig, files: &[PathBuf]) -> Result<Recipe, Error> {
    let input = |(number, path): (usize, &PathBuf)| {
        let content_hash = format!("sha256:{}", sha256_file(path).map_err(io_error("read", path))?);
        Ok(Input { role: format!("file-{number:04}"), kind: "file".to_owned(), content_hash })
    };
    let inputs = (1..).zip(files).map(input).collect::<Result<_, Error>>()?;
    Ok(STAGE.recipe(Settings::of(config), config.seed, inputs))
}
