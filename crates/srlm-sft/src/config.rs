//! Settings of supervised fine-tuning.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use srlm_model::LoraConfig;
use srlm_train::{Decay, TrainConfig, TrainEngine};

use crate::error::Error;

/// The `[sft]` table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SftConfig {
    /// `"self"` trains here, `"external"` with another program, see `[external]`.
    pub engine: TrainEngine,
    /// Times that each judging example stands in an epoch; instruction examples stand there once. 0 leaves judging out.
    pub eft_repeats: u32,
    /// Low-rank adapters instead of all parameters.
    pub lora: Option<LoraConfig>,
    /// The loop.
    pub train: TrainConfig,
}

impl Default for SftConfig {
    /// The paper's batch and learning rates.
    fn default() -> Self {
        let train = TrainConfig {
            learning_rate: 5.5e-6,
            final_learning_rate: 1.1e-6,
            decay: Decay::Cosine,
            ..TrainConfig::default()
        };
        Self { engine: TrainEngine::Own, eft_repeats: 1, lora: None, train }
    }
}

impl SftConfig {
    /// # Errors
    /// Names the first key that cannot be.
    pub fn validate(&self) -> Result<(), Error> {
        if self.lora.as_ref().is_some_and(|lora| lora.rank == 0) {
            return Err(Error::Config { key: "lora.rank", must: "be at least 1" });
        }
        Ok(self.train.validate()?)
    }
}
