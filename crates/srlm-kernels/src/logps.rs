//! Log-probabilities of target tokens, without ever holding the logits of a large batch.

use rayon::prelude::*;

use crate::cpu::versions;
use crate::exp::{exp, max, sum_of};
use crate::matrix::{Matrix, Threads, matmul};
use crate::packed::{PackedMatrix, matmul_packed};

/// Rows whose logits are held at a time.
const CHUNK: usize = 192;

/// `log softmax(hidden head^T)[target]` for each row.
///
/// # Shapes
/// `hidden` is `[rows, width]`, `head` is `[vocabulary, width]`, `targets` and the result are
/// `[rows]`; nats.
pub fn token_logps(hidden: &[f32], head: &[f32], width: usize, targets: &[u32]) -> Vec<f32> {
    chunked(hidden, (head.len() / width, width), targets, |logits, hidden| {
        logits_of(logits, hidden, head, width)
    })
}

/// [`token_logps`] with a packed head.
pub fn token_logps_packed(hidden: &[f32], head: &PackedMatrix, targets: &[u32]) -> Vec<f32> {
    let shape = (head.output(), head.input());
    chunked(hidden, shape, targets, |logits, hidden| {
        let n = hidden.len() / head.input() * head.output();
        matmul_packed(&mut logits[..n], hidden, head);
    })
}

fn chunked(
    hidden: &[f32],
    (vocabulary, width): (usize, usize),
    targets: &[u32],
    logits_of: impl Fn(&mut [f32], &[f32]),
) -> Vec<f32> {
    let mut logits = vec![0.0; CHUNK.min(targets.len()) * vocabulary];
    let mut logps = vec![0.0; targets.len()];
    for ((hidden, targets), logps) in
        hidden.chunks(CHUNK * width).zip(targets.chunks(CHUNK)).zip(logps.chunks_mut(CHUNK))
    {
        logits_of(&mut logits, hidden);
        logps.par_iter_mut().zip(targets).zip(logits.par_chunks(vocabulary)).for_each(
            |((logp, &target), row)| {
                let (top, sum) = softmax_terms(row);
                *logp = row[target as usize] - top - sum.ln();
            },
        );
    }
    logps
}

/// The most probabilities that are worth keeping for the backward pass, 192 MiB; beyond, it
/// computes them again.
const KEPT: usize = 48 << 20;

/// Whether [`token_logps_kept`] is within its bounds for this many rows.
pub fn are_probabilities_kept(rows: usize, vocabulary: usize) -> bool {
    rows * vocabulary <= KEPT
}

/// [`token_logps`] and the probabilities of all tokens, `[rows, vocabulary]`, for
/// [`token_logps_kept_backward`].
pub fn token_logps_kept(
    hidden: &[f32],
    head: &[f32],
    width: usize,
    targets: &[u32],
) -> (Vec<f32>, Vec<f32>) {
    let vocabulary = head.len() / width;
    let mut logits = vec![0.0; targets.len() * vocabulary];
    let mut logps = vec![0.0; targets.len()];
    logits_of(&mut logits, hidden, head, width);
    logps.par_iter_mut().zip(targets).zip(logits.par_chunks_mut(vocabulary)).for_each(
        |((logp, &target), row)| {
            let chosen = row[target as usize];
            let (top, sum) = softmax(row);
            *logp = chosen - top - sum.ln();
        },
    );
    (logps, logits)
}

