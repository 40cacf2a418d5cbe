//! Near-duplicates by MinHash and locality-sensitive hashing.

use std::collections::{BTreeSet, HashMap};

use xxhash_rust::xxh3::xxh3_64;

/// Minima kept of each text, as datasketch and text-dedup take by default.
const PERMUTATIONS: usize = 128;
/// Words of a shingle.
const WORDS: usize = 5;
/// Chance at most of missing a pair that is just at the threshold.
const MISSED: f64 = 0.001;

/// Texts by what they have in common.
///
/// Signatures only find candidates; what decides is the Jaccard similarity of the two sets of
/// shingles, so there are no false ones.
pub(crate) struct NearIndex {
    threshold: f64,
    /// Minima that a band has.
    rows: usize,
    buckets: HashMap<(usize, u64), Vec<usize>>,
    texts: Vec<Vec<u64>>,
}

impl NearIndex {
    pub(crate) fn new(threshold: f64) -> Self {
        Self {
            threshold,
            rows: rows_of_a_band(threshold),
            buckets: HashMap::new(),
            texts: Vec::new(),
        }
    }

    /// Earlier texts at least as similar as the threshold, by their numbers in order of insertion.
    pub(crate) fn similar(&self, text: &Shingles) -> Vec<usize> {
        let buckets = text.bands(self.rows).into_iter().filter_map(|band| self.buckets.get(&band));
        let candidates: BTreeSet<usize> = buckets.flatten().copied().collect();
        candidates
            .into_iter()
            .filter(|&other| jaccard(&text.0, &self.texts[other]) >= self.threshold)
            .collect()
    }

    pub(crate) fn insert(&mut self, text: Shingles) {
        let number = self.texts.len();
        for band in text.bands(self.rows) {
            self.buckets.entry(band).or_default().push(number);
        }
        self.texts.push(text.0);
    }
}

/// The most minima a band can have: fewer candidates to look at, but more pairs missed.
fn rows_of_a_band(threshold: f64) -> usize {
    let missed =
        |rows: usize| (1.0 - threshold.powi(rows as i32)).powi((PERMUTATIONS / rows) as i32);
    [32, 16, 8, 4, 2].into_iter().find(|&rows| missed(rows) <= MISSED).unwrap_or(1)
}

/// Hashes of every five words in a row, sorted; of the whole text where it has fewer. Case and what
/// is neither letter nor digit do not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shingles(Vec<u64>);

impl Shingles {
    pub(crate) fn of(text: &str) -> Self {
        let lower = text.to_lowercase();
        let words: Vec<&str> =
            lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        if words.is_empty() {
            return Self(vec![hash(lower.trim())]);
        }
        let mut shingles: Vec<u64> =
            words.windows(WORDS.min(words.len())).map(|shingle| hash(&shingle.join(" "))).collect();
        shingles.sort_unstable();
        shingles.dedup();
        Self(shingles)
    }

    /// Each band of the signature as one number.
    fn bands(&self, rows: usize) -> Vec<(usize, u64)> {
        let minimum =
            |seed: u64| self.0.iter().map(|&shingle| mixed(shingle, seed)).min().unwrap_or(0);
        let signature: Vec<u64> = (0..PERMUTATIONS as u64).map(minimum).collect();
        let band =
            |minima: &[u64]| minima.iter().fold(0, |band, &minimum| mixed(band ^ minimum, 0));
        signature.chunks(rows).map(band).enumerate().collect()
    }
}

fn hash(text: &str) -> u64 {
    xxh3_64(text.as_bytes())
}

/// SplitMix64's finalizer: another order of all numbers for each seed.
fn mixed(x: u64, seed: u64) -> u64 {
    let x = x.wrapping_add(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Shared shingles over all; both sorted, without repeats, not empty.
fn jaccard(a: &[u64], b: &[u64]) -> f64 {
    let shared = a.iter().filter(|shingle| b.binary_search(shingle).is_ok()).count();
    shared as f64 / (a.len() + b.len() - shared) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn similarity(a: &str, b: &str) -> f64 {
        jaccard(&Shingles::of(a).0, &Shingles::of(b).0)
    }

    #[test]
    fn similarity_to_check_with_a_pencil() {
        let check =
            |a: &str, b: &str, expected: f64| assert_eq!(similarity(a, b), expected, "{a} | {b}");
        check("Name a tree.", "name  a TREE", 1.0);
        check("Name a tree.", "Name a bird.", 0.0);
        // Three shingles each, of which two are shared: 2 / 4.
        check("a b c d e f g", "a b c d e f h", 0.5);
        check("???", "!!!", 0.0);
        check("", "", 1.0);
    }

    #[test]
    fn bands_are_as_wide_as_the_threshold_allows() {
        for (threshold, expected) in [(1.0, 32), (0.9, 8), (0.8, 4), (0.5, 2), (0.1, 1)] {
            assert_eq!(rows_of_a_band(threshold), expected, "{threshold}");
        }
    }

    #[test]
    fn what_looking_at_every_pair_finds_is_found() {
        // Texts of 40 words that begin with 0 to 40 words in common.
        let text = |n: usize| {
            (0..40)
                .map(|i| if i < n { format!("w{i} ") } else { format!("v{n}x{i} ") })
                .collect::<String>()
        };
        let texts: Vec<String> = (0..=40).map(text).collect();
        let mut index = NearIndex::new(0.8);
        for (n, text) in texts.iter().enumerate() {
            let expected: Vec<usize> =
                (0..n).filter(|&other| similarity(text, &texts[other]) >= 0.8).collect();
            assert_eq!(index.similar(&Shingles::of(text)), expected, "{n}");
            index.insert(Shingles::of(text));
        }
    }
}
