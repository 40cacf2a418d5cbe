//! Root-mean-square normalization.

use rayon::prelude::*;

use crate::cpu::versions;
use crate::exp::{dot, sum_of};
use crate::rows::for_each_rows;

#[inline(always)]
fn inverse_rms(x: &[f32], epsilon: f32) -> f32 {
    1.0 / (sum_of(x, |v| v * v) / x.len() as f32 + epsilon).sqrt()
}

/// `y = weight * x / sqrt(mean(x^2) + epsilon)` for each row.
///
/// # Shapes
/// `x` and `y` are `[rows, width]`, `weight` is `[width]`.
///
/// # Source
/// Zhang and Sennrich 2019, "Root Mean Square Layer Normalization".
pub fn rms_norm(y: &mut [f32], x: &[f32], weight: &[f32], epsilon: f32) {
    let width = weight.len();
    assert_eq!(x.len(), y.len());
    for_each_rows(y, width, |first, y| {
        norm_rows(y, &x[first * width..][..y.len()], weight, epsilon)
    });
}

versions! {
    fn norm_rows(y: &mut [f32], x: &[f32], weight: &[f32], epsilon: f32) {
        let width = weight.len();
        for (y, x) in y.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
            let scale = inverse_rms(x, epsilon);
            for ((y, &x), &w) in y.iter_mut().zip(x).zip(weight) {
                *y = x * scale * w;
            }
        }
    }
}

/// Gradients of [`rms_norm`]: `(dx, dweight)`.
///
/// # Shapes
/// `x`, `dy` and `dx` are `[rows, width]`, `weight` and `dweight` are `[width]`.
pub fn rms_norm_backward(
    dy: &[f32],
    x: &[f32],
    weight: &[f32],
    epsilon: f32,
) -> (Vec<f32>, Vec<f32>) {
    let width = weight.len();
    let n_rows = x.len() / width;
    let mut dx = vec![0.0; x.len()];
    // Each block of rows sums its own part of the weight's gradient; the parts are then added in a
    // fixed order.
    const BLOCK: usize = 64;
    let mut parts = vec![0.0; n_rows.div_ceil(BLOCK) * width];
    let blocks = dx.par_chunks_mut(BLOCK * width).zip(parts.par_chunks_mut(width)).enumerate();
    blocks.for_each(|(block, (dx, dweight))| {
        let rows = block * BLOCK * width..block * BLOCK * width + dx.len();
        norm_rows_backward(dx, dweight, &dy[rows.clone()], &x[rows], weight, epsilon);
    });
    let mut dweight = vec![0.0; width];
    for part in parts.chunks(width) {
        for (sum, &v) in dweight.iter_mut().zip(part) {
            *sum += v;
        }
    }
    (dx, dweight)
}

versions! {
    fn norm_rows_backward(
        dx: &mut [f32],
        dweight: &mut [f32],
        dy: &[f32],
        x: &[f32],
        weight: &[f32],
        epsilon: f32,
    ) {
        let width = weight.len();
        for (i, dx) in dx.chunks_exact_mut(width).enumerate() {
            let (x, dy) = (&x[i * width..][..width], &dy[i * width..][..width]);
            let scale = inverse_rms(x, epsilon);
            for ((dx, &dy), &w) in dx.iter_mut().zip(dy).zip(weight) {
                *dx = dy * w;
            }
            let projection = dot::<FUSED>(dx, x) * scale * scale / width as f32;
            for (((dx, &x), &dy), dw) in dx.iter_mut().zip(x).zip(dy).zip(dweight.iter_mut()) {
                *dw += dy * x * scale;
                *dx = (*dx - x * projection) * scale;
            }
        }
    }
}
