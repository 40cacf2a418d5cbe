//! Matrix product of strided views.

use std::borrow::Cow;

use gemm::Parallelism;
use rayon::prelude::*;

use crate::cpu::Cpu;
use crate::tile::{LINES, Line, PANEL, Rows, Shared, sweep};

/// A read-only matrix: `rows` x `cols` elements of `data`, element `(i, j)` at `i * row_stride + j
/// * col_stride`.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    data: &'a [f32],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a> Matrix<'a> {
    /// A row-major matrix whose rows start `row_stride` elements apart.
    ///
    /// # Panics
    /// When `data` is too short.
    pub fn new(data: &'a [f32], rows: usize, cols: usize, row_stride: usize) -> Self {
        assert!(
            rows == 0 || data.len() >= (rows - 1) * row_stride + cols,
            "matrix reaches past its data"
        );
        Self { data, rows, cols, row_stride, col_stride: 1 }
    }

    /// The transposed view.
    pub fn t(self) -> Self {
        Self {
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
            ..self
        }
    }
}

/// Whether a product may use all threads or only the calling one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// All threads of rayon's pool.
    All,
    /// The calling thread; for products inside a parallel loop.
    One,
}

/// `out = a b`, or `out += a b` with `accumulate`; `out` is row-major, its rows `out_stride` apart.
///
/// # Panics
/// When the shapes do not agree or `out` is too short.
pub fn matmul(
    out: &mut [f32],
    out_stride: usize,
    accumulate: bool,
    a: Matrix<'_>,
    b: Matrix<'_>,
    threads: Threads,
) {
    let (m, k, n) = (a.rows, a.cols, b.cols);
    assert_eq!(k, b.rows, "inner dimensions differ");
    if m == 0 || n == 0 {
        return;
    }
    assert!(
        out_stride >= n && out.len() >= (m - 1) * out_stride + n,
        "product reaches past its output"
    );
    if is_left_to_gemm() {
        by_gemm(out, out_stride, accumulate, a, b, threads);
    } else {
        by_panels(out, out_stride, accumulate, a, b, threads);
    }
}

/// `gemm` looks at the processor by itself and cannot be kept from what it finds there, and on
/// x86-64 without AVX2 it has no vector instructions at all.
fn is_left_to_gemm() -> bool {
    !cfg!(target_arch = "x86_64") || Cpu::current() == Cpu::Avx512
}

#[expect(unsafe_code, reason = "gemm takes pointers; `matmul` has checked every extent")]
fn by_gemm(
    out: &mut [f32],
    out_stride: usize,
    accumulate: bool,
    a: Matrix<'_>,
    b: Matrix<'_>,
    threads: Threads,
) {
    let parallelism = match threads {
        Threads::All => Parallelism::Rayon(0),
        Threads::One => Parallelism::None,
    };
    // SAFETY: `Matrix::new` checked that the views lie inside their slices, `matmul` that `out`
    // holds all rows, and the exclusive borrow of `out` rules out overlap with the inputs.
    unsafe {
        gemm::gemm(
            a.rows,
            b.cols,
            a.cols,
            out.as_mut_ptr(),
            1,
            out_stride as isize,
            accumulate,
            a.data.as_ptr(),
            a.col_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.col_stride as isize,
            b.row_stride as isize,
            1.0f32,
            1.0f32,
            false,
            false,
            false,
            parallelism,
        );
    }
}

/// Rows of one task, where a product has too few panels for all threads.
const TASK_ROWS: usize = 64;

