//! Gradients of attention.

use std::ops::Range;

use rayon::prelude::*;

use crate::attention::Heads;
use crate::cpu::versions;
use crate::exp::{dot, exp};
use crate::layout::{Layout, Run};
use crate::matrix::{Matrix, Threads, matmul};

/// Query rows handled at a time.
const BLOCK_ROWS: usize = 64;

/// What the forward pass had and made.
#[derive(Clone, Copy)]
pub struct Attended<'a> {
    /// `[rows, n_heads * head_dim]`.
    pub q: &'a [f32],
    /// `[rows, n_kv_heads * head_dim]`: in training every slot is a row.
    pub k: &'a [f32],
    /// `[rows, n_kv_heads * head_dim]`.
    pub v: &'a [f32],
    /// The result, `[rows, n_heads * head_dim]`.
    pub out: &'a [f32],
    /// Logarithms of the softmax denominators, `[rows, n_heads]`.
    pub lse: &'a [f32],
}

/// Gradients of [`attention`](crate::attention) where slots are rows: `(dq, dk, dv)`, shaped as
/// `q`, `k`, `v`.
///
/// # Source
/// Dao et al. 2022, "FlashAttention", algorithm 4: probabilities are computed again from the kept
/// denominators.
///
/// # Panics
/// When a run sees rows that come after it.
pub fn attention_backward(
    dout: &[f32],
    forward: Attended<'_>,
    heads: Heads,
    layout: &Layout,
) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let components = components(layout);
    let tasks: Vec<(&Component<'_>, usize)> =
        components.iter().flat_map(|c| (0..heads.n_kv_heads).map(move |head| (c, head))).collect();
    let parts: Vec<Part> = tasks
        .par_iter()
        .with_max_len(1)
        .map(|(component, head)| component_backward(dout, forward, heads, component, *head))
        .collect();
    let (group, dim) = (heads.group(), heads.head_dim);
    let mut dq = vec![0.0; forward.q.len()];
    let mut dk = vec![0.0; forward.k.len()];
    let mut dv = vec![0.0; forward.v.len()];
    for ((component, head), part) in tasks.iter().zip(&parts) {
        scatter(
            &mut dq,
            heads.q_width(),
            component.rows.clone(),
            head * group * dim,
            &part.dq,
            group * dim,
        );
        scatter(&mut dk, heads.kv_width(), component.rows.clone(), head * dim, &part.dk, dim);
        scatter(&mut dv, heads.kv_width(), component.rows.clone(), head * dim, &part.dv, dim);
    }
    (dq, dk, dv)
}

/// Runs that see one another's rows, and no others'.
struct Component<'a> {
    rows: Range<usize>,
    runs: Vec<&'a Run>,
}

fn components(layout: &Layout) -> Vec<Component<'_>> {
    let mut components: Vec<Component<'_>> = Vec::new();
    for run in layout.runs() {
        assert_eq!(run.own_start, run.rows.start, "in training a run's own region is its own rows");
        let first = run.prefix.iter().map(|range| range.start).min().unwrap_or(run.rows.start);
        match components.last_mut() {
            Some(last) if first < last.rows.end => {
                assert!(first >= last.rows.start, "a run sees rows of an earlier group");
                last.rows.end = run.rows.end;
                last.runs.push(run);
            }
            _ => components.push(Component { rows: run.rows.clone(), runs: vec![run] }),
        }
    }
    components
}

/// Gradients of one component and one key-value head, rows counted from the component's first.
struct Part {
    dq: Vec<f32>,
    dk: Vec<f32>,
    dv: Vec<f32>,
}

versions! {
    fn component_backward(
        dout: &[f32],
        forward: Attended<'_>,
        heads: Heads,
        component: &Component<'_>,
        kv_head: usize,
    ) -> Part {
        let (group, dim, scale) = (heads.group(), heads.head_dim, heads.scale());
        let (q_width, kv_width, base) = (heads.q_width(), heads.kv_width(), component.rows.start);
        let n_rows = component.rows.len();
        let mut part = Part {
            dq: vec![0.0; n_rows * group * dim],
            dk: vec![0.0; n_rows * dim],
            dv: vec![0.0; n_rows * dim],
        };
        let (mut probabilities, mut dscores, mut delta) = (Vec::new(), Vec::new(), Vec::new());
        for run in &component.runs {
            for first in (0..run.rows.len()).step_by(BLOCK_ROWS) {
                let n = BLOCK_ROWS.min(run.rows.len() - first);
                let row = run.rows.start + first;
                let own = run.own_start..run.own_start + first + n;
                for g in 0..group {
                    let head = kv_head * group + g;
                    let at = row * q_width + head * dim;
                    let q = Matrix::new(&forward.q[at..], n, dim, q_width);
                    let dout_block = Matrix::new(&dout[at..], n, dim, q_width);
                    delta.clear();
                    delta.extend((0..n).map(|i| {
                        let at = at + i * q_width;
                        dot::<FUSED>(&dout[at..][..dim], &forward.out[at..][..dim])
                    }));
                    for range in run.prefix.iter().chain([&own]) {
                        let len = range.len();
                        let causal = range.start == own.start;
                        let at_kv = range.start * kv_width + kv_head * dim;
                        let k = Matrix::new(&forward.k[at_kv..], len, dim, kv_width);
                        let v = Matrix::new(&forward.v[at_kv..], len, dim, kv_width);
                        probabilities.resize(n * len, 0.0);
                        dscores.resize(n * len, 0.0);
                        matmul(&mut probabilities, len, false, q, k.t(), Threads::One);
                        matmul(&mut dscores, len, false, dout_block, v.t(), Threads::One);
                        for i in 0..n {
                            let seen = if causal { first + i + 1 } else { len };
                            let lse = forward.lse[(row + i) * heads.n_heads + head];
                            let (p, p_unseen) = probabilities[i * len..][..len].split_at_mut(seen);
                            let (ds, ds_unseen) = dscores[i * len..][..len].split_at_mut(seen);
                            p_unseen.fill(0.0);
                            ds_unseen.fill(0.0);
                            for (p, ds) in p.iter_mut().zip(ds) {
                                *p = exp(*p * scale - lse);
                                *ds = *p * (*ds - delta[i]) * scale;
                            }
                        }
                        let (p, ds) = (
                            Matrix::new(&probabilities, n, len, len),
                            Matrix::new(&dscores, n, len, len),
                        );
                        let local = (range.start - base) * dim;
                        matmul(&mut part.dv[local..], dim, true, p.t(), dout_block, Threads::One);
                        matmul(&mut part.dk[local..], dim, true, ds.t(), q, Threads::One);
                        let dq = &mut part.dq[((row - base) * group + g) * dim..];
                        matmul(dq, group * dim, true, ds, k, Threads::One);
                    }
                }
            }
        }
        part
    }
}

/// Copies `[rows, width]` into columns `column..column + width` of `to`.
fn scatter(
    to: &mut [f32],
    stride: usize,
    rows: Range<usize>,
    column: usize,
    from: &[f32],
    width: usize,
) {
    for (row, from) in rows.zip(from.chunks_exact(width)) {
        to[row * stride + column..][..width].copy_from_slice(from);
    }
}
