//! Running a function over the rows of matrices on all cores, compiled for the best vector unit of the machine.

use pulp::Arch;
use rayon::prelude::*;

/// Work below this many elements is not worth a second thread.
const PARALLEL_FROM: usize = 1 << 14;

/// Calls `f(i, row)` for each row of `out`.
pub(crate) fn for_each_row(out: &mut [f32], width: usize, f: impl Fn(usize, &mut [f32]) + Sync + Send) {
    let arch = Arch::new();
    let elements = out.len();
    let run = |(i, row): (usize, &mut [f32])| arch.dispatch(|| f(i, row));
    if elements < PARALLEL_FROM {
        out.chunks_mut(width).enumerate().for_each(run);
    } else {
        out.par_chunks_mut(width).enumerate().with_min_len((PARALLEL_FROM / 4 / width).max(1)).for_each(run);
    }
}

/// Calls `f(i, a_row, b_row)` for each pair of rows.
pub(crate) fn for_each_row2(
    (a, a_width): (&mut [f32], usize),
    (b, b_width): (&mut [f32], usize),
    f: impl Fn(usize, &mut [f32], &mut [f32]) + Sync + Send,
) {
    let arch = Arch::new();
    a.par_chunks_mut(a_width)
        .zip(b.par_chunks_mut(b_width))
        .enumerate()
        .with_min_len((PARALLEL_FROM / 4 / a_width).max(1))
        .for_each(|(i, (a, b))| arch.dispatch(|| f(i, a, b)));
}
