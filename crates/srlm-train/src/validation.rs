//! Choosing the best checkpoint, and stopping when it stays the best.

use std::error::Error as StdError;
use std::path::Path;

use srlm_artifact::MetricsRow;
use srlm_model::Model;

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
}
