//! The gated activation of Llama's feed-forward layer.

use rayon::prelude::*;

use crate::cpu::versions;
use crate::exp::sigmoid;
use crate::rows::{TASK, for_each_rows};

/// `y = silu(gate) * up`, elementwise.
///
/// # Source
/// Shazeer 2020, "GLU Variants Improve Transformer".
pub fn swiglu(y: &mut [f32], gate: &[f32], up: &[f32]) {
    assert!(y.len() == gate.len() && y.len() == up.len());
    for_each_rows(y, 1, |first, y| gated(y, &gate[first..][..y.len()], &up[first..][..y.len()]));
}

versions! {
    fn gated(y: &mut [f32], gate: &[f32], up: &[f32]) {
        for ((y, &g), &u) in y.iter_mut().zip(gate).zip(up) {
            *y = g * sigmoid(g) * u;
        }
    }
}

/// Gradients of [`swiglu`]: `(dgate, dup)`.
pub fn swiglu_backward(dy: &[f32], gate: &[f32], up: &[f32]) -> (Vec<f32>, Vec<f32>) {
    assert!(dy.len() == gate.len() && dy.len() == up.len());
    let (mut dgate, mut dup) = (vec![0.0; dy.len()], vec![0.0; dy.len()]);
    let out = dgate.par_chunks_mut(TASK).zip(dup.par_chunks_mut(TASK));
    let given = dy.par_chunks(TASK).zip(gate.par_chunks(TASK)).zip(up.par_chunks(TASK));
    out.zip(given)
        .for_each(|((dgate, dup), ((dy, gate), up))| gated_backward(dgate, dup, dy, gate, up));
    (dgate, dup)
}

versions! {
    fn gated_backward(dgate: &mut [f32], dup: &mut [f32], dy: &[f32], gate: &[f32], up: &[f32]) {
        for ((((dgate, dup), &dy), &g), &u) in dgate.iter_mut().zip(dup).zip(dy).zip(gate).zip(up) {
            let s = sigmoid(g);
            *dup = dy * g * s;
            *dgate = dy * u * s * (1.0 + g * (1.0 - s));
        }
    }
}
