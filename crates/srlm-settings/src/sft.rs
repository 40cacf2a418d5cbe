//! Settings of supervised fine-tuning.

use crate::error::refuse;
use crate::{Decay, Error, LoraConfig, TrainConfig, TrainEngine};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which tokens are learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LossOn {
    /// Those of the response, the last turn.
    Response,
    /// Those of every turn of the assistant.
    AssistantTurns,
    /// All but the first.
    Everything,
}

/// The `[sft]` table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SftConfig {
    /// `"self"` trains here, `"external"` with another program, see `[external]`.
    pub engine: TrainEngine,
    /// Times that each judging example stands in an epoch; instruction examples stand there once. 0
    /// leaves judging out.
    pub eft_repeats: u32,
    /// What a token of a judging example counts for beside one of an instruction example.
    pub eft_weight: f64,
    /// Which tokens are learned; the paper's are those of the response.
    pub loss_on: LossOn,
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
        Self {
            engine: TrainEngine::Own,
            eft_repeats: 1,
            eft_weight: 1.0,
            loss_on: LossOn::Response,
            lora: None,
            train,
        }
    }
}

impl SftConfig {
    /// # Errors
    /// Names the first key that cannot be.
    pub fn validate(&self) -> Result<(), Error> {
        if !(self.eft_weight.is_finite() && self.eft_weight > 0.0) {
            return refuse("eft_weight", "be above 0; eft_repeats = 0 leaves judging out");
        }
        self.lora.as_ref().map_or(Ok(()), LoraConfig::validate)?;
        self.train.validate()
    }
}
