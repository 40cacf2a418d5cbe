//! What a decoder's configuration says, whatever file it came from.

mod check;
mod read;
mod rope;
mod shapes;
mod write;

pub(crate) use self::read::read as read_config;

/// A family of decoders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Architecture {
    /// Llama 1 to 3, SmolLM2, TinyLlama and other models with `model_type: llama`.
    Llama,
    /// Mistral: Llama with an optional sliding attention window.
    Mistral,
    /// Qwen2 and Qwen2.5: biases on query, key and value.
    Qwen2,
    /// Qwen3: an RMS norm on each head's query and key.
    Qwen3,
}

impl Architecture {
    /// Names as `model_type` writes them, in the order of the variants.
    pub(crate) const NAMES: &'static [&'static str] = &["llama", "mistral", "qwen2", "qwen3"];

    /// The family that `model_type` (or GGUF's `general.architecture`) names.
    pub fn from_model_type(name: &str) -> Option<Self> {
        match name {
            "llama" => Some(Self::Llama),
            "mistral" => Some(Self::Mistral),
            "qwen2" => Some(Self::Qwen2),
            "qwen3" => Some(Self::Qwen3),
            _ => None,
        }
    }

    /// The name in `model_type`.
    pub fn model_type(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The class in `architectures`, such as `LlamaForCausalLM`.
    pub fn class(self) -> &'static str {
        match self {
            Self::Llama => "LlamaForCausalLM",
            Self::Mistral => "MistralForCausalLM",
            Self::Qwen2 => "Qwen2ForCausalLM",
            Self::Qwen3 => "Qwen3ForCausalLM",
        }
    }
}

/// How rotary frequencies are changed for contexts longer than those trained on.
#[derive(Clone, Debug, PartialEq)]
pub enum RopeScaling {
    /// As they are.
    None,
    /// Divided by `factor`.
    Linear {
        /// How many times longer the context becomes.
        factor: f64,
    },
    /// Llama 3.1: low frequencies divided, high ones kept, a smooth passage between.
    Llama3 {
        /// Divisor of low frequencies.
        factor: f64,
        /// Wavelengths above `original_max_position / low_freq_factor` are divided.
        low_freq_factor: f64,
        /// Wavelengths below `original_max_position / high_freq_factor` are kept.
        high_freq_factor: f64,
        /// Context length trained on, in tokens.
        original_max_position: usize,
    },
}

/// Sizes and switches of a decoder-only transformer with rotary positions, RMS norms and SwiGLU.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelConfig {
    /// The family.
    pub architecture: Architecture,
    /// Rows of the embedding.
    pub vocab_size: usize,
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Width inside the feed-forward block.
    pub intermediate_size: usize,
    /// Layers.
    pub n_layers: usize,
    /// Query heads.
    pub n_heads: usize,
    /// Key and value heads; divides `n_heads`.
    pub n_kv_heads: usize,
    /// Width of a head; even.
    pub head_dim: usize,
    /// Added to the mean square in RMS norms.
    pub rms_norm_eps: f64,
    /// Base of the rotary frequencies.
    pub rope_theta: f64,
    /// Change of the rotary frequencies.
    pub rope_scaling: RopeScaling,
    /// Longest sequence, in tokens.
    pub max_positions: usize,
    /// Whether the output projection is the embedding.
    pub tie_word_embeddings: bool,
    /// Biases on the query, key and value projections.
    pub attention_bias: bool,
    /// A bias on the attention's output projection.
    pub attention_out_bias: bool,
    /// Biases on the feed-forward projections.
    pub mlp_bias: bool,
    /// RMS norms on each head's query and key.
    pub qk_norm: bool,
    /// Tokens that a position sees, itself included; `None` when it sees all before it.
    pub sliding_window: Option<usize>,
    /// Token that begins a sequence.
    pub bos_token_id: Option<u32>,
    /// Tokens that end a sequence.
    pub eos_token_ids: Vec<u32>,
    /// Token that fills a batch.
    pub pad_token_id: Option<u32>,
}

impl ModelConfig {
    /// Longest sequence that is computed exactly: within a sliding window, every position sees all
    /// before it.
    pub fn context(&self) -> usize {
        self.sliding_window.map_or(self.max_positions, |window| window.min(self.max_positions))
    }
}
