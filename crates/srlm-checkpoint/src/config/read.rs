//! A model's configuration from `config.json` and `generation_config.json`.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use super::rope;
use super::{Architecture, ModelConfig};
use crate::error::Error;

/// Reads the folder `dir`; keys that are absent have transformers' defaults.
///
/// # Source
/// transformers, `configuration_{llama,mistral,qwen2,qwen3}.py`.
pub(crate) fn read(dir: &Path) -> Result<ModelConfig, Error> {
    let path = dir.join("config.json");
    let config = read_object(&path)?.ok_or_else(|| Error::NotAModel {
        path: dir.to_owned(),
        reason: "it has no config.json; a model is a folder as Hugging Face lays it out, or a .gguf file".to_owned(),
    })?;
    let keys = Keys { path: &path, object: &config };
    let mut config = from_keys(keys)?;
    let path = dir.join("generation_config.json");
    if let Some(generation) = read_object(&path)? {
        for id in (Keys { path: &path, object: &generation }).tokens("eos_token_id")? {
            if !config.eos_token_ids.contains(&id) {
                config.eos_token_ids.push(id);
            }
        }
    }
    config.check(keys.path)?;
    Ok(config)
}

fn read_object(path: &Path) -> Result<Option<Map<String, Value>>, Error> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(Error::json(path)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::io(path)(e)),
    }
}

fn from_keys(keys: Keys<'_>) -> Result<ModelConfig, Error> {
    let name = keys.required("model_type", keys.text("model_type")?)?;
    let architecture = Architecture::from_model_type(name).ok_or_else(|| Error::Architecture {
        path: keys.path.to_owned(),
        found: name.to_owned(),
        supported: Architecture::NAMES,
    })?;
    refuse_unread(keys)?;
    let size = |key: &str| keys.required(key, keys.size(key)?);
    let (hidden_size, n_heads) = (size("hidden_size")?, size("num_attention_heads")?);
    let default_head_dim = match architecture {
        Architecture::Qwen3 => 128,
        _ => hidden_size / n_heads.max(1),
    };
    let default_kv_heads = match architecture {
        _ if keys.object.contains_key("num_key_value_heads") => n_heads,
        Architecture::Llama => n_heads,
        Architecture::Mistral => 8,
        Architecture::Qwen2 | Architecture::Qwen3 => 32,
    };
    let bias = keys.flag("attention_bias")?;
    let (attention_bias, attention_out_bias) = match architecture {
        Architecture::Llama | Architecture::Qwen3 => (bias, bias),
        Architecture::Mistral => (false, false),
        Architecture::Qwen2 => (true, false),
    };
    let n_layers = size("num_hidden_layers")?;
    let (rope_theta, rope_scaling) = rope::read(keys)?;
    Ok(ModelConfig {
        architecture,
        vocab_size: size("vocab_size")?,
        hidden_size,
        intermediate_size: size("intermediate_size")?,
        n_layers,
        n_heads,
        n_kv_heads: keys.size("num_key_value_heads")?.unwrap_or(default_kv_heads),
        head_dim: keys.size("head_dim")?.unwrap_or(default_head_dim),
        rms_norm_eps: keys.float("rms_norm_eps")?.unwrap_or(1e-6),
        rope_theta,
        rope_scaling,
        max_positions: size("max_position_embeddings")?,
        tie_word_embeddings: keys.flag("tie_word_embeddings")?,
        attention_bias,
        attention_out_bias,
        mlp_bias: architecture == Architecture::Llama && keys.flag("mlp_bias")?,
        qk_norm: architecture == Architecture::Qwen3,
        sliding_window: sliding_window(keys, architecture, n_layers)?,
        bos_token_id: keys.token("bos_token_id")?,
        eos_token_ids: keys.tokens("eos_token_id")?,
        pad_token_id: keys.token("pad_token_id")?,
    })
}

/// Refuses what would change the computation without a key of [`ModelConfig`] to say so.
fn refuse_unread(keys: Keys<'_>) -> Result<(), Error> {
    if let Some(other) = keys.text("hidden_act")?.filter(|name| !matches!(*name, "silu" | "swish"))
    {
        return Err(keys.error("hidden_act", format!("is {other:?}; read is \"silu\"")));
    }
    if keys.object.get("quantization_config").is_some_and(|value| !value.is_null()) {
        return Err(keys.error(
            "quantization_config",
            "is set; read are folders in F32, F16 and BF16, and GGUF files",
        ));
    }
    match keys.float("partial_rotary_factor")? {
        Some(factor) if factor != 1.0 => {
            Err(keys.error("partial_rotary_factor", format!("is {factor}; read is 1")))
        }
        _ => Ok(()),
    }
}

