//! The AdamW update, one pass over memory.

use rayon::prelude::*;

use crate::cpu::versions;
use crate::exp::dot;

/// Numbers of one AdamW step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
    /// Learning rate of this step.
    pub learning_rate: f32,
    /// Decay of the gradient's running mean.
    pub beta1: f32,
    /// Decay of the squared gradient's running mean.
    pub beta2: f32,
    /// Added to the denominator.
    pub epsilon: f32,
    /// Decoupled weight decay.
    pub weight_decay: f32,
    /// Step number, from 1.
    pub step: u32,
    /// Factor on the gradient, for clipping by the global norm.
    pub grad_scale: f32,
}

/// One step in place, as `torch.optim.AdamW` takes it.
///
/// # Source
/// Loshchilov and Hutter 2019, algorithm 2.
pub fn adamw(weight: &mut [f32], grad: &[f32], mean: &mut [f32], square: &mut [f32], step: AdamW) {
    const CHUNK: usize = 1 << 14;
    let correction1 = 1.0 - f64::from(step.beta1).powi(step.step as i32);
    let correction2 = 1.0 - f64::from(step.beta2).powi(step.step as i32);
    let factors = Factors {
        step_size: (f64::from(step.learning_rate) / correction1) as f32,
        inverse_root2: correction2.sqrt().recip() as f32,
        decay: 1.0 - step.learning_rate * step.weight_decay,
    };
    let chunks = weight.par_chunks_mut(CHUNK).zip(grad.par_chunks(CHUNK));
    let chunks = chunks.zip(mean.par_chunks_mut(CHUNK)).zip(square.par_chunks_mut(CHUNK));
    chunks.for_each(|(((weight, grad), mean), square)| {
        update(weight, grad, mean, square, step, factors)
    });
}

/// What the elements of one step share.
#[derive(Clone, Copy)]
struct Factors {
    step_size: f32,
    inverse_root2: f32,
    decay: f32,
}

versions! {
    fn update(
        weight: &mut [f32],
        grad: &[f32],
        mean: &mut [f32],
        square: &mut [f32],
        step: AdamW,
        factors: Factors,
    ) {
        for (((w, &g), m), v) in weight.iter_mut().zip(grad).zip(mean).zip(square) {
            let g = g * step.grad_scale;
            *m += (g - *m) * (1.0 - step.beta1);
            *v = *v * step.beta2 + g * g * (1.0 - step.beta2);
            *w = *w * factors.decay
                - factors.step_size * *m / (v.sqrt() * factors.inverse_root2 + step.epsilon);
        }
    }
}

/// Sum of squares in f64, the same on any number of threads.
pub fn sum_of_squares(x: &[f32]) -> f64 {
    const CHUNK: usize = 1 << 14;
    let parts: Vec<f64> = x.par_chunks(CHUNK).map(|chunk| f64::from(squares(chunk))).collect();
    parts.iter().sum()
}

versions! {
    fn squares(x: &[f32]) -> f32 {
        dot::<FUSED>(x, x)
    }
}
