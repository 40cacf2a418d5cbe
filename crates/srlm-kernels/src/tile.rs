//! Products of a few rows with a panel of 48 columns: the inner loop of every product.

use std::ops::Range;

use crate::cpu::Cpu;
#[cfg(any(test, not(target_arch = "x86_64")))]
use crate::vector::Plain;
use crate::vector::Vector;

/// Columns of a panel: three AVX-512 registers, six of AVX2, twelve of SSE2 or NEON.
pub(crate) const PANEL: usize = 48;
/// Sixteen numbers on a cache line of their own.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct Line(pub(crate) [f32; 16]);

/// Lines of a panel for each input.
pub(crate) const LINES: usize = PANEL / 16;

/// `n` rows whose elements lie side by side, `stride` apart.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) data: &'a [f32],
    pub(crate) stride: usize,
    pub(crate) n: usize,
}

/// An output that several tasks write, each to columns of its own.
#[derive(Clone, Copy)]
pub(crate) struct Shared {
    start: *mut f32,
    len: usize,
}

#[expect(unsafe_code, reason = "a raw pointer has no Send and Sync of its own")]
// SAFETY: tasks write disjoint columns of the output, which whoever made this borrows exclusively
// until all have ended.
unsafe impl Send for Shared {}
#[expect(unsafe_code, reason = "as above")]
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    pub(crate) fn new(out: &mut [f32]) -> Self {
        Self { start: out.as_mut_ptr(), len: out.len() }
    }

    /// Some columns of rows that lie `stride` apart; no other task may write them.
    pub(crate) fn columns(self, columns: Range<usize>, stride: usize) -> Columns {
        Columns { out: self, columns, stride, first: 0 }
    }
}

/// Columns of a shared output that belong to one task.
pub(crate) struct Columns {
    out: Shared,
    columns: Range<usize>,
    stride: usize,
    first: usize,
}

impl Columns {
    /// The same from row `first` on, which then counts as row 0.
    pub(crate) fn starting_at(self, first: usize) -> Self {
        Self { first, ..self }
    }

    /// Adds to or overwrites row `r` from `column` of the panel on; what lies beyond the columns is
    /// left out.
    #[inline(always)]
    #[expect(unsafe_code, reason = "tiles of one row of the output belong to different tasks")]
    fn write(&self, r: usize, column: usize, sums: &[f32], accumulate: bool) {
        let n = self.columns.len().saturating_sub(column).min(sums.len());
        let start = (self.first + r) * self.stride + self.columns.start + column;
        assert!(n == 0 || start + n <= self.out.len, "a tile reaches past its output");
        if n == 0 {
            return;
        }
        // SAFETY: the stretch lies inside the output, as just checked, and its columns belong to
        // this task alone.
        let to = unsafe { std::slice::from_raw_parts_mut(self.out.start.add(start), n) };
        for (to, &sum) in to.iter_mut().zip(sums) {
            *to = if accumulate { *to + sum } else { sum };
        }
    }
}

/// `out = x panel`, or `out += x panel`; sums run over the inputs in order, in stretches of a length
/// that depends on the processor alone, so a row's result depends on that row alone.
pub(crate) fn sweep(x: Rows<'_>, panel: &[Line], out: Columns, accumulate: bool) {
    let input = panel.len() / LINES;
    let kind = kind_for_this_machine();
    for start in (0..input).step_by(kind.depth) {
        let depth = kind.depth.min(input - start);
        let panel = &panel[start * LINES..][..depth * LINES];
        for first in (0..x.n).step_by(kind.rows) {
            let rows = Rows {
                data: &x.data[first * x.stride + start..],
                stride: x.stride,
                n: kind.rows.min(x.n - first),
            };
            let accumulate = accumulate || start > 0;
            (kind.tile)(&Tile { x: rows, panel, out: &out, first, accumulate });
        }
    }
}