/// `b` is laid out panel by panel, and every row of `a` swept over it.
fn by_panels(
    out: &mut [f32],
    out_stride: usize,
    accumulate: bool,
    a: Matrix<'_>,
    b: Matrix<'_>,
    threads: Threads,
) {
    let (m, n) = (a.rows, b.cols);
    if a.cols == 0 {
        if !accumulate {
            out.chunks_mut(out_stride).take(m).for_each(|row| row[..n].fill(0.0));
        }
        return;
    }
    let data = a.with_rows_in_one_piece();
    let stride = if matches!(data, Cow::Borrowed(_)) { a.row_stride } else { a.cols };
    let shared = Shared::new(out);
    let task = |panel: &mut Vec<Line>, p: usize, rows: std::ops::Range<usize>| {
        let columns = p * PANEL..n.min((p + 1) * PANEL);
        b.lay_out(columns.clone(), panel);
        let x = Rows { data: &data[rows.start * stride..], stride, n: rows.len() };
        let to = shared.columns(columns, out_stride).starting_at(rows.start);
        sweep(x, panel, to, accumulate);
    };
    let n_panels = n.div_ceil(PANEL);
    match threads {
        Threads::One => {
            let mut panel = Vec::new();
            (0..n_panels).for_each(|p| task(&mut panel, p, 0..m));
        }
        Threads::All if n_panels >= 4 * rayon::current_num_threads() => {
            (0..n_panels).into_par_iter().for_each_init(Vec::new, |panel, p| task(panel, p, 0..m));
        }
        Threads::All => {
            let n_parts = m.div_ceil(TASK_ROWS);
            let tasks = (0..n_panels * n_parts).into_par_iter();
            tasks.for_each_init(Vec::new, |panel, i| {
                let first = i % n_parts * TASK_ROWS;
                task(panel, i / n_parts, first..m.min(first + TASK_ROWS));
            });
        }
    }
}

impl<'a> Matrix<'a> {
    /// The elements with those of a row side by side: `self.data` where they are, else a copy whose
    /// rows are `cols` apart.
    fn with_rows_in_one_piece(&self) -> Cow<'a, [f32]> {
        if self.col_stride == 1 {
            return Cow::Borrowed(self.data);
        }
        let mut copy = vec![0.0; self.rows * self.cols];
        // A column's elements lie side by side: few cache lines are open at a time.
        for (i, row) in copy.chunks_exact_mut(self.cols).enumerate() {
            for (j, to) in row.iter_mut().enumerate() {
                *to = self.data[i * self.row_stride + j * self.col_stride];
            }
        }
        Cow::Owned(copy)
    }

    /// Some columns as a panel, row by row, zero beyond them.
    fn lay_out(&self, columns: std::ops::Range<usize>, panel: &mut Vec<Line>) {
        panel.clear();
        panel.resize(self.rows * LINES, Line([0.0; 16]));
        for (i, lines) in panel.chunks_exact_mut(LINES).enumerate() {
            let row = &self.data[i * self.row_stride..];
            if self.col_stride == 1 {
                let row = &row[columns.clone()];
                lines.iter_mut().zip(row.chunks(16)).for_each(|(line, row)| {
                    line.0[..row.len()].copy_from_slice(row);
                });
            } else {
                for (c, j) in columns.clone().enumerate() {
                    lines[c / 16].0[c % 16] = row[j * self.col_stride];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 37 + 11) % 101) as f32 / 64.0 - 0.7).collect()
    }

    #[test]
    fn panels_and_gemm_agree_on_every_layout() {
        for (m, k, n) in [(1, 3, 2), (7, 64, 100), (70, 31, 48), (3, 0, 5), (130, 9, 300)] {
            let a = numbers(m * k.max(1));
            let b = numbers(k.max(1) * n);
            let wide = Matrix::new(&a, m, k, k);
            let tall = Matrix::new(&a, k, m, m).t();
            let right = Matrix::new(&b, k, n, n);
            let turned = Matrix::new(&b, n, k, k).t();
            for (a, b) in [(wide, right), (wide, turned), (tall, right), (tall, turned)] {
                for (threads, accumulate) in [(Threads::One, false), (Threads::All, true)] {
                    let mut ours = vec![0.25; m * (n + 2)];
                    let mut theirs = ours.clone();
                    by_panels(&mut ours, n + 2, accumulate, a, b, threads);
                    by_gemm(&mut theirs, n + 2, accumulate, a, b, threads);
                    for (x, y) in ours.iter().zip(&theirs) {
                        assert!((x - y).abs() < 1e-4, "{m} x {k} x {n}: {x} for {y}");
                    }
                }
            }
        }
    }
}