/// As [`token_logps_backward`], from the probabilities that [`token_logps_kept`] found.
pub fn token_logps_kept_backward(
    dlogps: &[f32],
    mut probabilities: Vec<f32>,
    (hidden, head, width): (&[f32], &[f32], usize),
    targets: &[u32],
    with_dhead: bool,
) -> (Vec<f32>, Option<Vec<f32>>) {
    let (rows, vocabulary) = (targets.len(), head.len() / width);
    probabilities.par_chunks_mut(vocabulary).zip(targets).zip(dlogps).for_each(
        |((row, &target), &dlogp)| {
            row.iter_mut().for_each(|p| *p *= -dlogp);
            row[target as usize] += dlogp;
        },
    );
    let mut dhidden = vec![0.0; hidden.len()];
    let mut dhead = with_dhead.then(|| vec![0.0; head.len()]);
    let dlogits = Matrix::new(&probabilities, rows, vocabulary, vocabulary);
    matmul(
        &mut dhidden,
        width,
        false,
        dlogits,
        Matrix::new(head, vocabulary, width, width),
        Threads::All,
    );
    if let Some(dhead) = &mut dhead {
        matmul(
            dhead,
            width,
            false,
            dlogits.t(),
            Matrix::new(hidden, rows, width, width),
            Threads::All,
        );
    }
    (dhidden, dhead)
}

/// Gradients of [`token_logps`]: `(dhidden, dhead)`; the logits are computed again, chunk by chunk.
///
/// # Shapes
/// `dlogps` is `[rows]`; the results are shaped as `hidden` and `head`. `dhead` is `None` unless
/// asked for.
pub fn token_logps_backward(
    dlogps: &[f32],
    hidden: &[f32],
    head: &[f32],
    width: usize,
    targets: &[u32],
    with_dhead: bool,
) -> (Vec<f32>, Option<Vec<f32>>) {
    let vocabulary = head.len() / width;
    let mut logits = vec![0.0; CHUNK.min(targets.len()) * vocabulary];
    let mut dhidden = vec![0.0; hidden.len()];
    let mut dhead = with_dhead.then(|| vec![0.0; head.len()]);
    let chunks = hidden.chunks(CHUNK * width).zip(targets.chunks(CHUNK)).zip(dlogps.chunks(CHUNK));
    for (((hidden, targets), dlogps), dhidden) in chunks.zip(dhidden.chunks_mut(CHUNK * width)) {
        logits_of(&mut logits, hidden, head, width);
        let rows = targets.len();
        logits[..rows * vocabulary].par_chunks_mut(vocabulary).zip(targets).zip(dlogps).for_each(
            |((row, &target), &dlogp)| {
                softmax_gradient(row, dlogp);
                row[target as usize] += dlogp;
            },
        );
        let dlogits = Matrix::new(&logits, rows, vocabulary, vocabulary);
        matmul(
            dhidden,
            width,
            false,
            dlogits,
            Matrix::new(head, vocabulary, width, width),
            Threads::All,
        );
        if let Some(dhead) = &mut dhead {
            matmul(
                dhead,
                width,
                true,
                dlogits.t(),
                Matrix::new(hidden, rows, width, width),
                Threads::All,
            );
        }
    }
    (dhidden, dhead)
}

fn logits_of(logits: &mut [f32], hidden: &[f32], head: &[f32], width: usize) {
    let (rows, vocabulary) = (hidden.len() / width, head.len() / width);
    let head = Matrix::new(head, vocabulary, width, width).t();
    matmul(logits, vocabulary, false, Matrix::new(hidden, rows, width, width), head, Threads::All);
}

versions! {
    /// Turns logits into `-dlogp softmax(logits)`.
    fn softmax_gradient(row: &mut [f32], dlogp: f32) {
        let top = max(row);
        let scale = -dlogp / sum_of(row, |v| exp(v - top));
        for v in row.iter_mut() {
            *v = scale * exp(*v - top);
        }
    }
}

versions! {
    /// Turns logits into probabilities; returns `(max, sum of e^(x - max))` of the logits.
    fn softmax(row: &mut [f32]) -> (f32, f32) {
        let top = max(row);
        for v in row.iter_mut() {
            *v = exp(*v - top);
        }
        let sum = sum_of(row, |v| v);
        let scale = 1.0 / sum;
        row.iter_mut().for_each(|v| *v *= scale);
        (top, sum)
    }
}

versions! {
    /// `(max, sum of e^(x - max))`.
    fn softmax_terms(row: &[f32]) -> (f32, f32) {
        let top = max(row);
        (top, sum_of(row, |v| exp(v - top)))
    }
}
