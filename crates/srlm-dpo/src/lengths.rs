//! Weights that keep a response's length out of its log-probability.

use srlm_model::Scored;

/// A weight for each scored token: 1 up to the length of the shorter response of its pair, `alpha`
/// beyond; `None` where all are 1. Sequence `i` and sequence `n_pairs + i` are a pair.
///
/// # Source
/// LD-DPO, Liu et al. 2024, eq. 9: the public length's log-probability in full, that of the excess
/// times `alpha`.
pub(crate) fn desensitize(scored: &Scored, n_pairs: usize, alpha: f64) -> Option<Vec<f32>> {
    if alpha == 1.0 {
        return None;
    }
    let lengths = scored.counts(2 * n_pairs);
    let mut seen = vec![0; 2 * n_pairs];
    let weight = |&sequence: &usize| {
        seen[sequence] += 1;
        let shared = lengths[sequence % n_pairs].min(lengths[sequence % n_pairs + n_pairs]);
        if seen[sequence] <= shared { 1.0 } else { alpha as f32 }
    };
    Some(scored.sequences.iter().map(weight).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_excess_of_the_longer_response_weighs_less() {
        let scored = Scored { sequences: vec![0, 0, 0, 1, 2, 2, 3, 3], ..Scored::default() };
        assert_eq!(desensitize(&scored, 2, 1.0), None);
        assert_eq!(desensitize(&scored, 2, 0.5).unwrap(), [1.0, 1.0, 0.5, 1.0, 1.0, 1.0, 1.0, 0.5]);
    }
}
