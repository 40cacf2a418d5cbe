//! Where every row's randomness comes from.

use sha2::{Digest, Sha256};

/// The seed of one generated row: a hash of what names the row, so that neither batch, thread, shard nor
/// interruption can change what it draws.
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
