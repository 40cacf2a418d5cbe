//! Self-BLEU: how much each text looks like the others.

use std::collections::HashMap;

/// Longest runs of words compared.
const MAX_N: usize = 4;
/// What stands for no run in common.
const EPSILON: f64 = 0.1;

/// The largest and the second largest count of a run in one text, and which text has the largest.
#[derive(Clone, Copy, Default)]
struct Best {
    text: usize,
    n: u64,
    n_elsewhere: u64,
}

/// Mean BLEU-4 of each text against all others; `None` for fewer than two texts.
///
/// # Source
/// Zhu et al. 2018, "Texygen". BLEU as NLTK's `sentence_bleu` with `SmoothingFunction().method1`:
/// no run in common counts 0.1, no word in common gives 0. Checked against NLTK in
/// `tests/controlled.rs`.
pub(super) fn self_bleu(texts: &[Vec<&str>]) -> Option<f64> {
    let tables: Vec<HashMap<&[&str], Best>> = (1..=MAX_N).map(|n| best_counts(texts, n)).collect();
    let lengths: Vec<usize> = texts.iter().map(Vec::len).collect();
    let sum: f64 = (0..texts.len()).map(|i| bleu(i, &texts[i], &tables, &lengths)).sum();
    (texts.len() > 1).then(|| sum / texts.len() as f64)
}

/// How often each run of `n` words occurs.
fn counts<'a, 'b>(words: &'b [&'a str], n: usize) -> HashMap<&'b [&'a str], u64> {
    let mut found = HashMap::new();
    for run in words.windows(n) {
        *found.entry(run).or_insert(0) += 1;
    }
    found
}

fn best_counts<'a, 'b>(texts: &'b [Vec<&'a str>], n: usize) -> HashMap<&'b [&'a str], Best> {
    let mut best: HashMap<&[&str], Best> = HashMap::new();
    for (i, words) in texts.iter().enumerate() {
        for (run, count) in counts(words, n) {
            let entry = best.entry(run).or_default();
            *entry = if count > entry.n {
                Best { text: i, n: count, n_elsewhere: entry.n }
            } else {
                Best { n_elsewhere: entry.n_elsewhere.max(count), ..*entry }
            };
        }
    }
    best
}

fn bleu(i: usize, words: &[&str], tables: &[HashMap<&[&str], Best>], lengths: &[usize]) -> f64 {
    let mut ln_precision = 0.0;
    for (table, n) in tables.iter().zip(1..) {
        let others = |run: &[&str]| {
            let best = table[run];
            if best.text == i { best.n_elsewhere } else { best.n }
        };
        let n_common: u64 =
            counts(words, n).iter().map(|(run, &count)| count.min(others(run))).sum();
        if n == 1 && n_common == 0 {
            return 0.0;
        }
        let n_runs = (words.len() + 1).saturating_sub(n).max(1) as f64;
        let numerator = if n_common == 0 { EPSILON } else { n_common as f64 };
        ln_precision += (numerator / n_runs).ln() / MAX_N as f64;
    }
    brevity_penalty(i, lengths) * ln_precision.exp()
}

/// Below one where the text is shorter than the other text nearest in length, the shorter of two as
/// near.
fn brevity_penalty(i: usize, lengths: &[usize]) -> f64 {
    let own = lengths[i];
    let others = lengths.iter().enumerate().filter(|&(j, _)| j != i).map(|(_, &length)| length);
    let nearest = others.min_by_key(|&length| (length.abs_diff(own), length)).unwrap_or(own);
    if own > nearest { 1.0 } else { (1.0 - nearest as f64 / own as f64).exp() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str]) -> Option<f64> {
        self_bleu(&texts.iter().map(|text| text.split_whitespace().collect()).collect::<Vec<_>>())
    }

    #[test]
    fn equal_texts_have_one_and_strangers_none() {
        assert!((of(&["a b c d e", "a b c d e"]).unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(of(&["a b c d", "e f g h", ""]), Some(0.0));
        assert_eq!(of(&["a b c d"]), None);
    }
}
