//! Every number of the training loop.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::refuse;
use crate::{Error, Precision, ValidationConfig};

/// How the learning rate goes from its peak to its floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Decay {
    /// Half a cosine.
    Cosine,
    /// A straight line.
    Linear,
    /// None.
    Constant,
}

/// What trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TrainEngine {
    /// This program, on Burn.
    #[serde(rename = "self")]
    Own,
    /// Another program, which is given data, model and settings and whose result is checked.
    External,
}

/// In which order examples are learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// A new order in each epoch, drawn from the run's seed.
    Shuffled,
    /// The order of the data, in each epoch.
    AsGiven,
}

/// The training loop's settings. All of them decide the result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Passes over the data.
    pub epochs: u32,
    /// Stop after this many optimizer steps even if data is left; 0 sets no limit.
    pub max_steps: u32,
    /// Examples (pairs, for preference training) in one optimizer step.
    pub batch_size: usize,
    /// The order of examples.
    pub order: Order,
    /// Most tokens of one example, prompt and response; longer responses are cut at the end.
    pub max_length: usize,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Learning rate at the last step.
    pub final_learning_rate: f64,
    /// Shape of the way from peak to floor.
    pub decay: Decay,
    /// Steps of linear warmup.
    pub warmup_steps: u32,
    /// AdamW's decay of the gradient's mean.
    pub adam_beta1: f64,
    /// AdamW's decay of the squared gradient's mean.
    pub adam_beta2: f64,
    /// AdamW's epsilon.
    pub adam_epsilon: f64,
    /// Decoupled weight decay, on every parameter as `torch.optim.AdamW` does.
    pub weight_decay: f64,
    /// Largest global norm of the gradient; 0 does not clip.
    pub max_grad_norm: f64,
    /// Share of the values of each block's output that become 0 in training; the paper's is 0.1.
    pub dropout: f64,
    /// Decay of the running mean of the weights that training returns in place of the last weights;
    /// 0 for none.
    pub ema_decay: f64,
    /// What activations and products are computed in.
    pub precision: Precision,
    /// Choosing the best checkpoint, and stopping early.
    pub validation: ValidationConfig,
    /// Steps between checkpoints to resume from; 0 writes one only when interrupted.
    pub checkpoint_every: u32,
}

impl Default for TrainConfig {
    /// The paper's numbers where it states one, PyTorch's and TRL's defaults elsewhere.
    fn default() -> Self {
        Self {
            epochs: 1,
            max_steps: 0,
            batch_size: 16,
            order: Order::Shuffled,
            max_length: 1024,
            learning_rate: 1e-6,
            final_learning_rate: 1e-7,
            decay: Decay::Linear,
            warmup_steps: 0,
            adam_beta1: 0.9,
            adam_beta2: 0.999,
            adam_epsilon: 1e-8,
            weight_decay: 0.0,
            max_grad_norm: 1.0,
            dropout: 0.0,
            ema_decay: 0.0,
            precision: Precision::F32,
            validation: ValidationConfig::default(),
            checkpoint_every: 50,
        }
    }
}

impl TrainConfig {
    /// # Errors
    /// [`Error`] names the first key that cannot be, and what it must be.
    pub fn validate(&self) -> Result<(), Error> {
        let in_unit = |x: f64| (0.0..1.0).contains(&x);
        let not_negative = |x: f64| x.is_finite() && x >= 0.0;
        match self {
            c if c.epochs == 0 => refuse("epochs", "be at least 1"),
            c if c.batch_size == 0 => refuse("batch_size", "be at least 1"),
            c if c.max_length < 2 => refuse("max_length", "be at least 2"),
            c if !not_negative(c.learning_rate) => refuse("learning_rate", "be a number from 0 up"),
            c if !(not_negative(c.final_learning_rate)
                && c.final_learning_rate <= c.learning_rate) =>
            {
                refuse("final_learning_rate", "lie between 0 and learning_rate")
            }
            c if !in_unit(c.adam_beta1) => refuse("adam_beta1", "be at least 0 and below 1"),
            c if !in_unit(c.adam_beta2) => refuse("adam_beta2", "be at least 0 and below 1"),
            c if !(c.adam_epsilon.is_finite() && c.adam_epsilon > 0.0) => {
                refuse("adam_epsilon", "be above 0")
            }
            c if !not_negative(c.weight_decay) => refuse("weight_decay", "be a number from 0 up"),
            c if !not_negative(c.max_grad_norm) => refuse("max_grad_norm", "be a number from 0 up"),
            c if !in_unit(c.dropout) => refuse("dropout", "be at least 0 and below 1"),
            c if !in_unit(c.ema_decay) => refuse("ema_decay", "be at least 0 and below 1"),
            c => c.validation.validate(),
        }
    }

    /// Optimizer steps for `n_examples`.
    pub fn n_steps(&self, n_examples: usize) -> u32 {
        let all = n_examples.div_ceil(self.batch_size) as u32 * self.epochs;
        if self.max_steps == 0 { all } else { all.min(self.max_steps) }
    }

    /// Learning rate of step `step`, counted from 1, of `n_steps`.
    pub fn learning_rate_at(&self, step: u32, n_steps: u32) -> f64 {
        if step <= self.warmup_steps {
            return self.learning_rate * f64::from(step) / f64::from(self.warmup_steps);
        }
        let span = f64::from(n_steps.saturating_sub(self.warmup_steps).saturating_sub(1)).max(1.0);
        let progress = (f64::from(step - self.warmup_steps - 1) / span).min(1.0);
        let share = match self.decay {
            Decay::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * progress).cos()),
            Decay::Linear => 1.0 - progress,
            Decay::Constant => 1.0,
        };
        self.final_learning_rate + (self.learning_rate - self.final_learning_rate) * share
    }
}

/// What may differ from machine to machine without changing what is computed, up to rounding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainRuntime {
    /// Most tokens in one forward and backward pass; an optimizer step is made of as many passes as
    /// it needs.
    pub micro_batch_tokens: usize,
    /// Keep only what lies between layers for the gradient and compute the rest again: about a
    /// third more work and less memory.
    pub recompute_layers: bool,
}

impl Default for TrainRuntime {
    fn default() -> Self {
        Self { micro_batch_tokens: 2048, recompute_layers: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_warms_up_and_ends_at_its_floor() {
        for decay in [Decay::Cosine, Decay::Linear] {
            let config = TrainConfig {
                learning_rate: 1.0,
                final_learning_rate: 0.1,
                decay,
                warmup_steps: 4,
                ..TrainConfig::default()
            };
            let rates: Vec<f64> = (1..=10).map(|step| config.learning_rate_at(step, 10)).collect();
            assert_eq!(rates[..5], [0.25, 0.5, 0.75, 1.0, 1.0]);
            assert!(rates[4..].windows(2).all(|pair| pair[1] < pair[0]), "{rates:?}");
            assert!((rates[9] - 0.1).abs() < 1e-12, "{rates:?}");
        }
    }

    #[test]
    fn a_bad_key_is_named() {
        let config = TrainConfig { adam_beta2: 1.0, ..TrainConfig::default() };
        insta::assert_snapshot!(config.validate().unwrap_err(), @"adam_beta2 must be at least 0 and below 1");
    }
}
