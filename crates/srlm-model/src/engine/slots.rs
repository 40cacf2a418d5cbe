//! Contiguous ranges of cache slots.

use std::ops::Range;

/// First-fit allocation of ranges out of `0..capacity`.
#[derive(Debug)]
pub(super) struct Slots {
    /// Free ranges, in order, none touching another.
    free: Vec<Range<usize>>,
}

impl Slots {
    pub(super) fn new(capacity: usize) -> Self {
        Self { free: std::iter::once(0..capacity).collect() }
    }

    /// `None` when no free range is that long.
    pub(super) fn take(&mut self, len: usize) -> Option<Range<usize>> {
        let at = self.free.iter().position(|range| range.len() >= len)?;
        let start = self.free[at].start;
        self.free[at].start += len;
        if self.free[at].is_empty() {
            self.free.remove(at);
        }
        Some(start..start + len)
    }

    pub(super) fn give_back(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        let at = self.free.partition_point(|free| free.start < range.start);
        self.free.insert(at, range);
        for i in (at.saturating_sub(1)..=at).rev() {
            if i + 1 < self.free.len() && self.free[i].end == self.free[i + 1].start {
                self.free[i].end = self.free[i + 1].end;
                self.free.remove(i + 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_joins_its_neighbors() {
        let mut slots = Slots::new(10);
        let ranges: Vec<_> = (0..5).map(|_| slots.take(2).unwrap()).collect();
        assert_eq!(slots.take(1), None);
        for i in [1, 3, 2, 0, 4] {
            slots.give_back(ranges[i].clone());
        }
        assert_eq!(slots.take(10), Some(0..10));
    }
}
