//! Splitting elementwise work over all cores.

use rayon::prelude::*;

/// Elements handled by one task.
pub(crate) const TASK: usize = 1 << 13;

/// Calls `f(first_row, rows)` for consecutive groups of rows of `out`, which is `[rows, width]`.
pub(crate) fn for_each_rows(
    out: &mut [f32],
    width: usize,
    f: impl Fn(usize, &mut [f32]) + Sync + Send,
) {
    let rows = (TASK / width).max(1);
    if out.len() <= TASK {
        f(0, out);
    } else {
        out.par_chunks_mut(rows * width).enumerate().for_each(|(i, out)| f(i * rows, out));
    }
}
