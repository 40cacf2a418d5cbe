//! A model on disk, opened.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;

use srlm_artifact::{Artifact, Model as ModelKind};

use crate::config::{self, ModelConfig};
use crate::error::Error;
use crate::folder;
use crate::gguf;
use crate::hash;
use crate::tokenizer::Tokenizer;
use crate::weights::{StoredMatrix, Weights};

/// A model's configuration and tokenizer, and its weights, read one tensor at a time.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// Sizes and switches.
    pub config: ModelConfig,
    /// Vocabulary, special tokens and chat template.
    pub tokenizer: Tokenizer,
    path: PathBuf,
    weights: Weights,
}

impl Checkpoint {
    /// Opens a Hugging Face folder or a `.gguf` file and checks that every tensor is there in the
    /// right shape.
    ///
    /// # Errors
    /// An unknown architecture or scaling, a missing or misshapen tensor and a file cut short are
    /// named.
    pub fn open(path: &Path) -> Result<Self, Error> {
        if is_artifact(path) {
            // A file that its stage did not write, such as a chat template put there later, would
            // change everything that follows.
            Artifact::<ModelKind>::open(path)?;
        }
        let (config, weights, tokenizer) = if path.is_dir() {
            Self::open_folder(path)?
        } else if path.exists() {
            Self::open_gguf(path)?
        } else {
            return Err(Error::NotAModel {
                path: path.to_owned(),
                reason: "there is no such file or folder".to_owned(),
            });
        };
        for (name, shape) in config.tensors() {
            weights.entry(&name, &shape)?;
        }
        Ok(Self { config, tokenizer, path: path.to_owned(), weights })
    }

    fn open_folder(dir: &Path) -> Result<(ModelConfig, Weights, Tokenizer), Error> {
        let config = config::read_config(dir)?;
        let weights = folder::read_weights(dir, &config)?;
        let tokenizer = Tokenizer::from_folder(dir, &config.eos_token_ids)?;
        Ok((config, weights, tokenizer))
    }

    fn open_gguf(path: &Path) -> Result<(ModelConfig, Weights, Tokenizer), Error> {
        let header = gguf::Header::open(path)?;
        let metadata = gguf::Metadata { header: &header, path };
        let config = gguf::read_config(metadata)?;
        let weights = gguf::read_weights(metadata, &config)?;
        let tokenizer = Tokenizer::from_gguf(metadata, &config.eos_token_ids)?;
        Ok((config, weights, tokenizer))
    }

    /// Hashes the files of a model that one of our stages wrote, where this process has not done so
    /// since they last changed: for what is about to be computed with. What other programs wrote
    /// has no hash to compare with.
    ///
    /// # Errors
    /// `Error::Artifact` names the file whose bytes are not those that were written.
    pub fn verify(&self) -> Result<(), Error> {
        static VERIFIED: Mutex<BTreeSet<Vec<FileState>>> = Mutex::new(BTreeSet::new());
        if !is_artifact(&self.path) {
            return Ok(());
        }
        let artifact = Artifact::<ModelKind>::open(&self.path)?;
        let files = artifact.manifest().files.iter().map(|file| self.path.join(&file.path));
        let states: Vec<FileState> = files.map(FileState::of).collect::<Result<_, _>>()?;
        let is_known = |known: &BTreeSet<Vec<FileState>>| known.contains(&states);
        if VERIFIED.lock().is_ok_and(|known| is_known(&known)) {
            return Ok(());
        }
        artifact.verify()?;
        if let Ok(mut known) = VERIFIED.lock() {
            known.insert(states);
        }
        Ok(())
    }

    /// Where it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Shape and values of the tensor with the Hugging Face name `name`, row-major, in f32 whatever
    /// it is stored as.
    ///
    /// # Errors
    /// `Error::MissingTensor` for a name that this model does not have, `Error::Io` when its file
    /// cannot be read.
    pub fn tensor(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>), Error> {
        let missing =
            || Error::MissingTensor { path: self.weights.path.clone(), name: name.to_owned() };
        let shape = self.config.tensor_shape(name).ok_or_else(missing)?;
        let values = self.weights.entry(name, &shape)?.read()?;
        Ok((shape, values))
    }

    /// The matrix with the Hugging Face name `name` as its file stores it; `None` when the tensor
    /// is a vector.
    ///
    /// # Errors
    /// Those of [`Checkpoint::tensor`].
    pub fn stored(&self, name: &str) -> Result<Option<StoredMatrix>, Error> {
        let missing =
            || Error::MissingTensor { path: self.weights.path.clone(), name: name.to_owned() };
        let shape = self.config.tensor_shape(name).ok_or_else(missing)?;
        StoredMatrix::read(self.weights.entry(name, &shape)?)
    }

    /// Hugging Face names of all tensors, in the order of the model.
    pub fn tensor_names(&self) -> Vec<String> {
        self.config.tensors().map(|(name, _)| name).collect()
    }

    /// `sha256:` and a hash of the configuration, weights and tokenizer files; of a `.gguf`, the
    /// file's own. Every byte is read.
    ///
    /// # Errors
    /// `Error::Io`.
    pub fn content_hash(&self) -> Result<String, Error> {
        hash::content_hash(&self.path)
    }
}

fn is_artifact(path: &Path) -> bool {
    path.join("manifest.json").symlink_metadata().is_ok()
}

/// What changes when a file does.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct FileState {
    path: PathBuf,
    bytes: u64,
    modified: Option<SystemTime>,
}

impl FileState {
    fn of(path: PathBuf) -> Result<Self, Error> {
        let metadata = std::fs::metadata(&path).map_err(Error::io(&path))?;
        Ok(Self { bytes: metadata.len(), modified: metadata.modified().ok(), path })
    }
}
