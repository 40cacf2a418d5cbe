//! Products with a matrix that is laid out once for the vector units and used many times.

use multiversion::multiversion;
use rayon::prelude::*;

/// Columns of a panel: three AVX-512 registers.
const PANEL: usize = 48;
/// Rows of a tile: with three registers each, 24 of the 32 registers hold sums.
const ROWS: usize = 8;
/// Inner dimension of one sweep: what the rows and a panel of it need stays in the second-level
/// cache.
const DEPTH: usize = 768;
/// Products smaller than this many multiplications stay on the calling thread.
const SERIAL: usize = 1 << 17;

/// Sixteen numbers on a cache line of their own.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([f32; 16]);

const LINES: usize = PANEL / 16;

/// A matrix `[output, input]` in panels of 48 outputs, input by input: weights that stay the same
/// for many products.
#[derive(Clone, Debug)]
pub struct PackedMatrix {
    panels: Vec<Line>,
    output: usize,
    input: usize,
}

impl PackedMatrix {
    /// Lays out `weight`, which is `[output, input]`, row-major.
    ///
    /// # Panics
    /// When `weight` is not a whole number of rows.
    pub fn new(weight: &[f32], output: usize, input: usize) -> Self {
        assert_eq!(weight.len(), output * input, "the weight is output x input");
        let mut panels = vec![Line([0.0; 16]); output.div_ceil(PANEL) * input * LINES];
        if input > 0 {
            let rows = weight.par_chunks(PANEL * input);
            panels.par_chunks_mut(input * LINES).zip(rows).for_each(|(panel, rows)| {
                for (c, row) in rows.chunks_exact(input).enumerate() {
                    for (lines, &value) in panel.chunks_exact_mut(LINES).zip(row) {
                        lines[c / 16].0[c % 16] = value;
                    }
                }
            });
        }
        Self { panels, output, input }
    }

    /// Rows of the weight.
    pub fn output(&self) -> usize {
        self.output
    }

    /// Columns of the weight.
    pub fn input(&self) -> usize {
        self.input
    }

    /// Row `row` of the weight, as an embedding takes it.
    ///
    /// # Panics
    /// When there is no such row, or `to` is not as long as one.
    pub fn copy_row(&self, row: usize, to: &mut [f32]) {
        assert!(
            row < self.output && to.len() == self.input,
            "row {row} of {} x {}",
            self.output,
            self.input
        );
        let (panel, column) = (row / PANEL, row % PANEL);
        let lines = &self.panels[panel * self.input * LINES..][..self.input * LINES];
        for (to, lines) in to.iter_mut().zip(lines.chunks_exact(LINES)) {
            *to = lines[column / 16].0[column % 16];
        }
    }
}

/// `out = x weight^T`: `x` is `[rows, input]`, `out` is `[rows, output]`, both row-major.
///
/// Every row's result depends on that row alone, not on how many are computed with it: sums run
/// over the inputs in order, in stretches of 768.
///
/// # Panics
/// When the shapes do not agree.
pub fn matmul_packed(out: &mut [f32], x: &[f32], weight: &PackedMatrix) {
    let PackedMatrix { panels, output, input } = weight;
    let (output, input) = (*output, *input);
    if output == 0 || input == 0 {
        return out.fill(0.0);
    }
    let rows = x.len() / input;
    assert!(
        x.len() == rows * input && out.len() == rows * output,
        "product of {} and {output} x {input}",
        x.len()
    );
    let kernel = tile_for_this_machine();
    let shared = Shared(out.as_mut_ptr());
    let task = |(p, panel): (usize, &[Line])| {
        let n_columns = PANEL.min(output - p * PANEL);
        for start in (0..input).step_by(DEPTH) {
            let depth = DEPTH.min(input - start);
            let panel = &panel[start * LINES..][..depth * LINES];
            for row in (0..rows).step_by(ROWS) {
                let n_rows = ROWS.min(rows - row);
                let tile = Tile {
                    x: &x[row * input + start..],
                    x_stride: input,
                    panel,
                    out: shared.at(row * output + p * PANEL),
                    out_stride: output,
                    n_rows,
                    n_columns,
                    accumulate: start > 0,
                };
                kernel(tile);
            }
        }
    };
    let panels = panels.chunks_exact(input * LINES).enumerate();
    if rows * output * input < SERIAL {
        panels.for_each(task);
    } else {
        let panels: Vec<_> = panels.collect();
        panels.into_par_iter().for_each(task);
    }
}

/// The output, written by all tasks, each to columns of its own.
#[derive(Clone, Copy)]
struct Shared(*mut f32);

