//! Folders that transformers saved, made by `tests/fixtures/make_folders.py`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use srlm_artifact::Message;
use srlm_checkpoint::{Architecture, Checkpoint, Error, ModelConfig, RopeScaling};

use crate::models::{fixture, ids, json as read_json};

fn open(name: &str) -> Checkpoint {
    Checkpoint::open(&fixture("folders").join(name)).unwrap()
}

fn expected() -> Value {
    read_json(&fixture("folders/expected.json"))
}

#[test]
fn tensors_are_those_of_transformers() {
    for (name, tensors) in expected()["models"].as_object().unwrap() {
        let checkpoint = open(name);
        let tensors = tensors.as_object().unwrap();
        assert_eq!(checkpoint.tensor_names().len(), tensors.len(), "{name}");
        for (tensor, expected) in tensors {
            let (shape, values) = checkpoint.tensor(tensor).unwrap();
            assert_eq!(json!(shape), expected["shape"], "{name}: {tensor}");
            let first: Vec<f32> = serde_json::from_value(expected["first"].clone()).unwrap();
            assert_eq!(values[..first.len()], first, "{name}: {tensor}");
            let sum: f64 = values.iter().map(|v| f64::from(*v)).sum();
            assert!((sum - expected["sum"].as_f64().unwrap()).abs() < 1e-9, "{name}: {tensor}");
        }
    }
}

#[test]
fn configurations_are_read() {
    let llama = ModelConfig {
        architecture: Architecture::Llama,
        vocab_size: 300,
        hidden_size: 16,
        intermediate_size: 24,
        n_layers: 2,
        n_heads: 4,
        n_kv_heads: 2,
        head_dim: 4,
        rms_norm_eps: 1e-6,
        rope_theta: 500_000.0,
        rope_scaling: RopeScaling::Llama3 {
            factor: 8.0,
            low_freq_factor: 1.0,
            high_freq_factor: 4.0,
            original_max_position: 32,
        },
        max_positions: 64,
        tie_word_embeddings: false,
        attention_bias: true,
        attention_out_bias: true,
        mlp_bias: true,
        qk_norm: false,
        sliding_window: None,
        bos_token_id: Some(0),
        eos_token_ids: vec![1, 2],
        pad_token_id: Some(2),
    };
    assert_eq!(open("llama").config, llama);
    let plain = ModelConfig {
        rope_theta: 10_000.0,
        rope_scaling: RopeScaling::None,
        attention_bias: false,
        attention_out_bias: false,
        mlp_bias: false,
        ..llama
    };
    let mistral = ModelConfig {
        architecture: Architecture::Mistral,
        head_dim: 8,
        sliding_window: Some(16),
        ..plain.clone()
    };
    assert_eq!(open("mistral").config, mistral);
    let qwen2 = ModelConfig {
        architecture: Architecture::Qwen2,
        tie_word_embeddings: true,
        attention_bias: true,
        ..plain.clone()
    };
    assert_eq!(open("qwen2").config, qwen2);
    assert_eq!(
        open("qwen3").config,
        ModelConfig { architecture: Architecture::Qwen3, head_dim: 8, qk_norm: true, ..plain }
    );
}

#[test]
fn text_and_conversations_are_those_of_transformers() {
    let expected = expected();
    let messages: Vec<Message> = serde_json::from_value(expected["messages"].clone()).unwrap();
    for name in ["llama", "mistral", "qwen2", "qwen3"] {
        let tokenizer = open(name).tokenizer;
        let text = expected["text"].as_str().unwrap();
        assert_eq!(tokenizer.encode(text, true).unwrap(), ids(&expected["ids"]));
        let rendered = tokenizer.render_chat(&messages, true).unwrap();
        assert_eq!(rendered, expected["rendered"].as_str().unwrap());
        let tokens = tokenizer.encode_chat(&messages, true).unwrap();
        assert_eq!(tokens.iter().filter(|id| **id == 0).count(), 1, "the beginning stands once");
        assert_eq!(tokenizer.decode(&tokens, false).unwrap(), rendered);
        assert_eq!(tokenizer.eos_ids(), [1, 2]);
    }
}

/// A copy of a fixture in which things can be broken.
fn copy(name: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model");
    fs::create_dir(&path).unwrap();
    for entry in fs::read_dir(fixture("folders").join(name)).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), path.join(entry.file_name())).unwrap();
    }
    (dir, path)
}

fn edit(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut value = read_json(path);
    change(&mut value);
    fs::write(path, value.to_string()).unwrap();
}

/// The error's text, with the folder's place left out.
fn complaint(path: &Path) -> String {
    let error = Checkpoint::open(path).unwrap_err();
    let text = error.to_string();
    text.replace(path.to_str().unwrap(), "MODEL")
}

