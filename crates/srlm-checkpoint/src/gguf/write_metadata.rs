//! A model's configuration as GGUF metadata.

use super::format::GgufFormat;
use super::value::Value;
use crate::config::{Architecture, ModelConfig, RopeScaling};

/// Version of the block formats (`GGML_QNT_VERSION`).
const QUANTIZATION_VERSION: i64 = 2;

/// Keys and values, in the order in which they are written.
pub(super) type Pairs = Vec<(String, Value)>;

/// `general.*` and `ARCHITECTURE.*`, as llama.cpp's converter writes them.
///
/// Sliding windows, which the converter leaves out for these families, are written as well:
/// llama.cpp passes over them, and this crate's reader needs them.
pub(super) fn metadata(
    config: &ModelConfig,
    format: GgufFormat,
    name: &str,
    n_parameters: u64,
) -> Pairs {
    let architecture = architecture(config);
    let text = |value: &str| Value::String(value.to_owned());
    let mut pairs = vec![
        ("general.architecture".to_owned(), text(architecture)),
        ("general.type".to_owned(), text("model")),
        ("general.name".to_owned(), text(name)),
        ("general.size_label".to_owned(), Value::String(size_label(n_parameters))),
        ("general.file_type".to_owned(), Value::Integer(format.file_type())),
        ("general.quantization_version".to_owned(), Value::Integer(QUANTIZATION_VERSION)),
    ];
    let sizes = [
        ("block_count", Some(config.n_layers)),
        ("context_length", Some(config.max_positions)),
        ("embedding_length", Some(config.hidden_size)),
        ("feed_forward_length", Some(config.intermediate_size)),
        ("attention.head_count", Some(config.n_heads)),
        ("attention.head_count_kv", Some(config.n_kv_heads)),
        ("attention.key_length", Some(config.head_dim)),
        ("attention.value_length", Some(config.head_dim)),
        ("attention.sliding_window", config.sliding_window),
        ("rope.dimension_count", Some(config.head_dim)),
        ("vocab_size", Some(config.vocab_size)),
    ];
    let sizes =
        sizes.into_iter().filter_map(|(key, size)| Some((key, Value::Integer(size? as i64))));
    let floats = [
        ("attention.layer_norm_rms_epsilon", config.rms_norm_eps),
        ("rope.freq_base", config.rope_theta),
    ];
    let floats = floats.map(|(key, value)| (key, Value::Float(value)));
    let scaling = match config.rope_scaling {
        RopeScaling::Linear { factor } => {
            vec![
                ("rope.scaling.type", text("linear")),
                ("rope.scaling.factor", Value::Float(factor)),
            ]
        }
        // Llama 3's is the tensor `rope_freqs.weight`.
        RopeScaling::None | RopeScaling::Llama3 { .. } => vec![],
    };
    let own = sizes.chain(floats).chain(scaling);
    pairs.extend(own.map(|(key, value)| (format!("{architecture}.{key}"), value)));
    pairs
}

/// llama.cpp has one architecture for Llama and Mistral.
fn architecture(config: &ModelConfig) -> &'static str {
    match config.architecture {
        Architecture::Llama | Architecture::Mistral => "llama",
        Architecture::Qwen2 => "qwen2",
        Architecture::Qwen3 => "qwen3",
    }
}

/// Parameters in at least two digits and a letter: `135M`, `1.2B`.
///
/// # Source
/// gguf-py, `utility.py: model_weight_count_rounded_notation`.
fn size_label(n_parameters: u64) -> String {
    let (scale, letter) = match n_parameters {
        n if n > 1_000_000_000_000 => (1e12, 'T'),
        n if n > 1_000_000_000 => (1e9, 'B'),
        n if n > 1_000_000 => (1e6, 'M'),
        _ => (1e3, 'K'),
    };
    let scaled = n_parameters as f64 / scale;
    let n_digits = if scaled.round() >= 10.0 { 2 } else { usize::from(scaled.round() >= 1.0) };
    format!("{scaled:.*}{letter}", 2 - n_digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_labelled_as_gguf_py_labels_them() {
        let cases = [
            (134_515_008, "135M"),
            (1_235_814_400, "1.2B"),
            (9_400, "9.4K"),
            (400, "0.40K"),
            (1_000_000, "1000K"),
        ];
        for (n, expected) in cases {
            assert_eq!(size_label(n), expected);
        }
    }
}
