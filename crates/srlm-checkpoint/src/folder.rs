//! The weights of a Hugging Face folder: one safetensors file, or several with an index.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::config::ModelConfig;
use crate::error::Error;
use crate::safetensors::{Header, Placed};
use crate::weights::Weights;

pub(crate) const SINGLE: &str = "model.safetensors";
pub(crate) const INDEX: &str = "model.safetensors.index.json";

/// The part of the index that is read: each tensor's file.
#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// Finds every tensor that the configuration calls for.
pub(crate) fn read_weights(dir: &Path, config: &ModelConfig) -> Result<Weights, Error> {
    let shards = Shards::find(dir)?;
    let mut headers: BTreeMap<PathBuf, Header> = BTreeMap::new();
    let mut entries = BTreeMap::new();
    for (name, shape) in config.tensors() {
        let missing =
            |path: &Path| Error::MissingTensor { path: path.to_owned(), name: name.clone() };
        let path = shards.of(&name).ok_or_else(|| missing(dir))?;
        if !headers.contains_key(&path) {
            headers.insert(path.clone(), Header::open(&path)?);
        }
        match headers[&path].get(&path, &name) {
            None => return Err(missing(&path)),
            Some(Placed::Unread(found)) => return Err(Error::TensorType { path, name, found }),
            Some(Placed::Read(entry)) if entry.shape != shape => {
                return Err(Error::TensorShape { path, name, found: entry.shape, expected: shape });
            }
            Some(Placed::Read(entry)) => entries.insert(name, entry),
        };
    }
    Ok(Weights { path: dir.to_owned(), entries })
}

/// Names of the weights files of a folder, in order.
pub(crate) fn weight_files(dir: &Path) -> Result<Vec<String>, Error> {
    let shards = Shards::find(dir)?;
    Ok(match &shards.files {
        None => vec![SINGLE.to_owned()],
        Some(map) => {
            let mut names: Vec<_> = map.values().cloned().collect();
            names.sort();
            names.dedup();
            names
        }
    })
}

/// Names of the weights files that an index lists, which must be plain names in its own folder.
pub(crate) fn indexed_files(path: &Path) -> Result<BTreeMap<String, String>, Error> {
    let bytes = fs::read(path).map_err(Error::io(path))?;
    let index: Index = serde_json::from_slice(&bytes).map_err(Error::json(path))?;
    let plain = |name: &str| name.ends_with(".safetensors") && !name.contains(['/', '\\', ':']);
    match index.weight_map.values().find(|name| !plain(name)) {
        Some(name) => Err(Error::header(
            path,
            format!("{name:?} is not the name of a safetensors file beside it"),
        )),
        None => Ok(index.weight_map),
    }
}

struct Shards<'a> {
    dir: &'a Path,
    /// `None` when all is in [`SINGLE`].
    files: Option<BTreeMap<String, String>>,
}

impl<'a> Shards<'a> {
    fn find(dir: &'a Path) -> Result<Self, Error> {
        if dir.join(SINGLE).exists() {
            return Ok(Self { dir, files: None });
        }
        let index = dir.join(INDEX);
        if index.exists() {
            return Ok(Self { dir, files: Some(indexed_files(&index)?) });
        }
        let reason = if dir.join("pytorch_model.bin").exists()
            || dir.join("pytorch_model.bin.index.json").exists()
        {
            "its weights are pickled (pytorch_model.bin); in Python, AutoModelForCausalLM.from_pretrained(\"FOLDER\")\
             .save_pretrained(\"NEW\") writes safetensors"
        } else {
            "it has neither model.safetensors nor model.safetensors.index.json"
        };
        Err(Error::NotAModel { path: dir.to_owned(), reason: reason.to_owned() })
    }

    fn of(&self, name: &str) -> Option<PathBuf> {
        match &self.files {
            None => Some(self.dir.join(SINGLE)),
            Some(map) => map.get(name).map(|file| self.dir.join(file)),
        }
    }
}