/// How one kind of processor goes through a product.
struct Kind {
    tile: fn(&Tile<'_>),
    /// Rows of a tile.
    rows: usize,
    /// Inputs of one stretch: what a tile reads again and again stays in a near cache.
    depth: usize,
}

/// A few rows and one stretch of a panel.
struct Tile<'a> {
    x: Rows<'a>,
    panel: &'a [Line],
    out: &'a Columns,
    /// The output's row of the first of `x`.
    first: usize,
    accumulate: bool,
}

impl Tile<'_> {
    /// Sums of `R` rows from `first` on and of `C` registers of columns from `column` on.
    #[inline(always)]
    #[expect(unsafe_code, reason = "pointers into slices whose lengths are checked first")]
    fn block<V: Vector, const R: usize, const C: usize>(&self, first: usize, column: usize) {
        let depth = self.panel.len() / LINES;
        let x: [*const f32; R] =
            std::array::from_fn(|r| self.x.data[(first + r) * self.x.stride..][..depth].as_ptr());
        let panel = self.panel.as_ptr().cast::<f32>();
        assert!(column + C * V::LANES <= PANEL, "a block reaches past its panel");
        let mut sums = [[V::zero(); C]; R];
        for i in 0..depth {
            // SAFETY: the panel has `depth` times `PANEL` numbers, and the block's columns are
            // among these, as just checked.
            let w: [V; C] = std::array::from_fn(|c| unsafe {
                V::load(panel.add(i * PANEL + column + c * V::LANES))
            });
            for (sums, &x) in sums.iter_mut().zip(&x) {
                // SAFETY: each row was found to hold `depth` numbers.
                let x = V::splat(unsafe { *x.add(i) });
                for (sum, &w) in sums.iter_mut().zip(&w) {
                    *sum = x.multiply_add(w, *sum);
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            let mut row = [0.0; PANEL];
            for (to, sum) in row.chunks_exact_mut(V::LANES).zip(sums) {
                sum.store(to);
            }
            self.out.write(self.first + first + r, column, &row[..C * V::LANES], self.accumulate);
        }
    }

    /// Tiles for 32 registers of 16 numbers: 24 hold sums, of eight rows and all columns.
    #[inline(always)]
    fn in_wide_registers<V: Vector>(&self) {
        match self.x.n {
            1 => self.block::<V, 1, 3>(0, 0),
            2 => self.block::<V, 2, 3>(0, 0),
            3 => self.block::<V, 3, 3>(0, 0),
            4 => self.block::<V, 4, 3>(0, 0),
            5 => self.block::<V, 5, 3>(0, 0),
            6 => self.block::<V, 6, 3>(0, 0),
            7 => self.block::<V, 7, 3>(0, 0),
            _ => self.block::<V, 8, 3>(0, 0),
        }
    }

    /// Tiles for 16 registers: twelve hold sums, of six rows and two registers of columns. One to
    /// three rows take more columns at a time, or the sums would wait for one another.
    #[inline(always)]
    fn in_sixteen_registers<V: Vector>(&self) {
        let columns = |registers: usize| (0..PANEL).step_by(registers * V::LANES);
        match self.x.n {
            1 => columns(6).for_each(|column| self.block::<V, 1, 6>(0, column)),
            2 => columns(3).for_each(|column| self.block::<V, 2, 3>(0, column)),
            3 => columns(3).for_each(|column| self.block::<V, 3, 3>(0, column)),
            n => {
                for column in columns(2) {
                    for first in (0..n).step_by(6) {
                        match n - first {
                            1 => self.block::<V, 1, 2>(first, column),
                            2 => self.block::<V, 2, 2>(first, column),
                            3 => self.block::<V, 3, 2>(first, column),
                            4 => self.block::<V, 4, 2>(first, column),
                            5 => self.block::<V, 5, 2>(first, column),
                            _ => self.block::<V, 6, 2>(first, column),
                        }
                    }
                }
            }
        }
    }
}

fn kind_for_this_machine() -> Kind {
    #[cfg(target_arch = "x86_64")]
    let tile = match Cpu::current() {
        Cpu::Avx512 => return Kind { tile: x86::avx512, rows: 8, depth: 768 },
        Cpu::Avx2 => x86::avx2,
        Cpu::Portable => x86::sse2,
    };
    #[cfg(not(target_arch = "x86_64"))]
    let tile = |tile: &Tile<'_>| tile.in_sixteen_registers::<Plain>();
    Kind { tile, rows: 24, depth: 384 }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{__m128, __m256, __m512};

    use super::Tile;

    #[expect(unsafe_code, reason = "the caller has found AVX-512")]
    pub(super) fn avx512(tile: &Tile<'_>) {
        #[target_feature(enable = "avx512f,avx2,fma")]
        fn tile_of(tile: &Tile<'_>) {
            tile.in_wide_registers::<__m512>();
        }
        // SAFETY: `Cpu::current` is AVX-512 only where it was detected.
        unsafe { tile_of(tile) }
    }

    #[expect(unsafe_code, reason = "the caller has found AVX2 and FMA")]
    pub(super) fn avx2(tile: &Tile<'_>) {
        #[target_feature(enable = "avx2,fma")]
        fn tile_of(tile: &Tile<'_>) {
            tile.in_sixteen_registers::<__m256>();
        }
        // SAFETY: `Cpu::current` is AVX2 only where it was detected.
        unsafe { tile_of(tile) }
    }

    /// Every x86-64 processor has SSE2.
    pub(super) fn sse2(tile: &Tile<'_>) {
        tile.in_sixteen_registers::<__m128>();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type NamedTile = (&'static str, fn(&Tile<'_>));

    /// Each kind of tile, whatever this machine would take.
    fn kinds() -> Vec<NamedTile> {
        let mut kinds: Vec<NamedTile> =
            vec![("plain", |tile| tile.in_sixteen_registers::<Plain>())];
        #[cfg(target_arch = "x86_64")]
        {
            kinds.push(("sse2", x86::sse2));
            if Cpu::detected() >= Cpu::Avx2 {
                kinds.push(("avx2", x86::avx2));
            }
            if Cpu::detected() >= Cpu::Avx512 {
                kinds.push(("avx512", x86::avx512));
            }
        }
        kinds
    }

    fn number(i: usize) -> f32 {
        ((i * 37 + 11) % 101) as f32 / 64.0 - 0.7
    }

    #[test]
    fn every_kind_of_tile_has_the_sums_of_f64_and_a_row_of_its_own() {
        for (kind, tile) in kinds() {
            for (n, depth, columns) in
                [(1, 5, 48), (2, 64, 7), (3, 1, 48), (5, 33, 31), (8, 96, 48)]
            {
                let x: Vec<f32> = (0..n * depth).map(number).collect();
                let panel: Vec<Line> = (0..depth * LINES)
                    .map(|l| Line(std::array::from_fn(|i| number(l * 16 + i + 3))))
                    .collect();
                let product = |first: usize, n: usize| {
                    let mut out = vec![0.5f32; n * columns];
                    let target = Shared::new(&mut out).columns(0..columns, columns);
                    let x = Rows { data: &x[first * depth..], stride: depth, n };
                    tile(&Tile { x, panel: &panel, out: &target, first: 0, accumulate: true });
                    out
                };
                let all = product(0, n);
                for r in 0..n {
                    assert_eq!(all[r * columns..][..columns], product(r, 1), "{kind}, row {r}");
                    for c in 0..columns {
                        let exact: f64 = (0..depth)
                            .map(|i| {
                                let w = panel[i * LINES + c / 16].0[c % 16];
                                f64::from(x[r * depth + i]) * f64::from(w)
                            })
                            .sum();
                        let ours = f64::from(all[r * columns + c]);
                        assert!((ours - exact - 0.5).abs() < 1e-5, "{kind}: {ours} for {exact}");
                    }
                }
            }
        }
    }
}
