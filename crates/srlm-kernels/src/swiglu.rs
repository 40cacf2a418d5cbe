//! The gated activation of Llama's feed-forward layer.

use crate::exp::sigmoid;
use crate::rows::{for_each_row, for_each_row2};

/// Elements handled at a time; every function here is elementwise.
const CHUNK: usize = 4096;

/// `y = silu(gate) * up`, elementwise.
///
/// # Source
/// Shazeer 2020, "GLU Variants Improve Transformer".
pub fn swiglu(y: &mut [f32], gate: &[f32], up: &[f32]) {
    assert!(y.len() == gate.len() && y.len() == up.len());
    for_each_row(y, CHUNK, |i, y| {
        let (gate, up) = (&gate[i * CHUNK..][..y.len()], &up[i * CHUNK..][..y.len()]);
        for ((y, &g), &u) in y.iter_mut().zip(gate).zip(up) {
            *y = g * sigmoid(g) * u;
        }
    });
}

/// Gradients of [`swiglu`]: `(dgate, dup)`.
pub fn swiglu_backward(dy: &[f32], gate: &[f32], up: &[f32]) -> (Vec<f32>, Vec<f32>) {
    assert!(dy.len() == gate.len() && dy.len() == up.len());
    let (mut dgate, mut dup) = (vec![0.0; dy.len()], vec![0.0; dy.len()]);
    for_each_row2((&mut dgate, CHUNK), (&mut dup, CHUNK), |i, dgate, dup| {
        let n = dgate.len();
        let (dy, gate, up) = (&dy[i * CHUNK..][..n], &gate[i * CHUNK..][..n], &up[i * CHUNK..][..n]);
        for j in 0..n {
            let s = sigmoid(gate[j]);
            dup[j] = dy[j] * gate[j] * s;
            dgate[j] = dy[j] * up[j] * s * (1.0 + gate[j] * (1.0 - s));
        }
    });
    (dgate, dup)
}
