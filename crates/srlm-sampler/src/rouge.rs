//! ROUGE, as the `rouge-score` package computes it.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Serialize;

use crate::lcs::{Pattern, lcs_table};
use crate::stem::stem;

/// Precision, recall and their harmonic mean, each from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct RougeScore {
    /// Share of the prediction that is found in the target.
    pub precision: f64,
    /// Share of the target that is found in the prediction.
    pub recall: f64,
    /// `2 * precision * recall / (precision + recall)`, 0 where both are 0.
    pub f_measure: f64,
}

impl RougeScore {
    /// From a number of hits and the lengths of both sides; zeros where nothing is shared or a side
    /// is empty.
    pub(crate) fn of(hits: usize, n_target: usize, n_prediction: usize) -> Self {
        if hits == 0 {
            return Self::default();
        }
        let precision = hits as f64 / n_prediction as f64;
        let recall = hits as f64 / n_target as f64;
        Self { precision, recall, f_measure: 2.0 * precision * recall / (precision + recall) }
    }
}

/// The four scores of one pair of texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Rouge {
    /// Words in common.
    pub rouge1: RougeScore,
    /// Pairs of neighbouring words in common.
    pub rouge2: RougeScore,
    /// Longest common subsequence of words.
    #[serde(rename = "rougeL")]
    pub rouge_l: RougeScore,
    /// Union of the longest common subsequences of lines.
    #[serde(rename = "rougeLsum")]
    pub rouge_lsum: RougeScore,
}

/// Whether words are reduced to their stems before they are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stemming {
    /// Words are compared as they are.
    Off,
    /// Words of more than three letters are compared by their Porter stems.
    Porter,
}

/// ROUGE-1, ROUGE-2, ROUGE-L and ROUGE-Lsum of a prediction against a target.
///
/// Text is lower-cased and everything but `a` to `z` and `0` to `9` parts words; lines part
/// sentences.
///
/// # Source
/// Lin 2004, in the form of the Python package `rouge-score` 0.1.2, checked against its output.
///
/// ```
/// use srlm_sampler::{Stemming, rouge};
///
/// let score = rouge("List three uses of salt.", "List some uses of salt", Stemming::Off);
/// assert!((score.rouge_l.f_measure - 0.8).abs() < 1e-9);
/// ```
pub fn rouge(target: &str, prediction: &str, stemming: Stemming) -> Rouge {
    let mut ids = Ids::default();
    let target_lines = ids.lines(target, stemming);
    let prediction_lines = ids.lines(prediction, stemming);
    let (target, prediction) = (target_lines.concat(), prediction_lines.concat());
    Rouge {
        rouge1: ngram_score(&target, &prediction, 1),
        rouge2: ngram_score(&target, &prediction, 2),
        rouge_l: lcs_score(&target, &prediction, ids.0.len()),
        rouge_lsum: summary_score(&target_lines, &prediction_lines),
    }
}

/// The words of a text, lower case.
pub(crate) fn words(lower_case: &str) -> impl Iterator<Item = &str> {
    lower_case
        .split(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit())
        .filter(|word| !word.is_empty())
}

/// A number for each distinct word.
#[derive(Default)]
struct Ids(HashMap<String, u32>);

impl Ids {
    fn lines(&mut self, text: &str, stemming: Stemming) -> Vec<Vec<u32>> {
        let text = text.to_lowercase();
        text.split('\n')
            .map(|line| words(line).map(|word| self.id(word, stemming)).collect())
            .collect()
    }

    fn id(&mut self, word: &str, stemming: Stemming) -> u32 {
        let word = match stemming {
            Stemming::Porter if word.len() > 3 => Cow::Owned(stem(word)),
            _ => Cow::Borrowed(word),
        };
        if let Some(&id) = self.0.get(word.as_ref()) {
            return id;
        }
        let id = self.0.len() as u32;
        self.0.insert(word.into_owned(), id);
        id
    }
}

