//! Training step by step against TRL's trainers, on a model that a formula gives:
//! `tests/fixtures/training_curves.py`.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Tensor, TensorData};
use serde_json::Value;
use sha2::{Digest, Sha256};
use srlm_artifact::{Message, MetricsRow, Prompt, read_jsonl};
use srlm_checkpoint::{Architecture, Checkpoint, ModelConfig, RopeScaling};
use srlm_dpo::{LossSettings, LossType, PairExample, PreferenceObjective};
use srlm_model::{Conversation, Model};
use srlm_sft::{Example, ResponseLoss};
use srlm_train::{Decay, Objective, Order, Settings, TrainConfig, TrainRuntime, Trained, train};

use crate::reference::{close, ids, numbers, shared, smollm2};
use crate::training::to_the_end;

pub(crate) fn fixture(name: &str) -> Value {
    let path = format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn config() -> ModelConfig {
    ModelConfig {
        architecture: Architecture::Llama,
        vocab_size: 64,
        hidden_size: 32,
        intermediate_size: 48,
        n_layers: 2,
        n_heads: 4,
        n_kv_heads: 2,
        head_dim: 8,
        rms_norm_eps: 1e-5,
        rope_theta: 10_000.0,
        rope_scaling: RopeScaling::None,
        max_positions: 128,
        tie_word_embeddings: true,
        attention_bias: false,
        attention_out_bias: false,
        mlp_bias: false,
        qk_norm: false,
        sliding_window: None,
        bos_token_id: Some(1),
        eos_token_ids: vec![2],
        pad_token_id: Some(0),
    }
}

/// The model of `tests/fixtures/tiny_llama.py`: each tensor's index in the fixture's list gives its
/// values.
pub(crate) fn tiny_llama(tensors: &Value, device: &Device) -> Model {
    struct Fill(std::vec::IntoIter<usize>);
    impl ModuleMapper for Fill {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let (index, shape) = (self.0.next().unwrap() as f64, param.dims());
            let value = |k: usize| {
                let k = k as f64;
                let wave = (0.7 * (index + 1.0) + 0.0123 * k * k).sin();
                (if D == 1 { 1.0 + 0.1 * wave } else { 0.25 * wave }) as f32
            };
            let values: Vec<f32> = (0..shape.iter().product()).map(value).collect();
            let tensor = Tensor::from_data(TensorData::new(values, shape), &param.val().device());
            let is_trained = param.val().device().is_autodiff();
            Param::initialized(param.id, if is_trained { tensor.require_grad() } else { tensor })
        }
    }
    let model = Model::zeros(&config(), device);
    let listed: Vec<&str> =
        tensors.as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap()).collect();
    let mut indices = Vec::new();
    model.for_each_tensor(|name, _| {
        indices.push(listed.iter().position(|&listed| listed == name).unwrap())
    });
    assert_eq!(indices.len(), listed.len());
    model.map(&mut Fill(indices.into_iter()))
}

fn train_config(run: &Value) -> TrainConfig {
    let of = |key: &str| run[key].as_u64().unwrap() as u32;
    let rates = numbers(&run["steps"]["learning_rate"]);
    TrainConfig {
        epochs: 100,
        max_steps: of("n_steps"),
        batch_size: (of("batch_size") * of("gradient_accumulation")) as usize,
        order: Order::AsGiven,
        max_length: 128,
        learning_rate: run["optimizer"]["lr"].as_f64().unwrap(),
        final_learning_rate: *rates.last().unwrap(),
        decay: Decay::Linear,
        warmup_steps: of("warmup_steps"),
        weight_decay: run["optimizer"]["weight_decay"].as_f64().unwrap(),
        checkpoint_every: 0,
        ..TrainConfig::default()
    }
}

fn follow<O: Objective>(
    fixture: &Value,
    run: &Value,
    objective: &O,
    examples: &[O::Example],
) -> Trained {
    let (config, dir) = (train_config(run), tempfile::tempdir().unwrap());
    // Small passes: the loss of a step must not depend on how it is divided.
    let runtime = TrainRuntime { micro_batch_tokens: 40, recompute_layers: false };
    let settings = Settings {
        config: &config,
        runtime: &runtime,
        more_devices: &[],
        adapter_dropout: 0.0,
        seed: 1,
    };
    let model = tiny_llama(&fixture["weights"]["tensors"], &Device::flex().autodiff());
    let trained = train(model, objective, examples, settings, dir.path(), to_the_end()).unwrap();
    curves(&trained.metrics, &run["steps"]);
    for weight in run["weights"].as_array().unwrap() {
        let (name, index) =
            (weight["name"].as_str().unwrap(), weight["index"].as_u64().unwrap() as usize);
        trained.model.for_each_tensor(|ours, source| {
            if ours == name {
                close(
                    name,
                    f64::from(source.values()[index]),
                    weight["value"].as_f64().unwrap(),
                    1e-4,
                );
            }
        });
    }
    trained
}

/// Every column that TRL logged, step by step.
fn curves(metrics: &[MetricsRow], expected: &Value) {
    for (column, values) in expected.as_object().unwrap() {
        let values = numbers(values);
        assert_eq!(metrics.len(), values.len());
        for (row, theirs) in metrics.iter().zip(values) {
            let ours = serde_json::to_value(row).unwrap()[column].as_f64().unwrap();
            let tolerance =
                if column == "learning_rate" { 1e-12 } else { 1e-3 * theirs.abs().max(1.0) };
            close(&format!("{column} at step {}", row.step), ours, theirs, tolerance);
        }
    }
}

