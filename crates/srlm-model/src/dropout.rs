//! Dropout whose masks depend on a seed and a place alone, so that a pass computed again draws the
//! same ones.

use burn::tensor::{Tensor, TensorData};

/// Rates and seed of the masks of one training pass; the default drops nothing.
///
/// # Source
/// Srivastava et al. 2014, with what is kept scaled up so that means stay. Where in a decoder: the
/// output of each attention and feed-forward block before it is added (Vaswani et al. 2017, section
/// 5.4), and the input of each adapter (Hu et al. 2021).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Dropout {
    /// Share of the values of each block's output that become 0.
    pub block: f64,
    /// Share of the values of each adapter's input that become 0.
    pub adapter: f64,
    /// Seed of all masks of the pass.
    pub seed: u64,
}

impl Dropout {
    pub(crate) fn of_block(&self, x: Tensor<2>, site: u64) -> Tensor<2> {
        self.apply(x, self.block, site)
    }

    pub(crate) fn of_adapter(&self, x: Tensor<2>, site: u64) -> Tensor<2> {
        self.apply(x, self.adapter, site)
    }

    fn apply(&self, x: Tensor<2>, rate: f64, site: u64) -> Tensor<2> {
        if rate == 0.0 {
            return x;
        }
        let shape = x.dims();
        let values = mask(shape[0] * shape[1], rate, mix(self.seed ^ mix(site)));
        let mask = Tensor::<2>::from_data(TensorData::new(values, shape), &x.device());
        let dtype = x.dtype();
        x * mask.cast(dtype)
    }
}

/// 0 at the given rate, else `1 / (1 - rate)`.
fn mask(len: usize, rate: f64, seed: u64) -> Vec<f32> {
    let (threshold, kept) = ((rate * 2f64.powi(32)) as u64, (1.0 / (1.0 - rate)) as f32);
    let value = |bits: u64| if bits < threshold { 0.0 } else { kept };
    (0..len)
        .map(|i| {
            // One word of 64 bits decides two values.
            let word = mix(seed.wrapping_add((i / 2) as u64));
            value(if i % 2 == 0 { word >> 32 } else { word & 0xFFFF_FFFF })
        })
        .collect()
}

/// The finalizer of SplitMix64 (Steele et al. 2014).
fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_asked_share_is_dropped_and_the_mean_stays() {
        let values = mask(100_000, 0.1, 7);
        let dropped = values.iter().filter(|&&v| v == 0.0).count() as f64 / 1e5;
        assert!((dropped - 0.1).abs() < 0.005, "{dropped}");
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / 1e5;
        assert!((mean - 1.0).abs() < 0.01, "{mean}");
        // Neighbors are independent: both dropped at the square of the rate.
        let both = values.windows(2).filter(|w| w[0] == 0.0 && w[1] == 0.0).count() as f64 / 1e5;
        assert!((both - 0.01).abs() < 0.002, "{both}");
    }

    #[test]
    fn masks_repeat_by_seed_and_differ_by_place() {
        assert_eq!(mask(64, 0.5, 3), mask(64, 0.5, 3));
        assert_ne!(mask(64, 0.5, mix(3 ^ mix(1))), mask(64, 0.5, mix(3 ^ mix(2))));
    }
}
