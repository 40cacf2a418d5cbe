//! Which keys each query row sees.

use std::ops::Range;

/// A run of consecutive query rows of one sequence.
///
/// Row `j` of the run sees every slot of every range of `prefix`, then the slots
/// `own_start..=own_first + j`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Query rows.
    pub rows: Range<usize>,
    /// Slots that hold the keys of everything before `own_start`, in order of position.
    pub prefix: Vec<Range<usize>>,
    /// First slot of the sequence's own region.
    pub own_start: usize,
    /// Slot of the key of the run's first row.
    pub own_first: usize,
}

impl Run {
    /// Keys that the run's row `j` sees.
    pub fn n_visible(&self, j: usize) -> usize {
        self.n_prefix() + self.own_first - self.own_start + j + 1
    }

    /// Keys in the prefix.
    pub fn n_prefix(&self) -> usize {
        self.prefix.iter().map(ExactSizeIterator::len).sum()
    }

    /// Position of the run's row `j` in its sequence.
    pub fn position(&self, j: usize) -> usize {
        self.n_visible(j) - 1
    }
}

/// Rows of several sequences, packed without padding, and what each sees.
///
/// Runs that share leading ranges share their work: the rubric of all judgments, the prompt of all
/// candidates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    runs: Vec<Run>,
}

impl Layout {
    /// Runs in the order of their rows, covering rows `0..n` without gaps.
    ///
    /// # Panics
    /// When the rows have gaps or a run's own region starts after its first slot.
    pub fn new(runs: Vec<Run>) -> Self {
        let mut next = 0;
        for run in &runs {
            assert!(run.rows.start == next && !run.rows.is_empty(), "rows of the runs leave a gap");
            assert!(run.own_start <= run.own_first, "own region starts after its first slot");
            next = run.rows.end;
        }
        Self { runs }
    }

    /// The runs.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Query rows.
    pub fn n_rows(&self) -> usize {
        self.runs.last().map_or(0, |run| run.rows.end)
    }

    /// Position of every row in its sequence.
    pub fn positions(&self) -> Vec<u32> {
        let positions =
            self.runs.iter().flat_map(|run| (0..run.rows.len()).map(|j| run.position(j) as u32));
        positions.collect()
    }

    /// Slot of every row's own key.
    pub fn slots(&self) -> Vec<usize> {
        self.runs.iter().flat_map(|run| run.own_first..run.own_first + run.rows.len()).collect()
    }
}
