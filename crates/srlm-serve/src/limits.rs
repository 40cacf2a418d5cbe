//! What clients may ask for, so that none stops the server for all.

use std::time::Duration;

/// Limits of calls.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The longest body, in bytes.
    pub max_body_bytes: usize,
    /// Memory for the bodies of all calls together, in bytes; calls wait for it.
    pub max_memory_bytes: usize,
    /// Most samples of a call: its prompts times its `n`.
    pub max_samples: usize,
    /// How long a call waits for memory and its body.
    pub body_time: Duration,
    /// How long calls under way may take to be answered when the server stops.
    pub stop_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body_bytes: 8 << 20,
            max_memory_bytes: 64 << 20,
            max_samples: 4096,
            body_time: Duration::from_secs(30),
            stop_time: Duration::from_secs(5),
        }
    }
}
