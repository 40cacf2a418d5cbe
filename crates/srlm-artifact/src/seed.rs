//! Where every row's randomness comes from.

use sha2::{Digest, Sha256};

/// Where in a run a stage stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The run's seed.
    pub run_seed: u64,
    /// The iteration, from 1; 0 before the first.
    pub iteration: u32,
}

/// The seed of one generated row: a hash of what names the row, so that neither batch, thread,
/// shard nor interruption can change what it draws.
///
/// The result has 53 bits: every JSON reader keeps it exactly.
pub fn row_seed(run_seed: u64, stage: &str, iteration: u32, id: &str, index: u32) -> u64 {
    let mut hash = Sha256::new();
    hash.update(run_seed.to_le_bytes());
    for text in [stage, id] {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    hash.update(iteration.to_le_bytes());
    hash.update(index.to_le_bytes());
    let digest = hash.finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_le_bytes(first) >> 11
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn whatever_names_a_row_changes_its_seed() {
        let seeds = [
            row_seed(1, "responses", 1, "p1", 0),
            row_seed(2, "responses", 1, "p1", 0),
            row_seed(1, "response", 1, "sp1", 0),
            row_seed(1, "responses", 2, "p1", 0),
            row_seed(1, "responses", 1, "p2", 0),
            row_seed(1, "responses", 1, "p1", 1),
        ];
        assert_eq!(seeds.iter().collect::<HashSet<_>>().len(), seeds.len());
        assert!(seeds.iter().all(|&seed| seed < 1 << 53));
    }

    #[test]
    fn seeds_never_change() {
        // Computed with Python's hashlib from the layout that `row_seed` writes.
        assert_eq!(row_seed(42, "responses", 1, "iter1-00000", 3), 877_887_152_383_385);
    }
}
