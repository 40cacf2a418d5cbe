//! Rotary scaling in a GGUF file: keys for the linear kind, a tensor of divisors for Llama 3's.

use std::f64::consts::TAU;

use super::metadata::Metadata;
use super::weights;
use crate::config::{ModelConfig, RopeScaling};
use crate::error::Error;

/// What `ARCHITECTURE.rope.scaling.*` and `rope_freqs.weight` say.
pub(crate) fn scaling(
    metadata: Metadata<'_>,
    name: &str,
    config: &ModelConfig,
) -> Result<RopeScaling, Error> {
    let key = format!("{name}.rope.scaling.type");
    let factor = metadata.float(&format!("{name}.rope.scaling.factor"))?;
    let factor = factor.or(metadata.float(&format!("{name}.rope.scale_linear"))?);
    match (metadata.string(&key)?, factor) {
        (Some("linear") | None, Some(factor)) if factor != 1.0 && factor != 0.0 => {
            return Ok(RopeScaling::Linear { factor });
        }
        (Some("none" | "linear") | None, _) => {}
        (Some(other), _) => {
            return Err(Error::config(
                metadata.path,
                key,
                format!("is {other:?}; read are \"none\" and \"linear\""),
            ));
        }
    }
    match metadata.header.tensors.get("rope_freqs.weight") {
        None => Ok(RopeScaling::None),
        Some(info) if info.shape == [config.head_dim / 2] => {
            let entry = weights::entry(metadata, "rope_freqs.weight", info, None)?;
            let divisors = entry.read()?;
            fit(&divisors, config.rope_theta).ok_or_else(|| {
                Error::config(
                    metadata.path,
                    "rope_freqs.weight",
                    "holds no divisors that Llama 3's rule gives",
                )
            })
        }
        Some(info) => Err(Error::TensorShape {
            path: metadata.path.to_owned(),
            name: "rope_freqs.weight".to_owned(),
            found: info.shape.clone(),
            expected: vec![config.head_dim / 2],
        }),
    }
}

/// The values of `rope_freqs.weight`, `[head_dim / 2]`; `None` where the file has no such tensor.
pub(super) fn divisors(config: &ModelConfig) -> Option<Vec<f32>> {
    let RopeScaling::Llama3 { factor, low_freq_factor, high_freq_factor, original_max_position } =
        config.rope_scaling
    else {
        return None;
    };
    let (n, original) = (config.head_dim / 2, original_max_position as f64);
    let divisors =
        llama3_divisors(config.rope_theta, n, factor, low_freq_factor, high_freq_factor, original);
    Some(divisors.into_iter().map(|divisor| divisor as f32).collect())
}

/// Divisors of the frequencies by Llama 3's rule, `n` of them.
///
/// # Source
/// transformers, `_compute_llama3_parameters`; llama.cpp's converter writes them as
/// `rope_freqs.weight`.
fn llama3_divisors(
    theta: f64,
    n: usize,
    factor: f64,
    low: f64,
    high: f64,
    original: f64,
) -> Vec<f64> {
    let divisor = |i: usize| {
        let wavelength = TAU * theta.powf(i as f64 / n as f64);
        if wavelength < original / high {
            1.0
        } else if wavelength > original / low {
            factor
        } else {
            let smooth = (original / wavelength - low) / (high - low);
            1.0 / ((1.0 - smooth) / factor + smooth)
        }
    };
    (0..n).map(divisor).collect()
}

/// The scaling whose divisors these are; `None` when there is none.
///
/// The passage between the two ends is linear in `original / wavelength`, so it fixes `original /
/// low` and `original / high` but not the three apart: Llama's own `low = 1` is taken, and its 8192
/// and 4 are tried first.
fn fit(divisors: &[f32], theta: f64) -> Option<RopeScaling> {
    let factor = f64::from(*divisors.last()?);
    if divisors.iter().any(|d| !d.is_finite() || *d <= 0.0) {
        return None;
    }
    if divisors.iter().all(|d| f64::from(*d) == factor) {
        return Some(if factor == 1.0 {
            RopeScaling::None
        } else {
            RopeScaling::Linear { factor }
        });
    }
    let mut candidates = vec![(8192.0, 4.0)];
    candidates.extend(passage(divisors, theta, factor));
    candidates.extend(step(divisors, theta));
    let agrees = |&(original, high): &(f64, f64)| {
        let ours = llama3_divisors(theta, divisors.len(), factor, 1.0, high, original);
        ours.iter().zip(divisors).all(|(a, b)| (a - f64::from(*b)).abs() <= 1e-3 * a)
    };
    let (original, high_freq_factor) = candidates.into_iter().find(agrees)?;
    let original_max_position = original as usize;
    Some(RopeScaling::Llama3 {
        factor,
        low_freq_factor: 1.0,
        high_freq_factor,
        original_max_position,
    })
}

