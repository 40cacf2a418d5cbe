//! Sequences packed into rows so that what they share is computed once.

use std::collections::BTreeMap;
use std::ops::Range;

use srlm_kernels::{Layout, Run};

/// Sequences of tokens as the rows of one pass: no padding, and a beginning that sequences share
/// stands there once.
///
/// A causal model gives a shared beginning the same states in every sequence, so this changes no
/// result: the rubric of a batch of judgments, or the prompt of a chosen and a rejected response,
/// is computed a single time.
#[derive(Clone, Debug, Default)]
pub struct PackedSequences {
    /// Token of every row.
    pub ids: Vec<u32>,
    /// What every row sees; in it slots are rows.
    pub layout: Layout,
    /// The rows of every sequence, in order of position.
    sequences: Vec<Vec<Range<usize>>>,
}

/// Sharing fewer tokens than this costs more in bookkeeping than it saves.
const MIN_SHARED: usize = 8;

impl PackedSequences {
    /// Packs sequences; equal beginnings are found by sorting.
    ///
    /// # Panics
    /// When a sequence is empty.
    pub fn new(sequences: &[&[u32]]) -> Self {
        assert!(sequences.iter().all(|s| !s.is_empty()), "an empty sequence cannot be packed");
        let mut order: Vec<usize> = (0..sequences.len()).collect();
        order.sort_by_key(|&i| sequences[i]);
        let mut packed = Self { sequences: vec![Vec::new(); sequences.len()], ..Self::default() };
        let mut runs = Vec::new();
        packed.add(sequences, &order, 0, &[], &mut runs);
        packed.layout = Layout::new(runs);
        packed
    }

    /// Packs what predicts the tokens of sequences: all of each but its last token, which predicts
    /// nothing.
    ///
    /// # Panics
    /// When a sequence has fewer than two tokens.
    pub fn inputs_of(sequences: &[&[u32]]) -> Self {
        let inputs: Vec<&[u32]> =
            sequences.iter().map(|tokens| &tokens[..tokens.len() - 1]).collect();
        Self::new(&inputs)
    }

    /// Adds sequences that agree in their first `depth` tokens, which stand in the rows `prefix`.
    fn add(
        &mut self,
        sequences: &[&[u32]],
        order: &[usize],
        depth: usize,
        prefix: &[Range<usize>],
        runs: &mut Vec<Run>,
    ) {
        for group in groups(sequences, order, depth) {
            let common = common_length(sequences, group);
            let (first, last) = (sequences[group[0]], group.len() == 1);
            let end = if last { first.len() } else { common };
            let rows = self.ids.len()..self.ids.len() + end - depth;
            let mut path = prefix.to_vec();
            if !rows.is_empty() {
                self.ids.extend(&first[depth..end]);
                runs.push(Run {
                    rows: rows.clone(),
                    prefix: prefix.to_vec(),
                    own_start: rows.start,
                    own_first: rows.start,
                });
                path.push(rows);
            }
            let ended = group.iter().take_while(|&&i| sequences[i].len() == end).count();
            for &i in &group[..ended] {
                self.sequences[i] = path.clone();
            }
            if ended < group.len() {
                self.add(sequences, &group[ended..], end, &path, runs);
            }
        }
    }

    /// The row that holds position `position` of sequence `sequence`.
    ///
    /// # Panics
    /// When the sequence is not that long.
    pub fn row(&self, sequence: usize, position: usize) -> usize {
        let mut left = position;
        for range in &self.sequences[sequence] {
            if left < range.len() {
                return range.start + left;
            }
            left -= range.len();
        }
        panic!("sequence {sequence} has no position {position}")
    }

    /// The rows of every sequence: ranges in order of position; sequences share leading ranges.
    pub(crate) fn paths(&self) -> &[Vec<Range<usize>>] {
        &self.sequences
    }

    /// Rows of the pass.
    pub fn n_rows(&self) -> usize {
        self.ids.len()
    }
}

/// Splits sorted sequences, equal up to `depth`, into groups worth sharing a longer beginning.
fn groups<'a>(sequences: &[&[u32]], order: &'a [usize], depth: usize) -> Vec<&'a [usize]> {
    let mut groups = Vec::new();
    let mut start = 0;
    for i in 1..=order.len() {
        let joined = i < order.len() && {
            let (a, b) = (sequences[order[start]], sequences[order[i]]);
            a.len() >= depth + MIN_SHARED
                && b.len() >= depth + MIN_SHARED
                && a[depth..depth + MIN_SHARED] == b[depth..depth + MIN_SHARED]
        };
        if !joined {
            groups.push(&order[start..i]);
            start = i;
        }
    }
    groups
}