#[expect(unsafe_code, reason = "a raw pointer has no Send and Sync of its own")]
// SAFETY: tasks write disjoint columns of the output, which `matmul_packed` borrows exclusively
// until all have ended.
unsafe impl Send for Shared {}
#[expect(unsafe_code, reason = "as above")]
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// Where element `index` of the output lies; `matmul_packed` has checked that it holds all
    /// rows.
    fn at(self, index: usize) -> *mut f32 {
        self.0.wrapping_add(index)
    }
}

/// `n_rows` x `n_columns` sums over one stretch of the inner dimension.
struct Tile<'a> {
    x: &'a [f32],
    x_stride: usize,
    panel: &'a [Line],
    out: *mut f32,
    out_stride: usize,
    n_rows: usize,
    n_columns: usize,
    accumulate: bool,
}

impl Tile<'_> {
    /// Row `r` of `x`.
    #[inline(always)]
    fn row(&self, r: usize) -> &[f32] {
        &self.x[r * self.x_stride..][..self.panel.len() / LINES]
    }

    /// Adds to or overwrites row `r` of the output.
    #[inline(always)]
    #[expect(unsafe_code, reason = "tiles of one row of the output belong to different tasks")]
    fn write(&self, r: usize, sums: &[f32; PANEL]) {
        // SAFETY: `r < n_rows`, and the tile's rows and columns lie inside the output and belong to
        // this task alone.
        let to = unsafe {
            std::slice::from_raw_parts_mut(self.out.add(r * self.out_stride), self.n_columns)
        };
        for (to, &sum) in to.iter_mut().zip(sums) {
            *to = if self.accumulate { *to + sum } else { sum };
        }
    }
}

type Kernel = fn(Tile<'_>);

fn tile_for_this_machine() -> Kernel {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") {
        return avx512::tile;
    }
    tile_portable
}

/// The tile in plain Rust, a few rows at a time.
#[multiversion(targets("x86_64+avx2+fma", "aarch64+neon"))]
fn tile_portable(tile: Tile<'_>) {
    for r in 0..tile.n_rows {
        let mut sums = [0.0f32; PANEL];
        for (&x, lines) in tile.row(r).iter().zip(tile.panel.chunks_exact(LINES)) {
            for (sums, line) in sums.chunks_exact_mut(16).zip(lines) {
                for (sum, &w) in sums.iter_mut().zip(&line.0) {
                    *sum = x.mul_add(w, *sum);
                }
            }
        }
        tile.write(r, &sums);
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::{
        __m512, _mm512_fmadd_ps, _mm512_load_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_store_ps,
    };

    use super::{LINES, Line, PANEL, ROWS, Tile};

    /// To be called only where AVX-512F is present.
    #[expect(unsafe_code, reason = "vector instructions; the caller has found AVX-512F")]
    pub(super) fn tile(tile: Tile<'_>) {
        // SAFETY: `tile_for_this_machine` gives out this function only after detecting AVX-512F.
        unsafe {
            match tile.n_rows {
                1 => rows::<1>(tile),
                2 => rows::<2>(tile),
                3 => rows::<3>(tile),
                4 => rows::<4>(tile),
                5 => rows::<5>(tile),
                6 => rows::<6>(tile),
                7 => rows::<7>(tile),
                _ => rows::<ROWS>(tile),
            }
        }
    }

    #[target_feature(enable = "avx512f")]
    #[expect(unsafe_code, reason = "pointers into slices whose lengths are checked first")]
    fn rows<const N: usize>(tile: Tile<'_>) {
        let depth = tile.panel.len() / LINES;
        let x: [*const f32; N] = std::array::from_fn(|r| tile.row(r).as_ptr());
        let panel = tile.panel.as_ptr().cast::<f32>();
        let mut sums = [[_mm512_setzero_ps(); LINES]; N];
        for i in 0..depth {
            // SAFETY: `panel` has `depth` times `LINES` lines, each aligned to 64 bytes.
            let w: [__m512; LINES] =
                std::array::from_fn(|l| unsafe { _mm512_load_ps(panel.add((i * LINES + l) * 16)) });
            for (sums, &x) in sums.iter_mut().zip(&x) {
                // SAFETY: `Tile::row` gave a slice of `depth` elements.
                let x = _mm512_set1_ps(unsafe { *x.add(i) });
                for (sum, &w) in sums.iter_mut().zip(&w) {
                    *sum = _mm512_fmadd_ps(x, w, *sum);
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            let mut lines = [Line([0.0; 16]); LINES];
            for (line, &sum) in lines.iter_mut().zip(sums) {
                // SAFETY: a line holds sixteen aligned numbers.
                unsafe { _mm512_store_ps(line.0.as_mut_ptr(), sum) };
            }
            let mut row = [0.0; PANEL];
            row.chunks_exact_mut(16).zip(&lines).for_each(|(to, line)| to.copy_from_slice(&line.0));
            tile.write(r, &row);
        }
    }
}