/// Ten steps of the default model on real replies; `tests/fixtures/smollm2_curves.py`.
#[test]
fn ten_steps_on_smollm2_are_those_of_trl() {
    let (Some(checkpoint), Some(groups)) =
        (smollm2(), shared("data/oasst_en100/ranked_groups.jsonl"))
    else {
        return;
    };
    let fixture = fixture("smollm2_curves.json");
    let lines: Vec<Value> = read_jsonl(&groups).unwrap();
    let conversation = |example: &Value, reply: &str, expected: &Value| {
        let group = &lines[example["row"].as_u64().unwrap() as usize];
        let messages: Vec<Message> = serde_json::from_value(group["messages"].clone()).unwrap();
        let text =
            group["replies"][example[reply].as_u64().unwrap() as usize]["text"].as_str().unwrap();
        let whole = Conversation::new(&checkpoint.tokenizer, &Prompt::conversation(messages), text)
            .unwrap();
        let cut = whole.truncated(256).unwrap();
        let bytes: Vec<u8> = cut.ids.iter().flat_map(|id| id.to_le_bytes()).collect();
        let hash: String =
            Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, expected["sha256"], "tokens of {}", example["id"]);
        cut
    };
    for run in fixture["runs"].as_array().unwrap() {
        let examples = run["examples"].as_array().unwrap();
        let name = run["name"].as_str().unwrap();
        let metrics = if name == "sft" {
            let example =
                |example: &Value| Example::response("", conversation(example, "reply", example));
            let examples: Vec<Example> = examples.iter().map(example).collect();
            ten_steps(&checkpoint, &ResponseLoss, &examples)
        } else {
            let pair = |example: &Value| PairExample {
                id: example["id"].to_string(),
                chosen: conversation(example, "chosen_reply", &example["chosen"]),
                rejected: conversation(example, "rejected_reply", &example["rejected"]),
                ref_chosen_logps: example["ref_chosen_logps"].as_f64().unwrap(),
                ref_rejected_logps: example["ref_rejected_logps"].as_f64().unwrap(),
                label_weight: 1.0,
            };
            let pairs: Vec<PairExample> = examples.iter().map(pair).collect();
            let objective = PreferenceObjective {
                loss: LossSettings::of(LossType::Sigmoid, 0.1),
                ld_alpha: 1.0,
            };
            ten_steps(&checkpoint, &objective, &pairs)
        };
        let mut expected = run["steps"].clone();
        // Rewards begin at 0, where the comparison of two roundings decides.
        expected.as_object_mut().unwrap().remove("rewards/accuracies");
        curves(&metrics, &expected);
    }
}

fn ten_steps<O: Objective>(
    checkpoint: &Checkpoint,
    objective: &O,
    examples: &[O::Example],
) -> Vec<MetricsRow> {
    let config = TrainConfig {
        batch_size: 4,
        order: Order::AsGiven,
        learning_rate: 1e-5,
        final_learning_rate: 1e-5,
        decay: Decay::Constant,
        checkpoint_every: 0,
        ..TrainConfig::default()
    };
    let (runtime, dir) = (TrainRuntime::default(), tempfile::tempdir().unwrap());
    let settings = Settings {
        config: &config,
        runtime: &runtime,
        more_devices: &[],
        adapter_dropout: 0.0,
        seed: 1,
    };
    let model = Model::load(checkpoint, &Device::flex().autodiff()).unwrap();
    train(model, objective, examples, settings, dir.path(), to_the_end()).unwrap().metrics
}

fn run<'a>(fixture: &'a Value, name: &str) -> &'a Value {
    fixture["runs"].as_array().unwrap().iter().find(|run| run["name"] == name).unwrap()
}

fn conversation(ids: Vec<u32>, example: &Value) -> Conversation {
    Conversation { ids, response_start: example["response_start"].as_u64().unwrap() as usize }
}

#[test]
fn fifty_steps_of_sft_are_those_of_trl() {
    let fixture = fixture("training_curves.json");
    for (name, n_steps) in [("sft", 50), ("sft_accumulated", 10)] {
        let run = run(&fixture, name);
        let examples: Vec<Example> = run["examples"]
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
            .map(|(i, example)| {
                Example::response(i.to_string(), conversation(ids(&example["ids"]), example))
            })
            .collect();
        assert_eq!(follow(&fixture, run, &ResponseLoss, &examples).metrics.len(), n_steps);
    }
}

#[test]
fn fifty_steps_of_dpo_are_those_of_trl() {
    let fixture = fixture("training_curves.json");
    let run = run(&fixture, "dpo");
    let pair = |(i, example): (usize, &Value)| PairExample {
        id: i.to_string(),
        chosen: conversation(ids(&example["chosen"]), example),
        rejected: conversation(ids(&example["rejected"]), example),
        ref_chosen_logps: example["ref_chosen_logps"].as_f64().unwrap(),
        ref_rejected_logps: example["ref_rejected_logps"].as_f64().unwrap(),
        label_weight: 1.0,
    };
    let pairs: Vec<PairExample> =
        run["examples"].as_array().unwrap().iter().enumerate().map(pair).collect();
    let beta = fixture["beta"].as_f64().unwrap();
    let objective =
        PreferenceObjective { loss: LossSettings::of(LossType::Sigmoid, beta), ld_alpha: 1.0 };
    assert_eq!(follow(&fixture, run, &objective, &pairs).metrics.len(), 50);
}
