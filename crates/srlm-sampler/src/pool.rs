//! The prompts that a new one must be unlike.

use std::collections::HashMap;

use rayon::prelude::*;

use crate::lcs::Pattern;
use crate::rouge::{RougeScore, words};

/// Texts to compare with, kept as word numbers, and for each word the texts that have it.
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
    /// The word ids of each text.
    texts: Vec<Box<[u32]>>,
    /// How many words each text has.
    lengths: Vec<u32>,
    /// For each word id, the places of the texts that have it, in order.
    places: Vec<Vec<u32>>,
    /// Most words of a text.
    longest: u32,
}

/// The most similar text of a [`Pool`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nearest {
    /// Its place in the pool, in order of [`Pool::push`]; the first of equals.
    pub index: usize,
    /// ROUGE-L F-measure with it, without stemming.
    pub f_measure: f64,
}

impl Pool {
    /// Adds a text.
    pub fn push(&mut self, text: &str) {
        let place = self.texts.len() as u32;
        let mut ids = Vec::new();
        for word in words(&text.to_lowercase()) {
            let next = self.ids.len() as u32;
            let id = match self.ids.get(word) {
                Some(&id) => id,
                None => *self.ids.entry(word.to_owned()).or_insert(next),
            };
            self.places.resize(self.ids.len(), Vec::new());
            let places = &mut self.places[id as usize];
            if places.last() != Some(&place) {
                places.push(place);
            }
            ids.push(id);
        }
        self.lengths.push(ids.len() as u32);
        self.longest = self.longest.max(ids.len() as u32);
        self.texts.push(ids.into());
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
    /// Exact: a text is passed over only if an upper bound of its score is too low. Neither the
    /// order of the pool (but for equals) nor the number of threads shows in the result.
    pub fn nearest(&self, text: &str, above: f64) -> Option<Nearest> {
        let text = text.to_lowercase();
        let words: Vec<Option<u32>> =
            words(&text).map(|word| self.ids.get(word).copied()).collect();
        let candidates = self.candidates(&words, above);
        if candidates.is_empty() {
            return None;
        }
        let pattern = Pattern::new(&words, self.ids.len());
        let better = |best: Option<Nearest>, &place: &u32| {
            let (index, bar) = (place as usize, best.map_or(above, |best| best.f_measure));
            let other = &self.texts[index];
            let f_measure = RougeScore::of(pattern.lcs(other), words.len(), other.len()).f_measure;
            if f_measure > bar { Some(Nearest { index, f_measure }) } else { best }
        };
        let reduced = candidates.par_iter().with_min_len(1024).fold(|| None, better);
        reduced.reduce(
            || None,
            |a, b| match (a, b) {
                (Some(a), Some(b)) => Some(if b.f_measure > a.f_measure { b } else { a }),
                (a, b) => a.or(b),
            },
        )
    }

    /// The places of all texts that can score above the bar, and of some others, in order.
    ///
    /// The words of the query that fewest texts have are looked up; a text may have all of the
    /// rest. A score above the bar takes some number of words in common, so with the frequent words
    /// alone no text reaches it.
    fn candidates(&self, words: &[Option<u32>], above: f64) -> Vec<u32> {
        let all = 0..self.texts.len() as u32;
        if above < 0.0 {
            return all.collect();
        }
        let least = least_in_common(words.len(), self.longest as usize, above);
        let fits = |(i, &least): (usize, &u32)| (least as usize <= i + 1).then_some(least as usize);
        let Some(n_common) = least.iter().enumerate().find_map(fits) else { return Vec::new() };
        let mut places: Vec<&[u32]> =
            words.iter().map(|id| id.map_or(&[][..], |id| &self.places[id as usize])).collect();
        places.sort_by_key(|places| places.len());
        let n_rare = places.partition_point(|places| places.len() <= self.texts.len() / 8);
        let n_looked_up = n_rare.max(words.len() + 1 - n_common);
        let mut found = vec![(words.len() - n_looked_up) as u32; self.texts.len()];
        places[..n_looked_up]
            .iter()
            .copied()
            .flatten()
            .for_each(|&place| found[place as usize] += 1);
        let can = |place: &u32| {
            let n_words = self.lengths[*place as usize];
            let least = n_words.checked_sub(1).and_then(|i| least.get(i as usize));
            least.is_some_and(|&least| least <= n_words && least <= found[*place as usize])
        };
        all.filter(can).collect()
    }
}

/// For texts of 1, 2, ... up to `longest` words, how many words in common with a query of `n_words`
/// give a score above the bar; it ends where the whole query does not.
fn least_in_common(n_words: usize, longest: usize, above: f64) -> Vec<u32> {
    let mut least = 1;
    let next = |n_other: usize| {
        while least <= n_words && RougeScore::of(least, n_words, n_other).f_measure <= above {
            least += 1;
        }
        (least <= n_words).then_some(least as u32)
    };
    (1..=longest).map_while(next).collect()
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
            texts in prop::collection::vec("([a-f]{1,2} ){0,30}", 0..60),
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