#[test]
fn what_config_json_may_not_say_is_named() {
    let cases = [
        (
            "model_type",
            json!("gemma"),
            "MODEL/config.json: architecture \"gemma\" is not supported; supported are llama, mistral, qwen2, qwen3",
        ),
        ("hidden_size", json!(null), "MODEL/config.json: hidden_size is missing"),
        (
            "hidden_size",
            json!("16"),
            "MODEL/config.json: hidden_size is \"16\"; it must be a whole number from 1",
        ),
        (
            "num_key_value_heads",
            json!(3),
            "MODEL/config.json: num_key_value_heads is 3, which does not divide the 4 query heads",
        ),
        (
            "hidden_act",
            json!("gelu"),
            "MODEL/config.json: hidden_act is \"gelu\"; read is \"silu\"",
        ),
        (
            "rope_parameters",
            json!({ "rope_type": "yarn" }),
            "MODEL/config.json: rope_parameters.rope_type is \"yarn\"; read are \"default\", \"linear\" and \"llama3\"",
        ),
        (
            "rope_parameters",
            json!({ "rope_type": "linear" }),
            "MODEL/config.json: rope_parameters.factor is missing",
        ),
        (
            "quantization_config",
            json!({}),
            "MODEL/config.json: quantization_config is set; read are folders in F32, F16 and BF16, and GGUF files",
        ),
        (
            "eos_token_id",
            json!(300),
            "MODEL/config.json: eos_token_id is 300, outside the vocabulary of 300",
        ),
        (
            "intermediate_size",
            json!(25),
            "MODEL/model.safetensors: tensor model.layers.0.mlp.gate_proj.weight has shape [24, 16], the configuration calls for [25, 16]",
        ),
        (
            "num_hidden_layers",
            json!(3),
            "MODEL/model.safetensors has no tensor model.layers.2.input_layernorm.weight",
        ),
        (
            "max_position_embeddings",
            json!(1_u64 << 40),
            "MODEL/config.json: max_position_embeddings is 1099511627776; it must be from 1 to 16777216",
        ),
    ];
    for (key, value, expected) in cases {
        let (_guard, path) = copy("llama");
        edit(&path.join("config.json"), |config| config[key] = value);
        assert_eq!(complaint(&path), expected);
    }
}

#[test]
fn windows_in_some_layers_only_are_refused() {
    let (_guard, path) = copy("qwen2");
    let all = json!(["sliding_attention", "sliding_attention"]);
    edit(&path.join("config.json"), |config| {
        config["use_sliding_window"] = json!(true);
        config["sliding_window"] = json!(16);
        config["layer_types"] = all;
    });
    assert_eq!(Checkpoint::open(&path).unwrap().config.sliding_window, Some(16));
    edit(&path.join("config.json"), |config| {
        config["layer_types"] = json!(["full_attention", "sliding_attention"])
    });
    assert_eq!(
        complaint(&path),
        "MODEL/config.json: layer_types has the window in 1 of 2 layers; read are all or none"
    );
    edit(&path.join("config.json"), |config| {
        config["layer_types"] = json!(["full_attention", "full_attention"])
    });
    assert_eq!(Checkpoint::open(&path).unwrap().config.sliding_window, None);
}

#[test]
fn missing_files_are_named() {
    let cases = [
        (
            "llama",
            "config.json",
            "MODEL is not a model: it has no config.json; a model is a folder as Hugging Face lays it out, or a .gguf file",
        ),
        (
            "llama",
            "model.safetensors",
            "MODEL is not a model: it has neither model.safetensors nor model.safetensors.index.json",
        ),
        (
            "mistral",
            "model-00003-of-00004.safetensors",
            "cannot read or write MODEL/model-00003-of-00004.safetensors",
        ),
        (
            "llama",
            "tokenizer.json",
            "MODEL/tokenizer.json: tokenizer: is missing; in Python, AutoTokenizer.from_pretrained(\"MODEL\", use_fast=True).save_pretrained(\"FOLDER\") writes it",
        ),
    ];
    for (name, file, expected) in cases {
        let (_guard, path) = copy(name);
        fs::remove_file(path.join(file)).unwrap();
        assert_eq!(complaint(&path), expected);
    }
    assert!(complaint(Path::new("/no/such/model")).contains("there is no such file or folder"));
}

#[test]
fn a_file_cut_short_is_named() {
    let (_guard, path) = copy("llama");
    let file = path.join("model.safetensors");
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
    let text = complaint(&path);
    assert!(
        text.starts_with("MODEL/model.safetensors: malformed header: tensor ")
            && text.ends_with("it is cut short"),
        "{text}"
    );
}

#[test]
fn an_index_may_not_lead_elsewhere() {
    for name in ["../model.safetensors", "/etc/model.safetensors", "model.bin"] {
        let (_guard, path) = copy("mistral");
        edit(&path.join("model.safetensors.index.json"), |index| {
            index["weight_map"]["lm_head.weight"] = json!(name)
        });
        let expected = format!(
            "MODEL/model.safetensors.index.json: malformed header: {name:?} is not the name of a safetensors file beside it"
        );
        assert_eq!(complaint(&path), expected);
    }
}

#[test]
fn the_hash_follows_content_and_not_place() {
    let (_guard, path) = copy("mistral");
    let hash = |path: &Path| Checkpoint::open(path).unwrap().content_hash().unwrap();
    let before = hash(&path);
    assert_eq!(before, hash(&fixture("folders/mistral")));
    assert!(before.starts_with("sha256:") && before.len() == 71);
    fs::write(path.join("README.md"), "notes").unwrap();
    assert_eq!(hash(&path), before);
    fs::write(path.join("chat_template.jinja"), "{{ messages }}").unwrap();
    assert_ne!(hash(&path), before);
}

#[test]
fn a_tensor_of_another_name_is_an_error() {
    assert!(
        matches!(open("llama").tensor("model.nothing"), Err(Error::MissingTensor { name, .. }) if name == "model.nothing")
    );
}