/// Tokens in which all sequences of a sorted group agree: those of the first and the last.
fn common_length(sequences: &[&[u32]], group: &[usize]) -> usize {
    let (first, last) = (sequences[group[0]], sequences[group[group.len() - 1]]);
    first.iter().zip(last).take_while(|(a, b)| a == b).count()
}

/// Which rows are scored against which tokens, and whose sum each belongs to.
#[derive(Clone, Debug, Default)]
pub struct Scored {
    /// Row whose state predicts the token.
    pub rows: Vec<usize>,
    /// The token.
    pub targets: Vec<u32>,
    /// Sequence that the token belongs to.
    pub sequences: Vec<usize>,
}

impl PackedSequences {
    /// The tokens `from..len` of each sequence, each predicted by the row before it.
    ///
    /// # Panics
    /// When a `from` is 0: the first token is predicted by nothing.
    pub fn scored(&self, sequences: &[&[u32]], from: &[usize]) -> Scored {
        let spans: Vec<Vec<Range<usize>>> = sequences
            .iter()
            .zip(from)
            .map(|(tokens, &from)| std::iter::once(from..tokens.len()).collect())
            .collect();
        let spans: Vec<&[Range<usize>]> = spans.iter().map(Vec::as_slice).collect();
        self.scored_spans(sequences, &spans)
    }

    /// The tokens of each sequence that lie in its spans, each predicted by the row before it.
    ///
    /// # Panics
    /// When a span begins at 0: the first token is predicted by nothing.
    pub fn scored_spans(&self, sequences: &[&[u32]], spans: &[&[Range<usize>]]) -> Scored {
        let mut scored = Scored::default();
        for (i, (tokens, spans)) in sequences.iter().zip(spans).enumerate() {
            for position in spans.iter().cloned().flatten() {
                assert!(position > 0, "the first token of a sequence is predicted by nothing");
                scored.rows.push(self.row(i, position - 1));
                scored.targets.push(tokens[position]);
                scored.sequences.push(i);
            }
        }
        scored
    }
}

impl Scored {
    /// Sums values of the scored tokens by sequence.
    pub fn sums(&self, values: &[f32], n_sequences: usize) -> Vec<f64> {
        let mut sums = vec![0.0; n_sequences];
        for (&sequence, &value) in self.sequences.iter().zip(values) {
            sums[sequence] += f64::from(value);
        }
        sums
    }

    /// Scored tokens of each sequence.
    pub fn counts(&self, n_sequences: usize) -> Vec<usize> {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for &sequence in &self.sequences {
            *counts.entry(sequence).or_default() += 1;
        }
        (0..n_sequences).map(|i| counts.get(&i).copied().unwrap_or(0)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_back(packed: &PackedSequences, i: usize, len: usize) -> Vec<u32> {
        (0..len).map(|p| packed.ids[packed.row(i, p)]).collect()
    }

    #[test]
    fn every_sequence_can_be_read_back_and_shared_beginnings_stand_once() {
        let shared: Vec<u32> = (0..20).collect();
        let with = |tail: &[u32]| [shared.as_slice(), tail].concat();
        let longer = with(&(100..115).collect::<Vec<_>>());
        let sequences = [
            with(&[1, 2]),
            with(&[1, 3]),
            vec![7, 8],
            shared.clone(),
            longer.clone(),
            [longer, vec![9, 9]].concat(),
        ];
        let views: Vec<&[u32]> = sequences.iter().map(Vec::as_slice).collect();
        let packed = PackedSequences::new(&views);
        for (i, sequence) in sequences.iter().enumerate() {
            assert_eq!(&read_back(&packed, i, sequence.len()), sequence);
        }
        assert_eq!(packed.n_rows(), 20 + 2 + 2 + 2 + 15 + 2);
        let positions = packed.layout.positions();
        for (i, sequence) in sequences.iter().enumerate() {
            for p in 0..sequence.len() {
                assert_eq!(positions[packed.row(i, p)] as usize, p);
            }
        }
    }

    #[test]
    fn identical_sequences_share_every_row_and_are_scored_apart() {
        let a: Vec<u32> = (0..30).collect();
        let packed = PackedSequences::new(&[&a, &a]);
        assert_eq!(packed.n_rows(), 30);
        let scored = packed.scored(&[&a, &a], &[28, 29]);
        assert_eq!(scored.rows, [27, 28, 28]);
        assert_eq!(scored.sequences, [0, 0, 1]);
        assert_eq!(scored.sums(&[1.0, 2.0, 4.0], 2), [3.0, 4.0]);
    }
}
