//! A trained model as a Hugging Face folder, and its adapter in PEFT's layout.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;
use srlm_checkpoint::{
    Checkpoint, FolderWriter, ModelConfig, SaveOptions, Tokenizer, write_safetensors,
};
use srlm_settings::LoraConfig;

use crate::error::Error;
use crate::model::Model;

impl Model {
    /// Writes a Hugging Face folder in f32: configuration, tokenizer and chat template of `like`,
    /// these weights.
    ///
    /// Adapters are merged into the weights; with `lora` they are also written as they are into
    /// `adapter/`, in PEFT's layout over `base`, the name of the model that they were trained on.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] when a file cannot be written.
    pub fn save(
        &self,
        dir: &Path,
        like: &Checkpoint,
        lora: Option<(&LoraConfig, &str)>,
    ) -> Result<(), Error> {
        if let Some((config, base)) = lora {
            self.save_adapter(&dir.join("adapter"), config, base)?;
        }
        self.clone().merge_lora().save_as(dir, &like.config, &like.tokenizer)
    }

    /// Writes a Hugging Face folder in f32 of these weights under a configuration and tokenizer
    /// given apart.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] when a file cannot be written.
    pub fn save_as(
        &self,
        dir: &Path,
        config: &ModelConfig,
        tokenizer: &Tokenizer,
    ) -> Result<(), Error> {
        let mut tensors = Vec::new();
        self.for_each_tensor(|name, source| tensors.push((name, source.shape)));
        let mut writer =
            FolderWriter::create(dir, config, tokenizer, &tensors, SaveOptions::default())?;
        let mut written = Ok(());
        self.for_each_tensor(|name, source| {
            if written.is_ok() {
                written = writer.tensor(&name, &source.values());
            }
        });
        written?;
        Ok(writer.finish()?)
    }

    /// Writes the adapters in PEFT's layout: `adapter_config.json` and `adapter_model.safetensors`.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] when a file cannot be written.
    pub fn save_adapter(&self, dir: &Path, config: &LoraConfig, base: &str) -> Result<(), Error> {
        let failed = |source| srlm_checkpoint::Error::Io { path: dir.to_owned(), source };
        std::fs::create_dir_all(dir).map_err(failed)?;
        let settings = json!({
            "peft_type": "LORA",
            "task_type": "CAUSAL_LM",
            "base_model_name_or_path": base,
            "r": config.rank,
            "lora_alpha": config.alpha,
            "lora_dropout": config.dropout,
            "use_dora": config.dora,
            "bias": "none",
            "target_modules": config.target_modules,
            "fan_in_fan_out": false,
            "inference_mode": true,
        });
        std::fs::write(dir.join("adapter_config.json"), format!("{settings:#}\n"))
            .map_err(failed)?;
        let mut tensors = Vec::new();
        self.for_each_tensor(|name, source| {
            if let Some(name) = peft_name(&name) {
                tensors.push((name, source.shape.clone(), source.values()));
            }
        });
        let metadata = BTreeMap::from([("format".to_owned(), "pt".to_owned())]);
        Ok(write_safetensors(&dir.join("adapter_model.safetensors"), &tensors, &metadata)?)
    }
}

/// PEFT's name of an adapter's tensor; `None` for every other tensor.
fn peft_name(name: &str) -> Option<String> {
    let (linear, part) = name.split_once(".adapter.")?;
    let part = match part {
        "lora_a" => "lora_A.weight",
        "lora_b" => "lora_B.weight",
        // PEFT leaves `.weight` out here.
        "lora_magnitude_vector" => "lora_magnitude_vector",
        _ => return None,
    };
    Some(format!("base_model.model.{linear}.{part}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adapters_are_named_as_peft_names_them() {
        let name = peft_name("model.layers.3.mlp.up_proj.adapter.lora_b");
        assert_eq!(
            name.as_deref(),
            Some("base_model.model.model.layers.3.mlp.up_proj.lora_B.weight")
        );
        assert_eq!(peft_name("model.layers.3.mlp.up_proj.weight"), None);
    }
}
