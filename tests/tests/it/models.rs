//! Models for tests: a tiny one of our own, without any file.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Tensor, TensorData};
use srlm_checkpoint::{Architecture, ModelConfig, RopeScaling, Tokenizer};
use srlm_model::Model;

pub(crate) fn config() -> ModelConfig {
    ModelConfig {
        architecture: Architecture::Llama,
        vocab_size: 97,
        hidden_size: 32,
        intermediate_size: 80,
        n_layers: 2,
        n_heads: 4,
        n_kv_heads: 2,
        head_dim: 8,
        rms_norm_eps: 1e-5,
        rope_theta: 10_000.0,
        rope_scaling: RopeScaling::None,
        max_positions: 512,
        tie_word_embeddings: true,
        attention_bias: true,
        attention_out_bias: false,
        mlp_bias: false,
        qk_norm: true,
        sliding_window: None,
        bos_token_id: Some(1),
        eos_token_ids: vec![2],
        pad_token_id: None,
    }
}

/// A model with fixed pseudo-random weights.
pub(crate) fn tiny(device: &Device) -> Model {
    crate::reference::follow_environment();
    struct Fill(u64);
    impl ModuleMapper for Fill {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let shape = param.dims();
            let values: Vec<f32> = (0..shape.iter().product::<usize>())
                .map(|_| {
                    self.0 =
                        self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    let unit = (self.0 >> 40) as f32 / (1u64 << 24) as f32 - 0.5;
                    if D == 1 { 1.0 + 0.2 * unit } else { 0.4 * unit }
                })
                .collect();
            let device = param.val().device();
            let tensor = Tensor::from_data(TensorData::new(values, shape), &device);
            Param::initialized(
                param.id,
                if device.is_autodiff() { tensor.require_grad() } else { tensor },
            )
        }
    }
    Model::zeros(&config(), device).map(&mut Fill(3))
}

/// Pseudo-random token ids.
pub(crate) fn sequence(seed: u64, len: usize) -> Vec<u32> {
    let mut state = seed;
    (0..len)
        .map(|_| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            3 + (state >> 33) as u32 % 90
        })
        .collect()
}

/// A tokenizer of words for [`config`], with a template that has tokens of its own for who speaks.
pub(crate) fn tokenizer() -> Tokenizer {
    tokenizer_of(config().vocab_size)
}

pub(crate) fn tokenizer_of(vocab_size: usize) -> Tokenizer {
    tokenizer_with(
        vocab_size,
        "{% for m in messages %}{{ '<' + m.role + '> ' + m.content + ' </s> ' }}{% endfor %}{% if add_generation_prompt %}{{ '<assistant> ' }}{% endif %}",
    )
}

pub(crate) fn tokenizer_with(vocab_size: usize, template: &str) -> Tokenizer {
    let named =
        ["<unk>", "<s>", "</s>", "<user>", "<assistant>", "<system>", "-", "a", "b", "c", "d"];
    let words = (0..vocab_size).map(|i| named.get(i).map_or(format!("w{i}"), ToString::to_string));
    let vocab: serde_json::Map<String, serde_json::Value> =
        words.enumerate().map(|(i, word)| (word, i.into())).collect();
    let special = [0, 1, 2].map(|id| {
        serde_json::json!({"id": id, "content": named[id], "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true})
    });
    let json = serde_json::json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": special, "normalizer": null,
        "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": null, "decoder": null,
        "model": {"type": "WordLevel", "vocab": vocab, "unk_token": "<unk>"},
    });
    let names = std::collections::BTreeMap::from([("bos", "<s>"), ("eos", "</s>")]);
    Tokenizer::from_parts(&json.to_string(), &names, Some(template)).unwrap()
}
