//! f32 to stored blocks.
//!
//! Arithmetic follows `ggml-quants.c` (`quantize_row_*_ref`), every step rounded to f32 in the
//! order written there, so that bytes agree with gguf-py's.

use half::{bf16 as Bf16, f16 as F16};

/// Values in a block.
const BLOCK: usize = 32;

/// Appends 16-bit floats, rounded to nearest.
///
/// # Errors
/// A finite value beyond 65504.
pub(super) fn f16(values: &[f32], out: &mut Vec<u8>) -> Result<(), f32> {
    for &value in values {
        let stored = F16::from_f32(value);
        if value.is_finite() && stored.is_infinite() {
            return Err(value);
        }
        out.extend(stored.to_le_bytes());
    }
    Ok(())
}

/// Appends bfloat16 values, rounded to nearest.
///
/// # Errors
/// A finite value beyond the largest of the format.
pub(super) fn bf16(values: &[f32], out: &mut Vec<u8>) -> Result<(), f32> {
    for &value in values {
        let stored = Bf16::from_f32(value);
        if value.is_finite() && stored.is_infinite() {
            return Err(value);
        }
        out.extend(stored.to_le_bytes());
    }
    Ok(())
}

/// Appends blocks of a 16-bit scale and 32 signed bytes.
///
/// # Errors
/// A value that is no number, infinite or beyond what the scale can reach.
pub(super) fn q8_0(values: &[f32], out: &mut Vec<u8>) -> Result<(), f32> {
    for block in values.chunks_exact(BLOCK) {
        let largest = largest(block)?;
        let scale = largest.abs() / 127.0;
        out.extend(half_scale(scale, largest)?);
        let inverse = inverse(scale);
        // `round` takes halves away from zero, as C's `roundf` does.
        out.extend(block.iter().map(|value| (value * inverse).round() as i8 as u8));
    }
    Ok(())
}

/// Appends blocks of a 16-bit scale and 16 bytes, each with value `j` in its low and value `j + 16`
/// in its high half.
///
/// # Errors
/// Those of [`q8_0`].
pub(super) fn q4_0(values: &[f32], out: &mut Vec<u8>) -> Result<(), f32> {
    for block in values.chunks_exact(BLOCK) {
        // The value that is largest in magnitude becomes -8, the end of the scale that has one more
        // step.
        let largest = largest(block)?;
        let scale = largest / -8.0;
        out.extend(half_scale(scale, largest)?);
        let inverse = inverse(scale);
        let level = |value: f32| ((value * inverse + 8.5) as u8).min(15);
        let (low, high) = block.split_at(BLOCK / 2);
        out.extend(low.iter().zip(high).map(|(&low, &high)| level(low) | (level(high) << 4)));
    }
    Ok(())
}

/// The first value of the largest magnitude.
fn largest(block: &[f32]) -> Result<f32, f32> {
    let mut largest = 0.0f32;
    for &value in block {
        if !value.is_finite() {
            return Err(value);
        }
        if largest.abs() < value.abs() {
            largest = value;
        }
    }
    Ok(largest)
}

fn half_scale(scale: f32, largest: f32) -> Result<[u8; 2], f32> {
    let stored = F16::from_f32(scale);
    if stored.is_infinite() { Err(largest) } else { Ok(stored.to_le_bytes()) }
}

fn inverse(scale: f32) -> f32 {
    if scale == 0.0 { 0.0 } else { 1.0 / scale }
}
