//! Rules that hold between the sizes.

use std::path::Path;

use super::ModelConfig;
use crate::error::Error;

/// Longest context that is believed; position tables are allocated from it.
const MAX_POSITIONS: usize = 1 << 24;
/// Largest size of any axis that is believed.
const MAX_SIZE: usize = 1 << 28;

impl ModelConfig {
    /// Refuses sizes that no model has, naming the key in the manner of `config.json`.
    pub(crate) fn check(&self, path: &Path) -> Result<(), Error> {
        let sizes = [
            ("vocab_size", self.vocab_size, MAX_SIZE),
            ("hidden_size", self.hidden_size, MAX_SIZE),
            ("intermediate_size", self.intermediate_size, MAX_SIZE),
            ("num_hidden_layers", self.n_layers, 1 << 16),
            ("num_attention_heads", self.n_heads, 1 << 16),
            ("num_key_value_heads", self.n_kv_heads, 1 << 16),
            ("head_dim", self.head_dim, 1 << 16),
            ("max_position_embeddings", self.max_positions, MAX_POSITIONS),
            ("sliding_window", self.sliding_window.unwrap_or(1), usize::MAX),
        ];
        for (key, size, limit) in sizes {
            if size == 0 || size > limit {
                return Err(Error::config(
                    path,
                    key,
                    format!("is {size}; it must be from 1 to {limit}"),
                ));
            }
        }
        if !self.n_heads.is_multiple_of(self.n_kv_heads) {
            let reason = format!(
                "is {}, which does not divide the {} query heads",
                self.n_kv_heads, self.n_heads
            );
            return Err(Error::config(path, "num_key_value_heads", reason));
        }
        if !self.head_dim.is_multiple_of(2) {
            return Err(Error::config(
                path,
                "head_dim",
                format!("is {}; rotary positions need it even", self.head_dim),
            ));
        }
        let positive = [("rms_norm_eps", self.rms_norm_eps), ("rope_theta", self.rope_theta)];
        for (key, value) in positive {
            if !(value.is_finite() && value > 0.0) {
                return Err(Error::config(
                    path,
                    key,
                    format!("is {value}; it must be a positive number"),
                ));
            }
        }
        self.check_tokens(path)
    }

    fn check_tokens(&self, path: &Path) -> Result<(), Error> {
        let eos = self.eos_token_ids.iter().map(|&id| ("eos_token_id", id));
        let named = [("bos_token_id", self.bos_token_id), ("pad_token_id", self.pad_token_id)];
        let named = named.into_iter().filter_map(|(key, id)| Some((key, id?)));
        for (key, id) in named.chain(eos) {
            if id as usize >= self.vocab_size {
                let reason = format!("is {id}, outside the vocabulary of {}", self.vocab_size);
                return Err(Error::config(path, key, reason));
            }
        }
        Ok(())
    }
}
