//! A table, a model and changed copies of it.

use std::path::{Path, PathBuf};

use srlm_checkpoint::{Checkpoint, FolderWriter, SaveOptions};
use srlm_external::{Decay, Lora, Method, Order, Precision, Preference, Training};

pub(crate) fn preference(loss_type: &[&str]) -> Method {
    Method::Preference(Preference {
        loss_type: loss_type.iter().map(|&name| name.to_owned()).collect(),
        loss_weights: vec![1.0; loss_type.len()],
        beta: 0.1,
        label_smoothing: 0.0,
        simpo_gamma: 0.0,
        ld_alpha: 1.0,
    })
}

pub(crate) fn training(method: Method) -> Training {
    Training {
        method,
        epochs: 2,
        max_steps: 0,
        batch_size: 16,
        max_length: 1024,
        learning_rate: 1e-6,
        final_learning_rate: 1e-7,
        decay: Decay::Linear,
        warmup_steps: 3,
        adam_beta1: 0.9,
        adam_beta2: 0.999,
        adam_epsilon: 1e-8,
        weight_decay: 0.0,
        max_grad_norm: 1.0,
        precision: Precision::Bf16,
        order: Order::Shuffled,
        checkpoint_every: 50,
        lora: None,
        ours_alone: Vec::new(),
        seed: 42,
    }
}

pub(crate) fn lora() -> Lora {
    let target_modules = ["q_proj", "v_proj", "down_proj"].map(String::from).to_vec();
    Lora { rank: 2, alpha: 4.0, dropout: 0.05, dora: false, target_modules }
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
