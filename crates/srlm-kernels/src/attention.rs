//! Attention of packed rows over shared ranges of keys.

use rayon::prelude::*;

use crate::cpu::versions;
use crate::exp::{axpy, dot, exp, max, sum_of};
use crate::layout::{Layout, Run};
use crate::matrix::{Matrix, Threads, matmul};

/// Numbers of heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heads {
    /// Query heads.
    pub n_heads: usize,
    /// Key and value heads; each serves `n_heads / n_kv_heads` query heads.
    pub n_kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
}

impl Heads {
    pub(crate) fn group(&self) -> usize {
        self.n_heads / self.n_kv_heads
    }

    pub(crate) fn q_width(&self) -> usize {
        self.n_heads * self.head_dim
    }

    pub(crate) fn kv_width(&self) -> usize {
        self.n_kv_heads * self.head_dim
    }

    pub(crate) fn scale(&self) -> f32 {
        (self.head_dim as f32).sqrt().recip()
    }
}

/// What all tasks read.
#[derive(Clone, Copy)]
struct Given<'a> {
    q: &'a [f32],
    k: &'a [f32],
    v: &'a [f32],
    heads: Heads,
}

/// Rows that one task handles.
const BLOCK_ROWS: usize = 32;

/// A few consecutive rows of one run.
#[derive(Clone, Copy)]
struct Part<'a> {
    run: &'a Run,
    /// First row, counted in the run.
    first: usize,
    n_rows: usize,
}

/// `softmax(q k^T / sqrt(head_dim)) v`, each row over the keys that `layout` lets it see.
///
/// # Shapes
/// `q` and `out` are `[rows, n_heads * head_dim]`; `k` and `v` are `[slots, n_kv_heads *
/// head_dim]`, positions already rotated in. With `lse`, of shape `[rows, n_heads]`, the logarithm
/// of each softmax's denominator is kept.
///
/// # Panics
/// When `layout` names rows or slots beyond the slices.
pub fn attention(
    out: &mut [f32],
    lse: Option<&mut [f32]>,
    (q, k, v): (&[f32], &[f32], &[f32]),
    heads: Heads,
    layout: &Layout,
) {
    let given = Given { q, k, v, heads };
    let blocks = blocks(layout);
    let mut outs = Vec::with_capacity(blocks.len());
    let (mut out_rest, mut lse_rest) = (out, lse);
    for block in &blocks {
        let n_rows: usize = block.iter().map(|part| part.n_rows).sum();
        let (head, tail) = std::mem::take(&mut out_rest).split_at_mut(n_rows * heads.q_width());
        out_rest = tail;
        let lse = lse_rest.take().map(|rest| {
            let (head, tail) = rest.split_at_mut(n_rows * heads.n_heads);
            lse_rest = Some(tail);
            head
        });
        outs.push((head, lse));
    }
    blocks.par_iter().zip(outs).for_each_init(Scratch::default, |scratch, (block, (out, lse))| {
        attend_block(scratch, out, lse, given, block);
    });
}

/// Consecutive rows in blocks of at most `BLOCK_ROWS`.
fn blocks(layout: &Layout) -> Vec<Vec<Part<'_>>> {
    let mut blocks: Vec<Vec<Part<'_>>> = Vec::new();
    let mut room = 0;
    for run in layout.runs() {
        let mut first = 0;
        while first < run.rows.len() {
            if room == 0 {
                blocks.push(Vec::new());
                room = BLOCK_ROWS;
            }
            let n_rows = room.min(run.rows.len() - first);
            if let Some(block) = blocks.last_mut() {
                block.push(Part { run, first, n_rows });
            }
            first += n_rows;
            room -= n_rows;
        }
    }
    blocks
}

#[derive(Default)]
struct Scratch {
    queries: Vec<f32>,
    scores: Vec<f32>,
    values: Vec<f32>,
}

/// Slots `start..start + len` at columns `column..` of the score rows `rows` of a block.
struct Tile {
    rows: std::ops::Range<usize>,
    start: usize,
    len: usize,
    column: usize,
}

