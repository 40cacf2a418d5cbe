//! Products with a matrix that is laid out once for the vector units and used many times.

use rayon::prelude::*;

use crate::tile::{LINES, Line, PANEL, Rows, Shared, sweep};

/// Products smaller than this many multiplications stay on the calling thread.
const SERIAL: usize = 1 << 17;

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
/// over the inputs in order, in stretches of a length of their own.
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
    let out = Shared::new(out);
    let x = Rows { data: x, stride: input, n: rows };
    let task = |(p, panel): (usize, &[Line])| {
        let columns = p * PANEL..output.min((p + 1) * PANEL);
        sweep(x, panel, out.columns(columns, output), false);
    };
    let panels = panels.chunks_exact(input * LINES).enumerate();
    if rows * output * input < SERIAL {
        panels.for_each(task);
    } else {
        let panels: Vec<_> = panels.collect();
        panels.into_par_iter().for_each(task);
    }
}
