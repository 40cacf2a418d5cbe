//! Tiny random GGUF files, one a family, against what transformers says of them.

use srlm_checkpoint::{Architecture, Checkpoint};

use crate::models::{ids, json, vectors};

#[test]
fn configurations_and_tokens_are_those_of_transformers() {
    let Some(path) = vectors("tiny_models.json") else { return };
    for model in json(&path)["models"].as_array().unwrap() {
        let Some(path) = vectors(model["file"].as_str().unwrap()) else { return };
        let checkpoint = Checkpoint::open(&path).unwrap();
        let (ours, theirs) = (&checkpoint.config, &model["config"]);
        let sizes = [
            ("vocab_size", ours.vocab_size),
            ("hidden_size", ours.hidden_size),
            ("intermediate_size", ours.intermediate_size),
            ("num_hidden_layers", ours.n_layers),
            ("num_attention_heads", ours.n_heads),
            ("num_key_value_heads", ours.n_kv_heads),
        ];
        for (key, size) in sizes {
            assert_eq!(theirs[key], size, "{key}");
        }
        let is_qwen2 = ours.architecture == Architecture::Qwen2;
        assert_eq!(model["arch"], ours.architecture.model_type());
        assert_eq!(
            (ours.attention_bias, ours.attention_out_bias, ours.qk_norm),
            (is_qwen2, false, false)
        );
        for case in model["cases"].as_array().unwrap() {
            let text = case["text"].as_str().unwrap();
            assert_eq!(
                checkpoint.tokenizer.encode(text, true).unwrap(),
                ids(&case["ids"]),
                "{text:?}"
            );
        }
        let hash = format!("sha256:{}", model["sha256"].as_str().unwrap());
        assert_eq!(checkpoint.content_hash().unwrap(), hash);
    }
}
