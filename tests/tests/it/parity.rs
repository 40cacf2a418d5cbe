//! Logits, losses and gradients against transformers, on SmolLM2 and on tiny models of two
//! architectures.

use std::sync::Arc;

use burn::tensor::Device;
use serde_json::Value;
use srlm_checkpoint::Checkpoint;
use srlm_dpo::{LossSettings, LossType, PairExample, PreferenceObjective};
use srlm_model::{Conversation, Model, PackedSequences};

use crate::reference::{close, ids, numbers, reference, smollm2, vectors};

/// Logits of every position.
fn logits(model: &Model, ids: &[u32]) -> Vec<Vec<f64>> {
    let packed = PackedSequences::new(&[ids]);
    let hidden = model.hidden(&packed.ids, &Arc::new(packed.layout.clone()));
    let logits = model.logits(hidden);
    let [_, width] = logits.dims();
    let values: Vec<f32> = logits.into_data().try_to_vec().unwrap();
    values.chunks(width).map(|row| row.iter().map(|&v| f64::from(v)).collect()).collect()
}

fn log_softmax(row: &[f64]) -> Vec<f64> {
    let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum = row.iter().map(|v| (v - top).exp()).sum::<f64>().ln() + top;
    row.iter().map(|v| v - sum).collect()
}

#[test]
fn smollm2_logits_equal_transformers() {
    let vectors = vectors("logits_smollm2_f32_dequant.json");
    let Some(checkpoint) = smollm2() else {
        return;
    };
    let model = Model::load(&checkpoint, &Device::flex()).unwrap();
    for case in vectors["cases"].as_array().unwrap() {
        let ids = ids(&case["ids"]);
        let rows = logits(&model, &ids);
        let last = rows.last().unwrap();
        for (i, theirs) in numbers(&case["last_logits_first16"]).into_iter().enumerate() {
            close("logit", last[i], theirs, 1e-3);
        }
        let logps = log_softmax(last);
        for entry in case["last_top20"].as_array().unwrap() {
            let (token, theirs) = (entry[0].as_u64().unwrap() as usize, entry[1].as_f64().unwrap());
            close("top-20 log-probability", logps[token], theirs, 1e-3);
        }
        let forced = numbers(&case["teacher_forced_logprobs"]);
        for (i, theirs) in forced.iter().enumerate() {
            close(
                "teacher-forced log-probability",
                log_softmax(&rows[i])[ids[i + 1] as usize],
                *theirs,
                1e-3,
            );
        }
        let greedy = self::ids(&case["greedy_ids"]);
        assert_eq!(
            last.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0 as u32,
            greedy[0]
        );
    }
}

#[test]
fn tiny_models_of_two_architectures_equal_transformers() {
    let vectors = vectors("tiny_models.json");
    for model in vectors["models"].as_array().unwrap() {
        let checkpoint = Checkpoint::open(&reference(model["file"].as_str().unwrap())).unwrap();
        tiny_model(&checkpoint, model);
    }
}

fn tiny_model(checkpoint: &Checkpoint, expected: &Value) {
    let model = Model::load(checkpoint, &Device::flex()).unwrap();
    for case in expected["cases"].as_array().unwrap() {
        let ids = ids(&case["ids"]);
        let rows = logits(&model, &ids);
        for (ours, theirs) in rows.last().unwrap().iter().zip(numbers(&case["last_logits"])) {
            close("logit", *ours, theirs, 1e-3);
        }
    }
}

#[test]
fn sft_loss_equals_transformers() {
    let vectors = vectors("sft_loss.json");
    let Some(checkpoint) = smollm2() else { return };
    let model = Model::load(&checkpoint, &Device::flex()).unwrap();
    for case in vectors["cases"].as_array().unwrap() {
        let ids = ids(&case["ids"]);
        let start = case["prompt_len"].as_u64().unwrap() as usize;
        let n = case["response_tokens"].as_u64().unwrap() as usize;
        let logps = model.response_logps(&[&ids[..start + n]], &[start])[0];
        close("mean loss", -logps / n as f64, case["mean_nll_response"].as_f64().unwrap(), 1e-4);
    }
}

#[test]
fn three_steps_of_dpo_equal_transformers() {
    let vectors = vectors("dpo_steps_sgd.json");
    let Some(checkpoint) = smollm2() else {
        return;
    };
    let mut model = Model::load(&checkpoint, &Device::flex().autodiff()).unwrap();
    let beta = vectors["beta"].as_f64().unwrap();
    let objective =
        PreferenceObjective { loss: LossSettings::of(LossType::Sigmoid, beta), ld_alpha: 1.0 };
    let conversation = |ids: Vec<u32>, pair: &Value| Conversation {
        ids,
        response_start: pair["prompt_len"].as_u64().unwrap() as usize,
    };
    let pairs: Vec<PairExample> = vectors["pairs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| PairExample {
            id: pair["id"].to_string(),
            chosen: conversation(ids(&pair["chosen_ids"]), pair),
            rejected: conversation(ids(&pair["rejected_ids"]), pair),
            ref_chosen_logps: pair["ref_chosen"].as_f64().unwrap(),
            ref_rejected_logps: pair["ref_rejected"].as_f64().unwrap(),
            label_weight: 1.0,
        })
        .collect();
    let batch: Vec<&PairExample> = pairs.iter().collect();
    for step in vectors["steps"].as_array().unwrap() {
        let loss = crate::training::loss(&objective, &model, &batch);
        close(
            "loss",
            f64::from(loss.clone().into_scalar::<f32>()),
            step["mean_loss"].as_f64().unwrap(),
            1e-4,
        );
        let (next, norms) = crate::training::sgd_step(model, loss.backward(), 1e-5);
        model = next;
        let total = norms.values().map(|norm| norm * norm).sum::<f64>().sqrt();
        let expected = step["total_grad_norm"].as_f64().unwrap();
        close("gradient norm", total, expected, 0.01 * expected);
        for (name, expected) in step["grad_norms"].as_object().unwrap() {
            let expected = expected.as_f64().unwrap();
            close(name, norms[name], expected, 0.01 * expected);
        }
    }
}
