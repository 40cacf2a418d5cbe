//! Percentile bootstrap over clusters.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Error, Estimate};

/// How intervals are made. Prompts are drawn, not responses: responses to one prompt depend on each
/// other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bootstrap {
    /// Times the prompts are drawn again, with replacement.
    pub n_resamples: u32,
    /// Share of the resamples inside the interval.
    pub level: f64,
    /// Seed of the draws.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self { n_resamples: 2000, level: 0.95, seed: 0 }
    }
}

impl Bootstrap {
    /// Refuses settings that give no interval.
    ///
    /// # Errors
    /// [`Error::Config`] names the key, its value and the remedy.
    pub fn validate(&self) -> Result<(), Error> {
        if self.n_resamples < 100 {
            let remedy = "use at least 100, better 2000";
            return Err(Error::Config {
                key: "n_resamples",
                value: self.n_resamples.to_string(),
                remedy,
            });
        }
        if !(self.level > 0.0 && self.level < 1.0) {
            let remedy = "use a share between 0 and 1, such as 0.95";
            return Err(Error::Config { key: "level", value: self.level.to_string(), remedy });
        }
        Ok(())
    }

    /// The statistic of all clusters, with the percentile interval of its values on resampled
    /// clusters.
    ///
    /// `None` where the statistic is undefined. Resamples on which it is undefined are left out.
    /// Percentiles interpolate linearly, as `numpy.percentile` does.
    pub fn estimate<T>(
        &self,
        clusters: &[T],
        statistic: impl Fn(&[&T]) -> Option<f64>,
    ) -> Option<Estimate> {
        let all: Vec<&T> = clusters.iter().collect();
        let value = statistic(&all)?;
        let mut generator = ChaCha8Rng::seed_from_u64(self.seed);
        let mut drawn = all.clone();
        let mut values = Vec::with_capacity(self.n_resamples as usize);
        for _ in 0..self.n_resamples {
            drawn.fill_with(|| all[draw_below(&mut generator, all.len())]);
            values.extend(statistic(&drawn));
        }
        let (low, high) = self.interval(values).unwrap_or((value, value));
        Some(Estimate { value, low, high })
    }

    /// The mean of repeated measurements, with the percentile interval that holds `level` of them.
    pub(crate) fn spread(&self, values: Vec<f64>) -> Option<Estimate> {
        let value = values.iter().sum::<f64>() / values.len() as f64;
        let (low, high) = self.interval(values)?;
        Some(Estimate { value, low, high })
    }

    fn interval(&self, mut values: Vec<f64>) -> Option<(f64, f64)> {
        values.sort_unstable_by(f64::total_cmp);
        let tail = (1.0 - self.level) / 2.0;
        Some((percentile(&values, tail)?, percentile(&values, 1.0 - tail)?))
    }
}

/// A place below `n`. The bias of multiplying instead of rejecting is below `n / 2^64`.
pub(crate) fn draw_below(generator: &mut ChaCha8Rng, n: usize) -> usize {
    ((u128::from(generator.next_u64()) * n as u128) >> 64) as usize
}

/// The value below which `share` of the sorted values lie, interpolated; `None` without values.
pub(crate) fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share * (sorted.len().checked_sub(1)?) as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    Some(below + (above - below) * place.fract())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mean(values: &[&f64]) -> Option<f64> {
        (!values.is_empty()).then(|| values.iter().copied().sum::<f64>() / values.len() as f64)
    }

    #[test]
    fn interval_of_a_mean_is_near_the_normal_one() {
        let values: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
        let estimate = Bootstrap::default().estimate(&values, mean).unwrap();
        assert_eq!(estimate.value, 0.5);
        // Standard error 0.5 / sqrt(400) = 0.025; 1.96 of it on each side.
        assert!(
            (estimate.low - 0.451).abs() < 0.006 && (estimate.high - 0.549).abs() < 0.006,
            "{estimate:?}"
        );
    }

    #[test]
    fn percentiles_interpolate_as_numpy_does() {
        assert_eq!(percentile(&[1.0, 2.0, 3.0, 4.0], 0.9), Some(3.7));
        assert_eq!(percentile(&[7.0], 0.5), Some(7.0));
        assert_eq!(percentile(&[], 0.5), None);
    }

    #[test]
    fn bad_settings_are_named() {
        let error = Bootstrap { n_resamples: 3, ..Bootstrap::default() }.validate().unwrap_err();
        insta::assert_snapshot!(error, @"n_resamples = 3: use at least 100, better 2000");
        assert!(Bootstrap { level: f64::NAN, ..Bootstrap::default() }.validate().is_err());
    }

    proptest! {
        #[test]
        fn same_seed_same_interval_and_constants_have_none_of_width(x in -9.0..9.0f64, n in 1usize..20, seed: u64) {
            let bootstrap = Bootstrap { n_resamples: 100, level: 0.9, seed };
            let mixed: Vec<f64> = (0..n).map(|i| x * i as f64).collect();
            prop_assert_eq!(bootstrap.estimate(&mixed, mean), bootstrap.estimate(&mixed, mean));
            let constant = bootstrap.estimate(&vec![x; n], mean).unwrap();
            prop_assert!((constant.high - constant.low).abs() < 1e-12);
        }
    }
}