fn ngram_score(target: &[u32], prediction: &[u32], n: usize) -> RougeScore {
    let (target_counts, prediction_counts) =
        (counts(target.windows(n)), counts(prediction.windows(n)));
    let hits = target_counts
        .iter()
        .map(|(gram, &count)| count.min(*prediction_counts.get(gram).unwrap_or(&0)));
    let n_grams = |words: &[u32]| (words.len() + 1).saturating_sub(n);
    RougeScore::of(hits.sum(), n_grams(target), n_grams(prediction))
}

fn counts<T: std::hash::Hash + Eq>(items: impl Iterator<Item = T>) -> HashMap<T, usize> {
    let mut counts = HashMap::new();
    for item in items {
        *counts.entry(item).or_insert(0) += 1;
    }
    counts
}

fn lcs_score(target: &[u32], prediction: &[u32], n_ids: usize) -> RougeScore {
    let pattern: Vec<_> = target.iter().copied().map(Some).collect();
    let hits = Pattern::new(&pattern, n_ids).lcs(prediction);
    RougeScore::of(hits, target.len(), prediction.len())
}

/// For each target line, the union of what it shares with each prediction line; no word is counted
/// more often than either text has it.
fn summary_score(target: &[Vec<u32>], prediction: &[Vec<u32>]) -> RougeScore {
    let mut left_in_target = counts(target.iter().flatten().copied());
    let mut left_in_prediction = counts(prediction.iter().flatten().copied());
    let mut hits = 0;
    for line in target {
        let mut shared = vec![false; line.len()];
        prediction.iter().for_each(|other| mark_shared(line, other, &mut shared));
        for (word, _) in line.iter().zip(shared).filter(|(_, shared)| *shared) {
            if let (Some(a @ 1..), Some(b @ 1..)) =
                (left_in_target.get_mut(word), left_in_prediction.get_mut(word))
            {
                (*a, *b) = (*a - 1, *b - 1);
                hits += 1;
            }
        }
    }
    RougeScore::of(hits, target.iter().map(Vec::len).sum(), prediction.iter().map(Vec::len).sum())
}

/// Marks the places of `line` on one longest common subsequence with `other`; among several, the
/// one that `rouge-score` walks back along.
fn mark_shared(line: &[u32], other: &[u32], shared: &mut [bool]) {
    let table = lcs_table(line, other);
    let (mut i, mut j) = (line.len(), other.len());
    while i > 0 && j > 0 {
        if line[i - 1] == other[j - 1] {
            (i, j) = (i - 1, j - 1);
            shared[i] = true;
        } else if table[i][j - 1] > table[i - 1][j] {
            j -= 1;
        } else {
            i -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn word_order_matters_to_rouge_l_alone() {
        let score = rouge("red green blue", "blue green red", Stemming::Off);
        assert_eq!(score.rouge1.f_measure, 1.0);
        assert!((score.rouge_l.f_measure - 1.0 / 3.0).abs() < 1e-15);
        assert_eq!(score.rouge2, RougeScore::default());
    }

    #[test]
    fn an_empty_side_scores_zero() {
        for (target, prediction) in
            [("", "a"), ("a", ""), ("", ""), ("日本", "日本"), ("\n\n", "a\n")]
        {
            assert_eq!(
                rouge(target, prediction, Stemming::Porter),
                Rouge::default(),
                "{target:?} {prediction:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn swapping_the_texts_swaps_precision_and_recall(a in "\\PC{0,60}", b in "\\PC{0,60}") {
            let (ab, ba) = (rouge(&a, &b, Stemming::Porter), rouge(&b, &a, Stemming::Porter));
            for (x, y) in [(ab.rouge1, ba.rouge1), (ab.rouge2, ba.rouge2), (ab.rouge_l, ba.rouge_l)] {
                prop_assert_eq!((x.precision, x.f_measure), (y.recall, y.f_measure));
            }
        }

        #[test]
        fn scores_lie_between_zero_and_one(a in "[a-d \n]{0,60}", b in "[a-d \n]{0,60}") {
            let score = rouge(&a, &b, Stemming::Off);
            for x in [score.rouge1, score.rouge2, score.rouge_l, score.rouge_lsum] {
                for value in [x.precision, x.recall, x.f_measure] {
                    prop_assert!((0.0..=1.0).contains(&value), "{:?}", score);
                }
            }
        }
    }
}
