//! Settings of choosing the best checkpoint.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::error::refuse;

/// How checkpoints are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ValidateBy {
    /// By the loss on a share of the examples that is held out of training: the lowest is the best.
    Loss,
    /// By a judge that compares the checkpoint's answers to validation prompts with those of the
    /// best one so far, in both orders: the paper's way (section 3.1.3).
    Judge,
}

/// Validation while training. The best checkpoint is what training returns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValidationConfig {
    /// Steps between validations; 0 for none, and the last step's weights. The paper's is 200.
    pub every: u32,
    /// How checkpoints are compared.
    pub by: ValidateBy,
    /// Share of the examples that is held out (`by = "loss"`).
    pub share: f64,
    /// Prompts that are answered (`by = "judge"`); the paper has 253.
    pub prompts: usize,
    /// Validations in a row without a new best after which training stops; 0 never stops early.
    pub patience: u32,
}

impl Default for ValidationConfig {
    fn default() -> Self {
        Self { every: 0, by: ValidateBy::Loss, share: 0.05, prompts: 32, patience: 1 }
    }
}

impl ValidationConfig {
    pub(crate) fn validate(&self) -> Result<(), Error> {
        match self {
            c if c.every == 0 => Ok(()),
            c if c.by == ValidateBy::Loss && !(c.share > 0.0 && c.share < 1.0) => {
                refuse("validation.share", "be above 0 and below 1")
            }
            c if c.by == ValidateBy::Judge && c.prompts == 0 => {
                refuse("validation.prompts", "be at least 1")
            }
            _ => Ok(()),
        }
    }

    /// Whether step `step` of `n_steps` is followed by a validation.
    pub fn is_due(&self, step: u32, n_steps: u32) -> bool {
        self.every > 0 && (step.is_multiple_of(self.every) || step == n_steps)
    }

    /// Examples held out of `n`; at least one, and at least one is left.
    pub fn n_held_out(&self, n: usize) -> usize {
        if self.every == 0 || self.by == ValidateBy::Judge {
            return 0;
        }
        ((n as f64 * self.share).round() as usize).clamp(1, n.saturating_sub(1).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn something_is_held_out_and_something_is_left() {
        let config = ValidationConfig { every: 1, share: 0.01, ..ValidationConfig::default() };
        assert_eq!([2, 10, 1000].map(|n| config.n_held_out(n)), [1, 1, 10]);
    }
}
