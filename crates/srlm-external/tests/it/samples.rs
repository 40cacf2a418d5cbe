//! A table, a model and changed copies of it.

use std::path::{Path, PathBuf};

use srlm_checkpoint::{Checkpoint, FolderWriter, SaveOptions};
use srlm_external::{Table, Training};
use srlm_settings::{DpoConfig, LoraConfig, LossType, Precision, SftConfig, TrainConfig};

/// The paper's settings of preference training but for the epochs, with these losses.
pub(crate) fn dpo(loss_type: &[LossType]) -> DpoConfig {
    DpoConfig {
        loss_type: loss_type.iter().copied().map(Into::into).collect(),
        loss_weights: vec![1.0; loss_type.len()],
        train: numbers(),
        ..DpoConfig::default()
    }
}

pub(crate) fn sft() -> SftConfig {
    SftConfig { train: numbers(), ..SftConfig::default() }
}

fn numbers() -> TrainConfig {
    TrainConfig { epochs: 2, warmup_steps: 3, precision: Precision::Bf16, ..TrainConfig::default() }
}

pub(crate) fn of_dpo(table: &DpoConfig) -> Training<'_> {
    Training { table: Table::Dpo(table), seed: 42 }
}

pub(crate) fn of_sft(table: &SftConfig) -> Training<'_> {
    Training { table: Table::Sft(table), seed: 42 }
}

pub(crate) fn lora() -> LoraConfig {
    let target_modules = ["q_proj", "v_proj", "down_proj"].map(String::from).to_vec();
    LoraConfig { rank: 2, alpha: 4.0, dropout: 0.05, target_modules, ..LoraConfig::default() }
}

/// A two-layer Llama of random weights with a byte-level vocabulary and a chat template.
pub(crate) fn base() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../srlm-checkpoint/tests/fixtures/folders/llama")
}

/// A copy of the model with every value passed through `change`, called with the tensor's name and
/// place.
pub(crate) fn copy(out: &Path, options: SaveOptions, change: impl Fn(&str, usize, f32) -> f32) {
    let model = Checkpoint::open(&base()).unwrap();
    let tensors: Vec<_> = model.config.tensors().collect();
    let mut writer =
        FolderWriter::create(out, &model.config, &model.tokenizer, &tensors, options).unwrap();
    for (name, _) in &tensors {
        let values = model.tensor(name).unwrap().1;
        let changed: Vec<f32> =
            values.iter().enumerate().map(|(i, &value)| change(name, i, value)).collect();
        writer.tensor(name, &changed).unwrap();
    }
    writer.finish().unwrap();
}

/// What a trainer might do.
pub(crate) fn trained(out: &Path) {
    copy(out, SaveOptions::default(), |name, _, value| {
        if name.ends_with("q_proj.weight") { value * 1.01 } else { value }
    });
}

/// Replaces text in a file.
pub(crate) fn edit(path: &Path, from: &str, to: &str) {
    let bytes = std::fs::read(path).unwrap();
    let at = bytes.windows(from.len()).position(|part| part == from.as_bytes()).unwrap();
    let edited = [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat();
    std::fs::write(path, edited).unwrap();
}
