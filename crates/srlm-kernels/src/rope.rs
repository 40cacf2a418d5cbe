//! Rotary position embedding in the half-split form of Hugging Face's Llama.

use crate::cpu::versions;
use crate::rows::for_each_rows;

/// Cosines and sines of every position.
#[derive(Clone, Debug)]
pub struct RopeTable {
    half: usize,
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl RopeTable {
    /// Tables for positions `0..n_positions`; `inverse_frequencies` holds `head_dim / 2` angles a
    /// position, in radians.
    pub fn new(inverse_frequencies: &[f32], n_positions: usize) -> Self {
        let angles =
            (0..n_positions).flat_map(|p| inverse_frequencies.iter().map(move |f| p as f32 * f));
        let (sin, cos) = angles.map(f32::sin_cos).unzip();
        Self { half: inverse_frequencies.len(), cos, sin }
    }

    /// Positions covered.
    pub fn n_positions(&self) -> usize {
        self.cos.len() / self.half
    }

    /// Cosines, `[n_positions, head_dim / 2]`.
    pub fn cos(&self) -> &[f32] {
        &self.cos
    }

    /// Sines, `[n_positions, head_dim / 2]`.
    pub fn sin(&self) -> &[f32] {
        &self.sin
    }
}

/// Rotates each head of each row of `x` by its row's position; `inverse` rotates back, which is
/// also the gradient.
///
/// # Shapes
/// `x` is `[rows, heads * head_dim]`, `positions` is `[rows]`.
///
/// # Panics
/// When a position lies beyond the table.
///
/// # Source
/// Su et al. 2021, "RoFormer"; element `i` is paired with `i + head_dim / 2`.
pub fn rope_in_place(
    x: &mut [f32],
    width: usize,
    positions: &[u32],
    table: &RopeTable,
    inverse: bool,
) {
    for_each_rows(x, width, |first, rows| rotate(rows, width, &positions[first..], table, inverse));
}

versions! {
    fn rotate(rows: &mut [f32], width: usize, positions: &[u32], table: &RopeTable, inverse: bool) {
        let half = table.half;
        let sign = if inverse { -1.0 } else { 1.0 };
        for (row, &position) in rows.chunks_exact_mut(width).zip(positions) {
            let at = position as usize * half;
            let (cos, sin) = (&table.cos[at..][..half], &table.sin[at..][..half]);
            for head in row.chunks_exact_mut(2 * half) {
                let (a, b) = head.split_at_mut(half);
                for (((a, b), &c), &s) in a.iter_mut().zip(b).zip(cos).zip(sin) {
                    let s = s * sign;
                    (*a, *b) = (*a * c - *b * s, *b * c + *a * s);
                }
            }
        }
    }
}
