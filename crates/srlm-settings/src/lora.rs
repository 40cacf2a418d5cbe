//! Settings of low-rank adapters.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::error::refuse;

/// Which layers get adapters, and of what kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LoraConfig {
    /// Rank of the update.
    pub rank: usize,
    /// The update is scaled by `alpha / rank`.
    pub alpha: f64,
    /// Share of the values of each adapter's input that become 0 in training.
    pub dropout: f64,
    /// A trained magnitude for every output (DoRA).
    pub dora: bool,
    /// Keep the weights below the adapters as their file stores them, in 4 to 16 bits a value: less
    /// memory, the same numbers. On the CPU alone; GPUs widen them.
    pub stored_base: bool,
    /// Projections that get an adapter: `q_proj k_proj v_proj o_proj gate_proj up_proj down_proj`.
    pub target_modules: Vec<String>,
}

/// Projections that can have adapters.
const PROJECTIONS: [&str; 7] =
    ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

impl Default for LoraConfig {
    fn default() -> Self {
        Self {
            rank: 16,
            alpha: 32.0,
            dropout: 0.0,
            dora: false,
            stored_base: false,
            target_modules: PROJECTIONS.map(String::from).to_vec(),
        }
    }
}

impl LoraConfig {
    /// # Errors
    /// Names the first key that cannot be, and what it must be.
    pub fn validate(&self) -> Result<(), Error> {
        match self {
            c if c.rank == 0 => refuse("lora.rank", "be at least 1"),
            c if !c.alpha.is_finite() => refuse("lora.alpha", "be a number"),
            c if !(0.0..1.0).contains(&c.dropout) => {
                refuse("lora.dropout", "be at least 0 and below 1")
            }
            c if c.target_modules.is_empty() => {
                refuse("lora.target_modules", "name at least one projection")
            }
            c if !c.target_modules.iter().all(|name| PROJECTIONS.contains(&name.as_str())) => {
                refuse(
                    "lora.target_modules",
                    "be of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj",
                )
            }
            _ => Ok(()),
        }
    }
}
