//! How a step's examples are shared out.

use crate::config::ExternalConfig;
use crate::error::Error;

/// Passes and accumulation that together see the examples of one optimizer step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    /// Examples that one process takes in one pass.
    pub(crate) per_process: usize,
    /// Passes before an optimizer step.
    pub(crate) accumulation: usize,
}

impl Batch {
    pub(crate) fn of(config: &ExternalConfig, batch_size: usize) -> Result<Self, Error> {
        let ExternalConfig { num_processes, micro_batch_size, .. } = *config;
        let together = num_processes * micro_batch_size;
        if !batch_size.is_multiple_of(together) {
            return Err(Error::Batch { batch_size, num_processes, micro_batch_size });
        }
        Ok(Self { per_process: micro_batch_size, accumulation: batch_size / together })
    }
}
