//! A trained model as an artifact folder.

use std::path::Path;

use srlm_checkpoint::{Checkpoint, SaveOptions};

use crate::error::Error;
use crate::lora::LoraConfig;
use crate::model::Model;

impl Model {
    /// Writes a Hugging Face folder in f32: configuration, tokenizer and chat template of `like`, these weights.
    ///
    /// Adapters are merged into the weights; with `lora` they are also written as they are into `adapter/`, in PEFT's
    /// layout over `base`, the name of the model that they were trained on.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] when a file cannot be written.
    pub fn save(&self, dir: &Path, like: &Checkpoint, lora: Option<(&LoraConfig, &str)>) -> Result<(), Error> {
        if let Some((config, base)) = lora {
            self.save_adapter(&dir.join("adapter"), config, base)?;
        }
        let merged = self.clone().merge_lora();
        let mut names = Vec::new();
        merged.for_each_tensor(|name, source| names.push((name, source.shape)));
        let mut writer = srlm_checkpoint::FolderWriter::create(dir, &like.config, &like.tokenizer, &names, SaveOptions::default())?;
        let mut failed = Ok(());
        merged.for_each_tensor(|name, source| {
            if failed.is_ok() {
                failed = writer.tensor(&name, &source.values());
            }
        });
        failed?;
        Ok(writer.finish()?)
    }
}