/// The window of Mistral, and of Qwen when it is switched on for every layer; Llama ignores the
/// key.
fn sliding_window(
    keys: Keys<'_>,
    architecture: Architecture,
    n_layers: usize,
) -> Result<Option<usize>, Error> {
    let window = keys.size("sliding_window")?;
    match architecture {
        Architecture::Llama => Ok(None),
        Architecture::Mistral if keys.object.contains_key("sliding_window") => Ok(window),
        Architecture::Mistral => Ok(Some(4096)),
        Architecture::Qwen2 | Architecture::Qwen3 => {
            let window = window.filter(|_| keys.flag("use_sliding_window").unwrap_or(false));
            let n_sliding = n_sliding_layers(keys, n_layers)?;
            match window {
                None => Ok(None),
                Some(_) if n_sliding == 0 => Ok(None),
                Some(window) if n_sliding == n_layers => Ok(Some(window)),
                Some(_) => {
                    let reason = format!(
                        "has the window in {n_sliding} of {n_layers} layers; read are all or none"
                    );
                    Err(keys.error("layer_types", reason))
                }
            }
        }
    }
}

/// By `layer_types`, or else all from `max_window_layers` on.
fn n_sliding_layers(keys: Keys<'_>, n_layers: usize) -> Result<usize, Error> {
    match keys.object.get("layer_types").and_then(Value::as_array) {
        Some(types) => Ok(types.iter().filter(|kind| *kind == "sliding_attention").count()),
        None => {
            let first = keys.count("max_window_layers")?.unwrap_or(28);
            Ok(n_layers.saturating_sub(first))
        }
    }
}

/// The keys of one JSON object of a file, by type; null is absent.
#[derive(Clone, Copy)]
pub(super) struct Keys<'a> {
    pub(super) path: &'a Path,
    pub(super) object: &'a Map<String, Value>,
}

impl<'a> Keys<'a> {
    fn get<T>(
        self,
        key: &str,
        wanted: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        match self.object.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match read(value) {
                Some(value) => Ok(Some(value)),
                None => Err(self.error(key, format!("is {value}; it must be {wanted}"))),
            },
        }
    }

    /// A whole number from 1.
    pub(super) fn size(self, key: &str) -> Result<Option<usize>, Error> {
        self.get(key, "a whole number from 1", |value| {
            usize::try_from(value.as_u64()?).ok().filter(|n| *n > 0)
        })
    }

    fn count(self, key: &str) -> Result<Option<usize>, Error> {
        self.get(key, "a whole number from 0", |value| usize::try_from(value.as_u64()?).ok())
    }

    pub(super) fn float(self, key: &str) -> Result<Option<f64>, Error> {
        self.get(key, "a number", Value::as_f64)
    }

    pub(super) fn text(self, key: &str) -> Result<Option<&'a str>, Error> {
        self.get(key, "text", Value::as_str)
    }

    fn flag(self, key: &str) -> Result<bool, Error> {
        Ok(self.get(key, "true or false", Value::as_bool)?.unwrap_or(false))
    }

    /// One token; -1 is none.
    fn token(self, key: &str) -> Result<Option<u32>, Error> {
        let id = self.get(key, "a token's number", |value| match value.as_i64()? {
            -1 => Some(None),
            id => u32::try_from(id).ok().map(Some),
        })?;
        Ok(id.flatten())
    }

    /// One token or a list of them.
    fn tokens(self, key: &str) -> Result<Vec<u32>, Error> {
        let ids = self.get(key, "a token's number, or a list of them", |value| {
            let one = std::slice::from_ref(value);
            let ids = value.as_array().map_or(one, Vec::as_slice).iter();
            ids.map(|id| u32::try_from(id.as_u64()?).ok()).collect::<Option<Vec<_>>>()
        })?;
        Ok(ids.unwrap_or_default())
    }

    pub(super) fn object(self, key: &str) -> Result<Option<&'a Map<String, Value>>, Error> {
        self.get(key, "an object", Value::as_object)
    }

    pub(super) fn required<T>(self, key: &str, value: Option<T>) -> Result<T, Error> {
        value.ok_or_else(|| self.error(key, "is missing"))
    }

    pub(super) fn error(self, key: &str, reason: impl Into<String>) -> Error {
        Error::config(self.path, key, reason)
    }
}
