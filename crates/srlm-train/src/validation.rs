//! Choosing the best checkpoint, and stopping when it stays the best.

use std::error::Error as StdError;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use srlm_artifact::MetricsRow;
use srlm_model::Model;

use crate::error::Error;

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
        let refuse = |key, must| Err(Error::Config { key, must });
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
    pub(crate) fn is_due(&self, step: u32, n_steps: u32) -> bool {
        self.every > 0 && (step.is_multiple_of(self.every) || step == n_steps)
    }

    /// Examples held out of `n`; at least one, and at least one is left.
    pub(crate) fn n_held_out(&self, n: usize) -> usize {
        if self.every == 0 || self.by == ValidateBy::Judge {
            return 0;
        }
        ((n as f64 * self.share).round() as usize).clamp(1, n.saturating_sub(1).max(1))
    }
}

/// Why a comparison failed.
pub type ValidateError = Box<dyn StdError + Send + Sync>;

/// Compares checkpoints by what they write.
pub trait Validate {
    /// Keeps the answers of `model`, which is that after step `step` (0 for the one that training
    /// starts from), in `dir`, unless they are there: an interrupted training goes on to the same
    /// numbers.
    ///
    /// # Errors
    /// Whatever keeps it from answering.
    fn answer(&mut self, model: &Model, step: u32, dir: &Path) -> Result<(), ValidateError>;

    /// Share of comparisons that the answers of step `new` win against those of step `old`, ties
    /// counting half.
    ///
    /// # Errors
    /// Whatever keeps it from comparing.
    fn win_rate(&mut self, new: u32, old: u32, dir: &Path) -> Result<f64, ValidateError>;
}

/// The step of the best checkpoint, and the validations since.
pub(crate) fn best_step(metrics: &[MetricsRow]) -> Option<(u32, u32)> {
    let mut best: Option<(u32, f64, u32)> = None;
    for row in metrics {
        let better = match (row.eval_loss, row.eval_win_rate, best) {
            (None, None, _) => continue,
            (_, _, None) => true,
            (Some(loss), _, Some((_, lowest, _))) => loss < lowest,
            (None, Some(rate), Some(_)) => rate > 0.5,
        };
        best = Some(match best {
            Some((step, lowest, since)) if !better => (step, lowest, since + 1),
            _ => (row.step, row.eval_loss.unwrap_or(0.0), 0),
        });
    }
    best.map(|(step, _, since)| (step, since))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics(values: &[(u32, Option<f64>, Option<f64>)]) -> Vec<MetricsRow> {
        let row = |&(step, eval_loss, eval_win_rate)| MetricsRow {
            step,
            eval_loss,
            eval_win_rate,
            ..MetricsRow::default()
        };
        values.iter().map(row).collect()
    }

    #[test]
    fn the_lowest_loss_is_the_best() {
        let rows = [
            (1, Some(2.0), None),
            (2, None, None),
            (3, Some(1.0), None),
            (4, Some(1.0), None),
            (5, Some(1.5), None),
        ];
        assert_eq!(best_step(&metrics(&rows)), Some((3, 2)));
        assert_eq!(best_step(&metrics(&rows[1..2])), None);
    }

    #[test]
    fn a_tie_does_not_replace_the_best() {
        let rows = [
            (1, None, Some(0.5)),
            (2, None, Some(0.5)),
            (3, None, Some(0.6)),
            (4, None, Some(0.2)),
        ];
        assert_eq!(best_step(&metrics(&rows)), Some((3, 1)));
    }

    #[test]
    fn something_is_held_out_and_something_is_left() {
        let config = ValidationConfig { every: 1, share: 0.01, ..ValidationConfig::default() };
        assert_eq!([2, 10, 1000].map(|n| config.n_held_out(n)), [1, 1, 10]);
    }
}
