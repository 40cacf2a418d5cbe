//! The length of a longest common subsequence, 64 places at a time.

/// One side of many comparisons: for each of its words, the set of places where it stands.
///
/// # Source
/// Crochemore et al. 2001 and Hyyro 2004: a column of the dynamic program is kept as its
/// differences, one bit a row, and a whole column is advanced by one addition.
pub(crate) struct Pattern {
    /// For each word id, its number among the pattern's distinct words, from 1; 0 for a word that
    /// it lacks.
    slots: Vec<u32>,
    /// `n_blocks` words of 64 places for each slot; slot 0 is all zeros.
    masks: Vec<u64>,
    n_blocks: usize,
}

impl Pattern {
    /// `words` are ids below `n_ids`; `None` is a word that no other text has.
    pub(crate) fn new(words: &[Option<u32>], n_ids: usize) -> Self {
        let n_blocks = words.len().div_ceil(64).max(1);
        let mut slots = vec![0; n_ids];
        let mut masks = vec![0; n_blocks];
        for (place, id) in words.iter().enumerate() {
            let Some(id) = *id else { continue };
            let slot = &mut slots[id as usize];
            if *slot == 0 {
                *slot = (masks.len() / n_blocks) as u32;
                masks.resize(masks.len() + n_blocks, 0);
            }
            masks[*slot as usize * n_blocks + place / 64] |= 1 << (place % 64);
        }
        Self { slots, masks, n_blocks }
    }

    /// Length of the longest common subsequence with `text`, whose ids are below `n_ids`.
    pub(crate) fn lcs(&self, text: &[u32]) -> usize {
        if self.n_blocks == 1 { self.lcs_of_one_block(text) } else { self.lcs_of_blocks(text) }
    }

    fn lcs_of_one_block(&self, text: &[u32]) -> usize {
        let mut column = !0_u64;
        for &id in text {
            let matches = self.masks[self.slots[id as usize] as usize];
            column = column.wrapping_add(column & matches) | (column & !matches);
        }
        column.count_zeros() as usize
    }

    fn lcs_of_blocks(&self, text: &[u32]) -> usize {
        let mut column = vec![!0_u64; self.n_blocks];
        for &id in text {
            let slot = self.slots[id as usize] as usize;
            if slot == 0 {
                continue;
            }
            let mut carry = false;
            for (block, &matches) in column.iter_mut().zip(&self.masks[slot * self.n_blocks..]) {
                let (sum, first) = block.overflowing_add(*block & matches);
                let (sum, second) = sum.overflowing_add(u64::from(carry));
                *block = sum | (*block & !matches);
                carry = first || second;
            }
        }
        column.iter().map(|block| block.count_zeros() as usize).sum()
    }
}

/// The table of the dynamic program: `table[i][j]` is the length for the first `i` and `j` words.
pub(crate) fn lcs_table(a: &[u32], b: &[u32]) -> Vec<Vec<u32>> {
    let mut table = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            table[i][j] = match a[i - 1] == b[j - 1] {
                true => table[i - 1][j - 1] + 1,
                false => table[i - 1][j].max(table[i][j - 1]),
            };
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bits_agree_with_the_table(
            a in prop::collection::vec(0_u32..12, 0..200),
            b in prop::collection::vec(0_u32..12, 0..200),
        ) {
            let words: Vec<_> = a.iter().copied().map(Some).collect();
            let expected = lcs_table(&a, &b)[a.len()][b.len()] as usize;
            prop_assert_eq!(Pattern::new(&words, 12).lcs(&b), expected);
        }

        #[test]
        fn unknown_words_match_nothing(
            a in prop::collection::vec(prop::option::of(0_u32..5), 0..150),
            b in prop::collection::vec(0_u32..5, 0..150),
        ) {
            let known: Vec<_> = a.iter().copied().flatten().collect();
            let expected = lcs_table(&known, &b)[known.len()][b.len()] as usize;
            prop_assert_eq!(Pattern::new(&a, 5).lcs(&b), expected);
        }
    }
}
