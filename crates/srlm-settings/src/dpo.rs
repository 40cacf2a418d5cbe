//! Settings of preference training.

use crate::error::refuse;
use crate::{Error, LoraConfig, LossType, NamedLoss, TrainConfig, TrainEngine};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The `[dpo]` table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DpoConfig {
    /// `"self"` trains here, `"external"` with another program, see `[external]`.
    pub engine: TrainEngine,
    /// The losses, summed; the paper's is `["sigmoid"]`, iterative RPO's `["sigmoid", "nll"]`.
    pub loss_type: Vec<NamedLoss>,
    /// Weight of each loss.
    pub loss_weights: Vec<f64>,
    /// Strength of the pull toward the reference; SimPO's scale.
    pub beta: f64,
    /// Share of pairs assumed to be the wrong way round (`sigmoid`: conservative DPO, and
    /// `robust`).
    pub label_smoothing: f64,
    /// SimPO's margin.
    pub simpo_gamma: f64,
    /// Weight of the tokens of the longer response that lie beyond the length of the shorter
    /// (LD-DPO, Liu et al. 2024); 1 weighs all alike.
    pub ld_alpha: f64,
    /// Weight of the desirable responses (`kto`, `apo_zero_unpaired`).
    pub desirable_weight: f64,
    /// Weight of the undesirable responses.
    pub undesirable_weight: f64,
    /// Low-rank adapters instead of all parameters; the reference is M_t all the same.
    pub lora: Option<LoraConfig>,
    /// The loop.
    pub train: TrainConfig,
}

impl Default for DpoConfig {
    /// The paper's beta, batch and learning rates.
    fn default() -> Self {
        Self {
            engine: TrainEngine::Own,
            loss_type: vec![LossType::Sigmoid.into()],
            loss_weights: vec![1.0],
            beta: 0.1,
            label_smoothing: 0.0,
            simpo_gamma: 0.0,
            ld_alpha: 1.0,
            desirable_weight: 1.0,
            undesirable_weight: 1.0,
            lora: None,
            train: TrainConfig::default(),
        }
    }
}

impl DpoConfig {
    /// # Errors
    /// Names the first key that cannot be.
    pub fn validate(&self) -> Result<(), Error> {
        let not_negative = |x: f64| x.is_finite() && x >= 0.0;
        let any = |has: fn(LossType) -> bool| self.pair_losses().any(|(loss, _)| has(loss));
        match self {
            c if c.loss_type.is_empty() => return refuse("loss_type", "name at least one loss"),
            c if c.loss_weights.len() != c.loss_type.len() => {
                return refuse("loss_weights", "have one number for each loss of loss_type");
            }
            c if !c.loss_weights.iter().all(|&w| not_negative(w))
                || c.loss_weights.iter().all(|&w| w == 0.0) =>
            {
                return refuse("loss_weights", "be numbers from 0 up, not all 0");
            }
            c if !(c.beta.is_finite() && c.beta > 0.0) => return refuse("beta", "be above 0"),
            c if !(0.0..0.5).contains(&c.label_smoothing) => {
                return refuse("label_smoothing", "be at least 0 and below 0.5");
            }
            c if c.label_smoothing > 0.0 && !any(LossType::smooths) => {
                return refuse("label_smoothing", "be 0 unless loss_type has sigmoid or robust");
            }
            c if !not_negative(c.simpo_gamma) => {
                return refuse("simpo_gamma", "be a number from 0 up");
            }
            c if c.simpo_gamma > 0.0 && !any(|loss| loss == LossType::Simpo) => {
                return refuse("simpo_gamma", "be 0 unless loss_type has simpo");
            }
            c if !(0.0..=1.0).contains(&c.ld_alpha) => return refuse("ld_alpha", "be from 0 to 1"),
            c if c.ld_alpha < 1.0 && any(LossType::reads_lengths) => {
                return refuse(
                    "ld_alpha",
                    "be 1 with losses that divide by lengths (ipo_mean, sigmoid_norm, simpo, orpo, nll)",
                );
            }
            c if c.is_unpaired() && c.loss_type.len() > 1 => {
                return refuse(
                    "loss_type",
                    "be kto or apo_zero_unpaired alone: they learn from single responses, not pairs",
                );
            }
            c if c.ld_alpha < 1.0 && c.is_unpaired() => {
                return refuse(
                    "ld_alpha",
                    "be 1 with kto and apo_zero_unpaired: there is no shorter response of a pair",
                );
            }
            c if !not_negative(c.desirable_weight) => {
                return refuse("desirable_weight", "be a number from 0 up");
            }
            c if !not_negative(c.undesirable_weight) => {
                return refuse("undesirable_weight", "be a number from 0 up");
            }
            _ => {}
        }
        self.lora.as_ref().map_or(Ok(()), LoraConfig::validate)?;
        self.train.validate()
    }

    /// Whether it learns from single responses with a verdict each, not from pairs.
    pub fn is_unpaired(&self) -> bool {
        self.loss_type.iter().any(|loss| loss.unpaired().is_some())
    }

    /// The losses of pairs and their weights.
    pub fn pair_losses(&self) -> impl Iterator<Item = (LossType, f64)> {
        let named = self.loss_type.iter().zip(&self.loss_weights);
        named.filter_map(|(loss, &weight)| Some((loss.pair()?, weight)))
    }
}
