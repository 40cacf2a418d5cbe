//! Rotary scaling in `config.json`.

use serde_json::{Value, json};

use super::RopeScaling;
use super::read::Keys;
use crate::error::Error;

/// `rope_theta` and the scaling, from `rope_parameters` (transformers 5) or from `rope_theta` and
/// `rope_scaling`.
pub(super) fn read(keys: Keys<'_>) -> Result<(f64, RopeScaling), Error> {
    let (name, object) = match keys.object("rope_parameters")? {
        Some(object) => ("rope_parameters", Some(object)),
        None => ("rope_scaling", keys.object("rope_scaling")?),
    };
    let theta = keys.float("rope_theta")?;
    let Some(object) = object else { return Ok((theta.unwrap_or(10_000.0), RopeScaling::None)) };
    let inner = Keys { path: keys.path, object };
    let within = |key: &str| format!("{name}.{key}");
    let required =
        |key: &str| inner.float(key)?.ok_or_else(|| keys.error(&within(key), "is missing"));
    let theta = inner.float("rope_theta")?.or(theta).unwrap_or(10_000.0);
    let kind = inner.text("rope_type")?.or(inner.text("type")?).unwrap_or("default");
    let scaling = match kind {
        "default" => RopeScaling::None,
        "linear" => RopeScaling::Linear { factor: required("factor")? },
        "llama3" => {
            let original = inner.size("original_max_position_embeddings")?;
            RopeScaling::Llama3 {
                factor: required("factor")?,
                low_freq_factor: required("low_freq_factor")?,
                high_freq_factor: required("high_freq_factor")?,
                original_max_position: keys
                    .required(&within("original_max_position_embeddings"), original)?,
            }
        }
        other => {
            let reason = format!("is {other:?}; read are \"default\", \"linear\" and \"llama3\"");
            return Err(keys.error(&within("rope_type"), reason));
        }
    };
    Ok((theta, scaling))
}

impl RopeScaling {
    /// The value of `rope_scaling`, which every version of transformers reads.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::None => Value::Null,
            Self::Linear { factor } => json!({ "rope_type": "linear", "factor": factor }),
            Self::Llama3 { factor, low_freq_factor, high_freq_factor, original_max_position } => {
                json!({
                    "rope_type": "llama3",
                    "factor": factor,
                    "low_freq_factor": low_freq_factor,
                    "high_freq_factor": high_freq_factor,
                    "original_max_position_embeddings": original_max_position,
                })
            }
        }
    }
}
