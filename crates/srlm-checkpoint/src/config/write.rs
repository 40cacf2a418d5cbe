//! A model's configuration as `config.json` and `generation_config.json`.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::{Architecture, ModelConfig};
use crate::error::Error;

impl ModelConfig {
    /// The content of `config.json` for weights stored as `dtype` (`float32` and so on).
    ///
    /// # Errors
    /// `Error::Config` for switches that no class of transformers has together; `path` is named.
    pub(crate) fn to_json(&self, dtype: &str, path: &Path) -> Result<Value, Error> {
        self.check_class(path)?;
        let mut object = json!({
            "architectures": [self.architecture.class()],
            "model_type": self.architecture.model_type(),
            "vocab_size": self.vocab_size,
            "hidden_size": self.hidden_size,
            "intermediate_size": self.intermediate_size,
            "num_hidden_layers": self.n_layers,
            "num_attention_heads": self.n_heads,
            "num_key_value_heads": self.n_kv_heads,
            "head_dim": self.head_dim,
            "hidden_act": "silu",
            "max_position_embeddings": self.max_positions,
            "rms_norm_eps": self.rms_norm_eps,
            "rope_theta": self.rope_theta,
            "rope_scaling": self.rope_scaling.to_json(),
            "tie_word_embeddings": self.tie_word_embeddings,
            "attention_dropout": 0.0,
            "initializer_range": 0.02,
            "use_cache": true,
            "dtype": dtype,
            "torch_dtype": dtype,
        });
        match self.architecture {
            Architecture::Llama => {
                object["attention_bias"] = json!(self.attention_bias);
                object["mlp_bias"] = json!(self.mlp_bias);
            }
            Architecture::Mistral => object["sliding_window"] = json!(self.sliding_window),
            Architecture::Qwen2 | Architecture::Qwen3 => {
                if self.architecture == Architecture::Qwen3 {
                    object["attention_bias"] = json!(self.attention_bias);
                }
                object["use_sliding_window"] = json!(self.sliding_window.is_some());
                object["sliding_window"] = json!(self.sliding_window);
                object["max_window_layers"] =
                    json!(if self.sliding_window.is_some() { 0 } else { self.n_layers });
            }
        }
        if let (Some(object), Value::Object(tokens)) = (object.as_object_mut(), self.token_keys()) {
            object.extend(tokens);
        }
        Ok(object)
    }

    /// The content of `generation_config.json`.
    pub(crate) fn generation_json(&self) -> Value {
        self.token_keys()
    }

    fn token_keys(&self) -> Value {
        let mut keys = Map::new();
        keys.insert("bos_token_id".to_owned(), json!(self.bos_token_id));
        let eos = match self.eos_token_ids.as_slice() {
            [] => Value::Null,
            [one] => json!(one),
            several => json!(several),
        };
        keys.insert("eos_token_id".to_owned(), eos);
        keys.insert("pad_token_id".to_owned(), json!(self.pad_token_id));
        Value::Object(keys)
    }

    /// Whether transformers' class of this family has these switches.
    fn check_class(&self, path: &Path) -> Result<(), Error> {
        let class = self.architecture.class();
        let refuse = |key: &str, found: bool, wanted: bool| {
            let reason = format!("is {found}; in {class} it is {wanted}");
            if found == wanted { Ok(()) } else { Err(Error::config(path, key, reason)) }
        };
        let (attention, out) = match self.architecture {
            Architecture::Llama | Architecture::Qwen3 => (self.attention_bias, self.attention_bias),
            Architecture::Mistral => (false, false),
            Architecture::Qwen2 => (true, false),
        };
        refuse("attention_bias", self.attention_bias, attention)?;
        refuse("attention_out_bias", self.attention_out_bias, out)?;
        refuse("qk_norm", self.qk_norm, self.architecture == Architecture::Qwen3)?;
        refuse(
            "mlp_bias",
            self.mlp_bias,
            self.architecture == Architecture::Llama && self.mlp_bias,
        )?;
        let windowed = self.sliding_window.is_some();
        refuse("sliding_window", windowed, self.architecture != Architecture::Llama && windowed)
    }
}