/// `(original, high)` from the first and last divisors strictly between 1 and `factor`.
fn passage(divisors: &[f32], theta: f64, factor: f64) -> Option<(f64, f64)> {
    let n = divisors.len() as f64;
    let between = |d: f64| d > 1.0 + 1e-6 && d < factor * (1.0 - 1e-6);
    let points =
        divisors.iter().enumerate().filter(|(_, d)| between(f64::from(**d))).map(|(i, d)| {
            let smooth = (1.0 / f64::from(*d) - 1.0 / factor) / (1.0 - 1.0 / factor);
            (1.0 / (TAU * theta.powf(i as f64 / n)), smooth)
        });
    let points: Vec<_> = points.collect();
    let ((x0, y0), (x1, y1)) = (*points.first()?, *points.last()?);
    // smooth = (original * x - 1) / (high - 1)
    let slope = (y1 - y0) / (x1 - x0);
    let high = 1.0 + 1.0 / (slope * x0 - y0);
    let original = (slope * (high - 1.0)).round();
    (original.is_finite() && original >= 1.0 && high > 1.0).then_some((original, high))
}

/// `(original, high)` that lets no frequency into the passage: its ends lie between the last
/// divisor of 1 and the next.
fn step(divisors: &[f32], theta: f64) -> Option<(f64, f64)> {
    let n_kept = divisors.iter().take_while(|divisor| **divisor == 1.0).count();
    let wavelength = |i: usize| TAU * theta.powf(i as f64 / divisors.len() as f64);
    let (short, long) = (wavelength(n_kept.checked_sub(1)?), wavelength(n_kept));
    let original = (short * long).sqrt().round();
    Some((original, (1.0 + original / short) / 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn divisors(factor: f64, high: f64, original: f64) -> Vec<f32> {
        llama3_divisors(500_000.0, 64, factor, 1.0, high, original)
            .into_iter()
            .map(|d| d as f32)
            .collect()
    }

    #[test]
    fn llama_3_scalings_are_found_from_their_divisors() {
        for (factor, high, original) in
            [(8.0, 4.0, 8192.0), (32.0, 4.0, 8192.0), (4.0, 3.0, 2048.0)]
        {
            let found = fit(&divisors(factor, high, original), 500_000.0).unwrap();
            let RopeScaling::Llama3 {
                factor: f,
                low_freq_factor,
                high_freq_factor,
                original_max_position,
            } = found
            else {
                panic!("{found:?}")
            };
            assert_eq!(
                (f, low_freq_factor, original_max_position),
                (factor, 1.0, original as usize)
            );
            assert!((high_freq_factor - high).abs() < 1e-2, "{high_freq_factor}");
        }
    }

    #[test]
    fn a_step_without_a_passage_is_llama_3s() {
        let found = fit(&[1.0, 1.0, 8.0, 8.0], 500_000.0).unwrap();
        assert!(
            matches!(found, RopeScaling::Llama3 { factor: 8.0, low_freq_factor: 1.0, .. }),
            "{found:?}"
        );
    }

    #[test]
    fn equal_divisors_are_linear_and_others_nothing() {
        assert_eq!(fit(&[1.0; 8], 1e4), Some(RopeScaling::None));
        assert_eq!(fit(&[4.0; 8], 1e4), Some(RopeScaling::Linear { factor: 4.0 }));
        assert_eq!(fit(&[1.0, 5.0, 2.0, 8.0], 1e4), None);
        assert_eq!(fit(&[1.0, f32::NAN], 1e4), None);
        assert_eq!(fit(&[], 1e4), None);
    }
}
