//! Stored blocks to f32.
//!
//! Layouts and arithmetic follow `ggml-quants.c` (`dequantize_row_*`); every product and sum is
//! rounded to f32 in the order written there, so that values agree bit by bit.

use half::{bf16, f16};

use super::element::Element;

/// Writes the values of `bytes` into `out`.
///
/// # Panics
/// When `bytes` is not `element.row_bytes(out.len())` long.
pub(crate) fn dequantize(element: Element, bytes: &[u8], out: &mut [f32]) {
    assert_eq!(Some(bytes.len()), element.row_bytes(out.len()), "bytes and values of a row");
    let block: fn(&[u8], &mut [f32]) = match element {
        Element::F32 => |b, y| y[0] = f32::from_le_bytes([b[0], b[1], b[2], b[3]]),
        Element::F16 => |b, y| y[0] = half(b),
        Element::Bf16 => |b, y| y[0] = bf16::from_le_bytes([b[0], b[1]]).to_f32(),
        Element::Q4_0 => |b, y| nibbles(&b[2..], y, half(b), |q| f32::from(q) - 8.0, 0.0),
        Element::Q4_1 => |b, y| nibbles(&b[4..], y, half(b), f32::from, half(&b[2..])),
        Element::Q5_0 => |b, y| five_bits(&b[2..], y, half(b), |q| f32::from(q) - 16.0, 0.0),
        Element::Q5_1 => |b, y| five_bits(&b[4..], y, half(b), f32::from, half(&b[2..])),
        Element::Q8_0 => q8_0,
        Element::Q4K => q4_k,
        Element::Q5K => q5_k,
        Element::Q6K => q6_k,
    };
    let blocks = bytes.chunks_exact(element.block_bytes());
    for (bytes, values) in blocks.zip(out.chunks_exact_mut(element.block_len())) {
        block(bytes, values);
    }
}

fn half(bytes: &[u8]) -> f32 {
    f16::from_le_bytes([bytes[0], bytes[1]]).to_f32()
}

/// 32 values of four bits: the low halves of 16 bytes, then the high halves.
fn nibbles(quants: &[u8], out: &mut [f32], scale: f32, level: fn(u8) -> f32, min: f32) {
    let (low, high) = out.split_at_mut(16);
    for (j, &q) in quants[..16].iter().enumerate() {
        low[j] = level(q & 0xF) * scale + min;
        high[j] = level(q >> 4) * scale + min;
    }
}

/// As [`nibbles`], with the fifth bits in the 32-bit word before them.
fn five_bits(bytes: &[u8], out: &mut [f32], scale: f32, level: fn(u8) -> f32, min: f32) {
    let fifth = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    let bit = |j: usize| (((fifth >> j) & 1) << 4) as u8;
    let (low, high) = out.split_at_mut(16);
    for (j, &q) in bytes[4..20].iter().enumerate() {
        low[j] = level((q & 0xF) | bit(j)) * scale + min;
        high[j] = level((q >> 4) | bit(j + 16)) * scale + min;
    }
}

fn q8_0(bytes: &[u8], out: &mut [f32]) {
    let scale = half(bytes);
    for (y, &q) in out.iter_mut().zip(&bytes[2..]) {
        *y = f32::from(q as i8) * scale;
    }
}

/// The `j`th six-bit scale and minimum of a K block's twelve packed bytes (`get_scale_min_k4`).
fn scale_min(j: usize, packed: &[u8]) -> (f32, f32) {
    let (scale, min) = if j < 4 {
        (packed[j] & 63, packed[j + 4] & 63)
    } else {
        let scale = (packed[j + 4] & 0xF) | ((packed[j - 4] >> 6) << 4);
        (scale, (packed[j + 4] >> 4) | ((packed[j] >> 6) << 4))
    };
    (f32::from(scale), f32::from(min))
}

fn q4_k(bytes: &[u8], out: &mut [f32]) {
    let (scales, quants) = (&bytes[4..16], &bytes[16..144]);
    k_blocks(half(bytes), half(&bytes[2..]), scales, quants, out, |_, _| 0);
}

fn q5_k(bytes: &[u8], out: &mut [f32]) {
    let (scales, high, quants) = (&bytes[4..16], &bytes[16..48], &bytes[48..176]);
    let fifth = |sub: usize, j: usize| ((high[j] >> sub) & 1) << 4;
    k_blocks(half(bytes), half(&bytes[2..]), scales, quants, out, fifth);
}

/// Eight runs of 32 values: each 32 bytes of quants hold two, and `fifth(run, j)` adds their bit of
/// weight 16.
fn k_blocks(
    scale: f32,
    min: f32,
    scales: &[u8],
    quants: &[u8],
    out: &mut [f32],
    fifth: impl Fn(usize, usize) -> u8,
) {
    for (run, values) in out.chunks_exact_mut(32).enumerate() {
        let (s, m) = scale_min(run, scales);
        let (s, m) = (scale * s, min * m);
        let quants = &quants[run / 2 * 32..][..32];
        for (j, (y, &q)) in values.iter_mut().zip(quants).enumerate() {
            let low = if run % 2 == 0 { q & 0xF } else { q >> 4 };
            *y = s * f32::from(low | fifth(run, j)) - m;
        }
    }
}

fn q6_k(bytes: &[u8], out: &mut [f32]) {
    let scale = half(&bytes[208..]);
    for (part, values) in out.chunks_exact_mut(128).enumerate() {
        let (low, high) = (&bytes[part * 64..][..64], &bytes[128 + part * 32..][..32]);
        let scales = &bytes[192 + part * 8..][..8];
        for (j, y) in values.iter_mut().enumerate() {
            let (run, l) = (j / 32, j % 32);
            let four = low[(run % 2) * 32 + l] >> (4 * (run / 2)) & 0xF;
            let two = (high[l] >> (2 * run)) & 3;
            let level = f32::from(four | (two << 4)) - 32.0;
            *y = scale * f32::from(scales[j / 16] as i8) * level;
        }
    }
}
