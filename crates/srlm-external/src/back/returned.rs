//! A trained model as its tensors, however it was saved.

use std::fs;
use std::path::{Path, PathBuf};

use srlm_checkpoint::Checkpoint;

use super::adapter::Adapter;
use super::shape;
use crate::error::{Error, io};

/// What came back.
#[derive(Debug)]
pub(super) enum Returned<'a> {
    /// All weights.
    Whole(Box<Checkpoint>),
    /// A PEFT adapter over the model that was handed over.
    Adapter { adapter: Adapter, base: &'a Checkpoint, dir: PathBuf },
}

impl<'a> Returned<'a> {
    pub(super) fn open(folder: &Path, base: &'a Checkpoint) -> Result<Self, Error> {
        if folder.join("adapter_config.json").exists() {
            let adapter = Adapter::open(folder, base)?;
            shape::check_tokenizer_of_adapter(folder, base)?;
            return Ok(Self::Adapter { adapter, base, dir: folder.to_owned() });
        }
        let failed = |source| Error::NotAModel { path: folder.to_owned(), source };
        // Before the tensors are looked for: another configuration explains misshapen ones.
        let checkpoint = match Checkpoint::open(folder) {
            Err(error @ srlm_checkpoint::Error::TensorShape { .. }) => return Err(failed(error)),
            opened => opened.map_err(failed)?,
        };
        shape::check_config(folder, &checkpoint.config, &base.config)?;
        shape::check_tokenizer(folder, &checkpoint.tokenizer, &base.tokenizer)?;
        Ok(Self::Whole(Box::new(checkpoint)))
    }

    pub(super) fn is_adapter(&self) -> bool {
        matches!(self, Self::Adapter { .. })
    }

    /// Values of a tensor of the trained model, row-major.
    pub(super) fn tensor(&self, name: &str) -> Result<Vec<f32>, Error> {
        match self {
            Self::Whole(checkpoint) => Ok(checkpoint.tensor(name)?.1),
            Self::Adapter { adapter, base, .. } => {
                let (shape, mut values) = base.tensor(name)?;
                adapter.merge(name, &shape, &mut values);
                Ok(values)
            }
        }
    }

    /// Keeps an adapter as it came.
    pub(super) fn copy_adapter(&self, to: &Path) -> Result<(), Error> {
        let Self::Adapter { dir, .. } = self else { return Ok(()) };
        fs::create_dir_all(to).map_err(io("create", to))?;
        for name in ["adapter_config.json", "adapter_model.safetensors"] {
            fs::copy(dir.join(name), to.join(name)).map_err(io("copy", &dir.join(name)))?;
        }
        Ok(())
    }
}
