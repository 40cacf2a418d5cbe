//! Settings of preference training.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use srlm_model::LoraConfig;
use srlm_train::TrainConfig;

use crate::error::Error;
use crate::loss::LossType;

/// The `[dpo]` table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DpoConfig {
    /// Strength of the pull toward the reference.
    pub beta: f64,
    /// Which loss.
    pub loss_type: LossType,
    /// Share of pairs assumed to be the wrong way round (`sigmoid` only).
    pub label_smoothing: f64,
    /// Low-rank adapters instead of all parameters; the reference is M_t all the same.
    pub lora: Option<LoraConfig>,
    /// The loop.
    pub train: TrainConfig,
}

impl Default for DpoConfig {
    /// The paper's beta, batch and learning rates.
    fn default() -> Self {
        Self {
            beta: 0.1,
            loss_type: LossType::Sigmoid,
            label_smoothing: 0.0,
            lora: None,
            train: TrainConfig::default(),
        }
    }
}

impl DpoConfig {
    /// # Errors
    /// Names the first key that cannot be.
    pub fn validate(&self) -> Result<(), Error> {
        if !(self.beta.is_finite() && self.beta > 0.0) {
            return Err(Error::Config { key: "beta", must: "be above 0" });
        }
        if !(0.0..0.5).contains(&self.label_smoothing) {
            return Err(Error::Config { key: "label_smoothing", must: "be at least 0 and below 0.5" });
        }
        if self.label_smoothing > 0.0 && self.loss_type != LossType::Sigmoid {
            return Err(Error::Config { key: "label_smoothing", must: "be 0 unless loss_type is sigmoid" });
        }
        if self.lora.as_ref().is_some_and(|lora| lora.rank == 0) {
            return Err(Error::Config { key: "lora.rank", must: "be at least 1" });
        }
        Ok(self.train.validate()?)
    }
}