/// The products that a block needs: neighbors with the same ranges so far share one.
fn tiles(block: &[Part<'_>]) -> Vec<Tile> {
    let mut tiles: Vec<Tile> = Vec::new();
    let mut row = 0;
    let mut before: Option<(&Run, usize)> = None;
    let mut open: Vec<usize> = Vec::new();
    for part in block {
        let rows = row..row + part.n_rows;
        let shared = before.map_or(0, |(run, _)| {
            run.prefix.iter().zip(&part.run.prefix).take_while(|(a, b)| a == b).count()
        });
        open.truncate(shared);
        let mut column = 0;
        for (level, range) in part.run.prefix.iter().enumerate() {
            match open.get(level) {
                Some(&tile) => tiles[tile].rows.end = rows.end,
                None => {
                    open.push(tiles.len());
                    tiles.push(Tile {
                        rows: rows.clone(),
                        start: range.start,
                        len: range.len(),
                        column,
                    });
                }
            }
            column += range.len();
        }
        let len = part.run.n_visible(part.first + part.n_rows - 1) - column;
        tiles.push(Tile { rows: rows.clone(), start: part.run.own_start, len, column });
        before = Some((part.run, row));
        row = rows.end;
    }
    tiles
}

versions! {
    fn attend_block(
        scratch: &mut Scratch,
        out: &mut [f32],
        lse: Option<&mut [f32]>,
        given: Given<'_>,
        block: &[Part<'_>],
    ) {
        let mut lse = lse;
        let Given { q, k, v, heads } = given;
        let (group, dim, scale) = (heads.group(), heads.head_dim, heads.scale());
        let (q_width, kv_width) = (heads.q_width(), heads.kv_width());
        let n_rows: usize = block.iter().map(|part| part.n_rows).sum();
        let visible: Vec<usize> = block
            .iter()
            .flat_map(|part| (part.first..part.first + part.n_rows).map(|j| part.run.n_visible(j)))
            .collect();
        let Some(first) = block.first() else { return };
        let first_row = first.run.rows.start + first.first;
        let stride = visible.iter().copied().max().unwrap_or(0);
        let tiles = tiles(block);
        let Scratch { queries, scores, values } = scratch;
        queries.resize(n_rows * group * dim, 0.0);
        values.resize(n_rows * group * dim, 0.0);
        scores.resize(n_rows * group * stride, 0.0);
        for head in 0..heads.n_kv_heads {
            for row in 0..n_rows {
                let from = (first_row + row) * q_width + head * group * dim;
                let to = &mut queries[row * group * dim..][..group * dim];
                for (to, &x) in to.iter_mut().zip(&q[from..][..group * dim]) {
                    *to = x * scale;
                }
            }
            for tile in &tiles {
                let n = tile.rows.len() * group;
                let keys = &k[tile.start * kv_width + head * dim..];
                let from = &queries[tile.rows.start * group * dim..][..n * dim];
                let to = &mut scores[tile.rows.start * group * stride + tile.column..];
                if tile.rows.len() > 1 {
                    let keys = Matrix::new(keys, tile.len, dim, kv_width).t();
                    matmul(to, stride, false, Matrix::new(from, n, dim, dim), keys, Threads::One);
                } else {
                    for slot in 0..tile.len {
                        let key = &keys[slot * kv_width..][..dim];
                        for g in 0..group {
                            to[g * stride + slot] = dot::<FUSED>(&from[g * dim..][..dim], key);
                        }
                    }
                }
            }
            for row in 0..n_rows {
                for g in 0..group {
                    let (seen, unseen) =
                        scores[(row * group + g) * stride..][..stride].split_at_mut(visible[row]);
                    let log_sum = softmax_in_place(seen);
                    unseen.fill(0.0);
                    if let Some(lse) = lse.as_deref_mut() {
                        lse[row * heads.n_heads + head * group + g] = log_sum;
                    }
                }
            }
            values.fill(0.0);
            for tile in &tiles {
                let n = tile.rows.len() * group;
                let from = &scores[tile.rows.start * group * stride + tile.column..];
                let to = &mut values[tile.rows.start * group * dim..][..n * dim];
                let rows = &v[tile.start * kv_width + head * dim..];
                if tile.rows.len() > 1 {
                    let from = Matrix::new(from, n, tile.len, stride);
                    matmul(
                        to,
                        dim,
                        true,
                        from,
                        Matrix::new(rows, tile.len, dim, kv_width),
                        Threads::One,
                    );
                } else {
                    for slot in 0..tile.len {
                        let value = &rows[slot * kv_width..][..dim];
                        for g in 0..group {
                            axpy::<FUSED>(&mut to[g * dim..][..dim], from[g * stride + slot], value);
                        }
                    }
                }
            }
            for row in 0..n_rows {
                let to = &mut out[row * q_width + head * group * dim..][..group * dim];
                to.copy_from_slice(&values[row * group * dim..][..group * dim]);
            }
        }
    }
}

/// Turns scores into probabilities; returns the logarithm of the sum of their exponentials.
#[inline(always)]
fn softmax_in_place(x: &mut [f32]) -> f32 {
    let top = max(x);
    for v in x.iter_mut() {
        *v = exp(*v - top);
    }
    let sum = sum_of(x, |v| v);
    let inverse = sum.recip();
    for v in x.iter_mut() {
        *v *= inverse;
    }
    top + sum.ln()
}
