//! A model for tests: every token is equally likely.

use std::collections::BTreeMap;

use burn::tensor::Device;
use serde_json::{Value, json};
use srlm_checkpoint::{Architecture, ModelConfig, RopeScaling, Tokenizer};
use srlm_model::{Engine, EngineConfig, Model};

use crate::api::{Asked, Form};

const WORDS: [&str; 12] =
    ["<unk>", "<s>", "</s>", "▁a", "▁b", "▁c", "d", "e", "<0xC3>", "<0xA9>", "▁", "▁Human:"];

/// Words with a space before them, as SentencePiece has them; it adds `<s>`, and `</s>` ends a
/// text.
pub(crate) fn tokenizer() -> Tokenizer {
    let vocab: serde_json::Map<String, Value> =
        WORDS.iter().zip(0..).map(|(w, id)| ((*w).into(), id.into())).collect();
    let special = [0, 1, 2].map(|id| {
        json!({ "id": id, "content": WORDS[id], "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true })
    });
    let sequence = |id: &str| json!({ "Sequence": { "id": id, "type_id": 0 } });
    let bos = json!({ "SpecialToken": { "id": "<s>", "type_id": 0 } });
    let json = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": special, "normalizer": null,
        "pre_tokenizer": { "type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true },
        "post_processor": { "type": "TemplateProcessing", "single": [bos, sequence("A")],
            "pair": [bos, sequence("A"), sequence("B")],
            "special_tokens": { "<s>": { "id": "<s>", "ids": [1], "tokens": ["<s>"] } } },
        "decoder": { "type": "Sequence", "decoders": [
            { "type": "Replace", "pattern": { "String": "▁" }, "content": " " }, { "type": "ByteFallback" },
            { "type": "Fuse" }, { "type": "Strip", "content": " ", "start": 1, "stop": 0 }] },
        "model": { "type": "WordLevel", "vocab": vocab, "unk_token": "<unk>" },
    });
    let names = BTreeMap::from([("bos", "<s>"), ("eos", "</s>")]);
    let template = "{% for m in messages %}{{ m.content }}{% endfor %}";
    Tokenizer::from_parts(&json.to_string(), &names, Some(template)).unwrap()
}

pub(crate) fn engine(engine: EngineConfig) -> Engine {
    let config = ModelConfig {
        architecture: Architecture::Llama,
        vocab_size: WORDS.len(),
        hidden_size: 8,
        intermediate_size: 8,
        n_layers: 1,
        n_heads: 1,
        n_kv_heads: 1,
        head_dim: 8,
        rms_norm_eps: 1e-5,
        rope_theta: 10_000.0,
        rope_scaling: RopeScaling::None,
        max_positions: 512,
        tie_word_embeddings: true,
        attention_bias: false,
        attention_out_bias: false,
        mlp_bias: false,
        qk_norm: false,
        sliding_window: None,
        bos_token_id: Some(1),
        eos_token_ids: vec![2],
        pad_token_id: None,
    };
    let model = Model::zeros(&config, &Device::flex());
    Engine::new(model, tokenizer(), engine)
}

/// A call of `/v1/completions`.
pub(crate) fn asked(body: &Value) -> Asked {
    Asked::read(Form::Text, body.to_string().as_bytes(), "m", 16, 20_000).unwrap()
}
