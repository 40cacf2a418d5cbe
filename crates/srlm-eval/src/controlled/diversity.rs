//! How varied a model's responses are.

use std::collections::HashSet;
use std::io::Write;

use flate2::{Compression, write::DeflateEncoder};
use serde::{Deserialize, Serialize};

use super::bleu::self_bleu;

/// Measures of variety; words are what white space separates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Diversity {
    /// Responses measured.
    pub n_responses: u64,
    /// Different words as a share of all, over all responses; `None` without words.
    pub distinct_1: Option<f64>,
    /// Different pairs of neighbors as a share of all.
    pub distinct_2: Option<f64>,
    /// Different runs of three words as a share of all.
    pub distinct_3: Option<f64>,
    /// Mean BLEU-4 of each response against the others, from 0 to 1: high where they are alike.
    pub self_bleu: Option<f64>,
    /// Mean share of a response's runs of four words that it has used before: 0 is none, near 1 is
    /// a loop. Responses of fewer than four words are left out.
    pub repetition_rate: Option<f64>,
    /// Bytes of all responses over their bytes after Deflate: high where they repeat themselves or
    /// each other. It grows with the amount of text: compare only sets of about the same size.
    pub compression_ratio: Option<f64>,
}

/// Measures a model's responses.
///
/// # Source
/// Repetition: Welleck et al. 2020, "Neural Text Generation with Unlikelihood Training", seq-rep-4,
/// on words. distinct-n: Li et al. 2016, "A Diversity-Promoting Objective Function". Self-BLEU: Zhu
/// et al. 2018, "Texygen". Compression: Shaib et al. 2024, "Standardizing the Measurement of Text
/// Diversity".
pub fn diversity(responses: &[&str]) -> Diversity {
    let words: Vec<Vec<&str>> =
        responses.iter().map(|text| text.split_whitespace().collect()).collect();
    Diversity {
        n_responses: responses.len() as u64,
        distinct_1: distinct(&words, 1),
        distinct_2: distinct(&words, 2),
        distinct_3: distinct(&words, 3),
        self_bleu: self_bleu(&words),
        repetition_rate: repetition_rate(&words),
        compression_ratio: compression_ratio(responses),
    }
}

fn distinct(texts: &[Vec<&str>], n: usize) -> Option<f64> {
    let runs: Vec<&[&str]> = texts.iter().flat_map(|words| words.windows(n)).collect();
    let different: HashSet<&[&str]> = runs.iter().copied().collect();
    (!runs.is_empty()).then(|| different.len() as f64 / runs.len() as f64)
}

fn repetition_rate(texts: &[Vec<&str>]) -> Option<f64> {
    let rates: Vec<f64> = texts
        .iter()
        .filter_map(|words| distinct(std::slice::from_ref(words), 4))
        .map(|share| 1.0 - share)
        .collect();
    (!rates.is_empty()).then(|| rates.iter().sum::<f64>() / rates.len() as f64)
}

fn compression_ratio(texts: &[&str]) -> Option<f64> {
    let text = texts.join("\n");
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    let bytes = encoder
        .write_all(text.as_bytes())
        .and_then(|()| encoder.finish())
        .expect("memory takes every byte");
    (!text.is_empty()).then(|| text.len() as f64 / bytes.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_can_be_counted_by_hand() {
        let found = diversity(&["a b a b a b", "a b c"]);
        // Words: 9, 3 different. Pairs: ab ba ab ba ab, ab bc. Runs of three: aba bab aba bab, abc.
        assert_eq!((found.distinct_1, found.distinct_2), (Some(3.0 / 9.0), Some(3.0 / 7.0)));
        assert_eq!(found.distinct_3, Some(3.0 / 5.0));
    }

    #[test]
    fn a_loop_repeats_itself() {
        // Runs of four: one in the first; abab baba abab in the second, a third of them used
        // before; none in the third.
        let found = diversity(&["a b c d", "a b a b a b", "a b"]);
        assert!((found.repetition_rate.unwrap() - 1.0 / 6.0).abs() < 1e-12);
        assert_eq!(diversity(&["a b"]).repetition_rate, None);
    }

    #[test]
    fn repetition_compresses() {
        let same = "the same words again and again ".repeat(50);
        let mixed: String =
            (0..1500u32).map(|i| char::from(b'a' + (i * i % 251 % 26) as u8)).collect();
        let ratio = |text: &str| diversity(&[text]).compression_ratio.unwrap();
        assert!(ratio(&same) > 10.0 && ratio(&mixed) < ratio(&same));
    }

    #[test]
    fn nothing_is_not_zero() {
        let found = diversity(&[]);
        assert_eq!(
            (found.distinct_1, found.self_bleu, found.compression_ratio),
            (None, None, None)
        );
    }
}
