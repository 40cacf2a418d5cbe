//! The frequencies of rotary positions, with Llama 3's scaling.

use std::f32::consts::PI;

use srlm_checkpoint::{ModelConfig, RopeScaling};

/// Radians a position, `head_dim / 2` of them, in f32 as transformers computes them.
///
/// # Source
/// transformers, `modeling_rope_utils.py`: `default`, `linear` and `llama3`.
pub(crate) fn inverse_frequencies(config: &ModelConfig) -> Vec<f32> {
    let dim = config.head_dim as f32;
    let base = config.rope_theta as f32;
    let plain = (0..config.head_dim / 2).map(|i| base.powf(2.0 * i as f32 / dim).recip());
    match &config.rope_scaling {
        RopeScaling::None => plain.collect(),
        RopeScaling::Linear { factor } => plain.map(|f| f / *factor as f32).collect(),
        RopeScaling::Llama3 {
            factor,
            low_freq_factor,
            high_freq_factor,
            original_max_position,
        } => {
            let (factor, low, high) =
                (*factor as f32, *low_freq_factor as f32, *high_freq_factor as f32);
            let original = *original_max_position as f32;
            let scaled = |f: f32| {
                let wavelength = 2.0 * PI / f;
                if wavelength < original / high {
                    f
                } else if wavelength > original / low {
                    f / factor
                } else {
                    let smooth = (original / wavelength - low) / (high - low);
                    (1.0 - smooth) * f / factor + smooth * f
                }
            };
            plain.map(scaled).collect()
        }
    }
}
