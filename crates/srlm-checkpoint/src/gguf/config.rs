//! A model's configuration from GGUF metadata.

use super::metadata::Metadata;
use super::rope;
use crate::config::{Architecture, ModelConfig, RopeScaling};
use crate::error::Error;

/// Architectures that are read, as `general.architecture` writes them; Mistral models are written
/// as `llama`.
const SUPPORTED: &[&str] = &["llama", "qwen2", "qwen3"];

/// Reads the keys `ARCHITECTURE.*`; biases and head norms are known by their tensors.
pub(crate) fn read(metadata: Metadata<'_>) -> Result<ModelConfig, Error> {
    let name =
        metadata.required("general.architecture", metadata.string("general.architecture")?)?;
    if !SUPPORTED.contains(&name) {
        let (path, found) = (metadata.path.to_owned(), name.to_owned());
        return Err(Error::Architecture { path, found, supported: SUPPORTED });
    }
    let key = |part: &str| format!("{name}.{part}");
    let size = |part: &str| metadata.required(&key(part), metadata.size(&key(part))?);
    let has = |tensor: &str| metadata.header.tensors.contains_key(tensor);

    let (hidden_size, n_heads) = (size("embedding_length")?, size("attention.head_count")?);
    let head_dim = metadata.size(&key("attention.key_length"))?;
    let head_dim = head_dim.unwrap_or(hidden_size / n_heads.max(1));
    for part in ["attention.value_length", "rope.dimension_count"] {
        if let Some(n) = metadata.size(&key(part))?.filter(|n| *n != head_dim) {
            let reason =
                format!("is {n}; only models where it is the head width, {head_dim}, are read");
            return Err(Error::config(metadata.path, key(part), reason));
        }
    }
    if let Some(n) = metadata.size(&key("expert_count"))?.filter(|n| *n > 0) {
        return Err(Error::config(
            metadata.path,
            key("expert_count"),
            format!("is {n}; mixtures of experts are not read"),
        ));
    }
    let sliding_window = metadata.size(&key("attention.sliding_window"))?.filter(|n| *n > 0);
    let architecture = match Architecture::from_model_type(name) {
        Some(Architecture::Llama) | None if sliding_window.is_some() => Architecture::Mistral,
        known => known.unwrap_or(Architecture::Llama),
    };
    let vocab_size =
        match metadata.header.tensors.get("token_embd.weight").map(|t| t.shape.as_slice()) {
            Some([rows, _]) => *rows,
            _ => {
                return Err(Error::MissingTensor {
                    path: metadata.path.to_owned(),
                    name: "token_embd.weight".into(),
                });
            }
        };
    let token = |part: &str| metadata.token(&format!("tokenizer.ggml.{part}_token_id"));
    let config = ModelConfig {
        architecture,
        vocab_size,
        hidden_size,
        intermediate_size: size("feed_forward_length")?,
        n_layers: size("block_count")?,
        n_heads,
        n_kv_heads: metadata.size(&key("attention.head_count_kv"))?.unwrap_or(n_heads),
        head_dim,
        rms_norm_eps: {
            let key = key("attention.layer_norm_rms_epsilon");
            metadata.required(&key, metadata.float(&key)?)?
        },
        rope_theta: metadata.float(&key("rope.freq_base"))?.unwrap_or(10000.0),
        rope_scaling: RopeScaling::None,
        max_positions: size("context_length")?,
        tie_word_embeddings: !has("output.weight"),
        attention_bias: has("blk.0.attn_q.bias"),
        attention_out_bias: has("blk.0.attn_output.bias"),
        mlp_bias: has("blk.0.ffn_gate.bias"),
        qk_norm: has("blk.0.attn_q_norm.weight"),
        sliding_window,
        bos_token_id: token("bos")?,
        eos_token_ids: token("eos")?.into_iter().collect(),
        pad_token_id: token("padding")?,
    };
    config.check(metadata.path)?;
    let rope_scaling = rope::scaling(metadata, name, &config)?;
    Ok(ModelConfig { rope_scaling, ..config })
}
