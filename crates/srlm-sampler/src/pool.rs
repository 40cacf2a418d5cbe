//! The prompts that a new one must be unlike.

use std::collections::HashMap;

use rayon::prelude::*;

use crate::lcs::Pattern;
use crate::rouge::{RougeScore, words};

/// Texts to compare with, kept as word numbers.
///
/// ```
/// use srlm_sampler::Pool;
///
/// let mut pool = Pool::default();
/// pool.push("Name three kinds of bread.");
/// pool.push("Describe your home town.");
/// let nearest = pool.nearest("Name five kinds of bread.", 0.7).unwrap();
/// assert_eq!(nearest.index, 0);
/// assert!((nearest.f_measure - 0.8).abs() < 1e-9);
/// assert!(pool.nearest("Why is the sky blue?", 0.7).is_none());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Pool {
    ids: HashMap<String, u32>,
    texts: Vec<Words>,
}

/// The most similar text of a [`Pool`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nearest {
    /// Its place in the pool, in order of [`Pool::push`]; the first of equals.
    pub index: usize,
    /// ROUGE-L F-measure with it, without stemming.
    pub f_measure: f64,
}

#[derive(Clone, Debug)]
struct Words {
    ids: Box<[u32]>,
    signature: u128,
}

/// A bit for each of 128 classes of words; a bit that is set names at least one distinct word.
fn signature(ids: impl Iterator<Item = u32>) -> u128 {
    ids.fold(0, |bits, id| bits | 1 << (id % 128))
}

impl Pool {
    /// Adds a text.
    pub fn push(&mut self, text: &str) {
        let mut ids = Vec::new();
        for word in words(&text.to_lowercase()) {
            let next = self.ids.len() as u32;
            ids.push(match self.ids.get(word) {
                Some(&id) => id,
                None => *self.ids.entry(word.to_owned()).or_insert(next),
            });
        }
        let signature = signature(ids.iter().copied());
        self.texts.push(Words { ids: ids.into(), signature });
    }

    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The text with the highest ROUGE-L F-measure above `above`; `None` if there is none.
    ///
    /// Exact: a text is passed over only if an upper bound of its score is too low. Neither the order of the pool
    /// (but for equals) nor the number of threads shows in the result.
    pub fn nearest(&self, text: &str, above: f64) -> Option<Nearest> {
        let query = Query::new(text, &self.ids);
        let better = |best: Option<Nearest>, (index, words): (usize, &Words)| {
            let bar = best.map_or(above, |best| best.f_measure);
            let f_measure = query.f_measure_above(words, bar);
            f_measure.map(|f_measure| Nearest { index, f_measure }).or(best)
        };
        let texts = self.texts.par_iter().enumerate().with_min_len(1024);
        texts.fold(|| None, better).reduce(
            || None,
            |a, b| match (a, b) {
                (Some(a), Some(b)) => Some(if b.f_measure > a.f_measure { b } else { a }),
                (a, b) => a.or(b),
            },
        )
    }
}

/// The text that is looked for.
struct Query {
    pattern: Pattern,
    n_words: usize,
    /// Words that the pool has at all.
    n_known: usize,
    signature: u128,
}

impl Query {
    fn new(text: &str, ids: &HashMap<String, u32>) -> Self {
        let words: Vec<Option<u32>> = words(&text.to_lowercase()).map(|word| ids.get(word).copied()).collect();
        Self {
            pattern: Pattern::new(&words, ids.len()),
            n_words: words.len(),
            n_known: words.iter().flatten().count(),
            signature: signature(words.iter().copied().flatten()),
        }
    }

    /// The score, if it is above the bar.
    fn f_measure_above(&self, other: &Words, bar: f64) -> Option<f64> {
        let n_other = other.ids.len();
        let score = |lcs| RougeScore::of(lcs, self.n_words, n_other).f_measure;
        // A bit that only one side has stands for a word that the other lacks.
        let lacks = |a: u128, b: u128| (a & !b).count_ones() as usize;
        let bound = (n_other - lacks(other.signature, self.signature))
            .min(self.n_known - lacks(self.signature, other.signature));
        if score(bound) <= bar {
            return None;
        }
        Some(score(self.pattern.lcs(&other.ids))).filter(|&f| f > bar)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Stemming, rouge};

    fn pool(texts: &[String]) -> Pool {
        let mut pool = Pool::default();
        texts.iter().for_each(|text| pool.push(text));
        pool
    }

    proptest! {
        #[test]
        fn pruning_changes_nothing(
            texts in prop::collection::vec("([a-f]{1,2} ){0,90}", 0..12),
            text in "([a-g]{1,2} ){0,90}",
            above in -1.0..1.0,
        ) {
            let scores = texts.iter().map(|other| rouge(&text, other, Stemming::Off).rouge_l.f_measure);
            let mut expected = None;
            for (index, f_measure) in scores.enumerate() {
                if f_measure > expected.map_or(above, |best: Nearest| best.f_measure) {
                    expected = Some(Nearest { index, f_measure });
                }
            }
            prop_assert_eq!(pool(&texts).nearest(&text, above), expected);
        }

        #[test]
        fn the_order_of_the_pool_does_not_matter(
            texts in prop::collection::vec("([a-c]{1,2} ){1,9}", 1..12).prop_shuffle(),
            text in "([a-c]{1,2} ){1,9}",
        ) {
            let mut sorted = texts.clone();
            sorted.sort();
            let of = |texts: &[String]| pool(texts).nearest(&text, 0.7).map(|nearest| nearest.f_measure);
            prop_assert_eq!(of(&texts), of(&sorted));
        }

        #[test]
        fn any_text_can_be_asked_for(texts in prop::collection::vec("\\PC{0,40}", 0..4), text in "\\PC{0,40}") {
            let mut with = pool(&texts);
            with.push(&text);
            let has_words = words(&text.to_lowercase()).next().is_some();
            let found = with.nearest(&text, 0.7).map(|nearest| nearest.f_measure);
            prop_assert_eq!(found, has_words.then_some(1.0));
        }
    }
}
