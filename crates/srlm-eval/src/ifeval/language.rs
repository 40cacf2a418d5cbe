//! The language of a text, as langdetect 1.0.9 finds it.
//!
//! The profiles and the normalization of characters are those of the `langdetect-rs` crate; the
//! loop is written here because the crate's copies its table for each text, counts bytes for
//! characters and knows a language more.
//!
//! # Source
//! Nakatani 2010, "Language Detection Library for Java", and its Python port. The draws are seeded,
//! which langdetect leaves to chance: short or mixed texts, on which its verdicts differ between
//! runs, get one of them.

use std::collections::HashMap;
use std::sync::LazyLock;

use langdetect_rs::detector_factory::DetectorFactory;
use langdetect_rs::utils::ngram::NGram;
use langdetect_rs::utils::unicode_block::{UNICODE_LATIN_EXTENDED_ADDITIONAL, unicode_block};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use regex::Regex;

use super::form::expression;
use crate::bootstrap::draw_below;

/// Runs over the text, the mean of which counts.
const N_TRIALS: usize = 7;
/// Draws of one run at most.
const MAX_DRAWS: usize = 1000;
/// A run ends when one language is this likely.
const CONVERGED: f64 = 0.99999;
/// A language less likely than this is not named.
const LEAST_PROBABILITY: f64 = 0.1;
/// Mean and spread of the smoothing added to each probability, before division by
/// [`BASE_FREQUENCY`].
const ALPHA: (f64, f64) = (0.5, 0.05);
const BASE_FREQUENCY: f64 = 10_000.0;
/// Characters read at most.
const MAX_CHARACTERS: usize = 10_000;

static ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| expression(r"https?://[-_.?&~;+=/#0-9A-Za-z]{1,2076}"));
static MAIL: LazyLock<Regex> =
    LazyLock::new(|| expression(r"[-_.0-9A-Za-z]{1,64}@[-_0-9A-Za-z]{1,255}[-_.0-9A-Za-z]{1,255}"));
static PROFILES: LazyLock<Profiles> = LazyLock::new(Profiles::load);

/// How likely each run of one to three characters is in each language.
struct Profiles {
    languages: Vec<String>,
    likelihoods: HashMap<String, Vec<f64>>,
}

impl Profiles {
    fn load() -> Self {
        let mut factory = DetectorFactory::default().build();
        // Uzbek is the crate's own addition; without it the languages are langdetect's 55.
        factory.delete_profile("uz").expect("the crate ships the profile");
        Self { languages: factory.langlist, likelihoods: factory.word_lang_prob_map }
    }
}

/// Whether the text is English or shows no language at all, which counts as followed.
pub(super) fn may_be_english(text: &str) -> bool {
    detect(text).is_none_or(|language| language == "en")
}

/// ISO 639-1 code of the text's language (`zh-cn` and `zh-tw` apart), `unknown` where none is
/// likely, `None` where the text has nothing to go by.
pub(super) fn detect(text: &str) -> Option<&'static str> {
    let profiles = &*PROFILES;
    let evidence = evidence(&clean(text), profiles);
    if evidence.is_empty() {
        return None;
    }
    let mut generator = ChaCha8Rng::seed_from_u64(0);
    let mut mean = vec![0.0; profiles.languages.len()];
    for _ in 0..N_TRIALS {
        let found = trial(&evidence, mean.len(), &mut generator);
        mean.iter_mut().zip(found).for_each(|(sum, p)| *sum += p / N_TRIALS as f64);
    }
    let (best, p) = mean.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
    Some(if *p > LEAST_PROBABILITY { &profiles.languages[best] } else { "unknown" })
}

/// The text without addresses, and without Latin letters where they are a minority.
fn clean(text: &str) -> String {
    let text = MAIL.replace_all(&ADDRESS.replace_all(text, " "), " ").into_owned();
    let text: String = NGram::normalize_vi(&text).chars().take(MAX_CHARACTERS).collect();
    let is_latin = |c: &char| ('A'..='z').contains(c);
    let is_other =
        |c: &char| *c >= '\u{300}' && unicode_block(*c) != Some(UNICODE_LATIN_EXTENDED_ADDITIONAL);
    if text.chars().filter(is_latin).count() * 2 < text.chars().filter(is_other).count() {
        text.chars().filter(|c| !is_latin(c)).collect()
    } else {
        text
    }
}

/// The likelihoods of the text's runs of characters, those unknown left out, and those inside words
/// in capitals.
fn evidence<'a>(text: &str, profiles: &'a Profiles) -> Vec<&'a [f64]> {
    let mut window = NGram::new();
    let mut found = Vec::new();
    for c in text.chars() {
        window.add_char(c);
        let runs = (1..=NGram::N_GRAM).filter_map(|n| window.get(n));
        found.extend(runs.filter_map(|run| profiles.likelihoods.get(&run)).map(Vec::as_slice));
    }
    found
}

/// One run: draws evidence until a language is nearly sure.
fn trial(evidence: &[&[f64]], n_languages: usize, generator: &mut ChaCha8Rng) -> Vec<f64> {
    let mut belief = vec![1.0 / n_languages as f64; n_languages];
    let smoothing = (ALPHA.0 + ALPHA.1 * normal(generator)) / BASE_FREQUENCY;
    for i in 0..=MAX_DRAWS {
        let likelihoods = evidence[draw_below(generator, evidence.len())];
        belief.iter_mut().zip(likelihoods).for_each(|(p, likelihood)| *p *= smoothing + likelihood);
        if i % 5 == 0 && normalize(&mut belief) > CONVERGED {
            break;
        }
    }
    belief
}

/// Makes the sum one and returns the largest part.
fn normalize(belief: &mut [f64]) -> f64 {
    let sum: f64 = belief.iter().sum();
    belief.iter_mut().for_each(|p| *p /= sum);
    belief.iter().copied().fold(0.0, f64::max)
}

/// A draw from the standard normal distribution, by Box and Muller.
fn normal(generator: &mut ChaCha8Rng) -> f64 {
    let mut uniform = || (generator.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    let (radius, angle) = (1.0 - uniform(), uniform());
    (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_texts_have_their_language_and_digits_have_none() {
        for (text, expected) in [
            ("The weather is nice today, and we went for a long walk along the river.", Some("en")),
            (
                "Das Wetter ist heute schön, und wir sind lange am Fluss entlang gegangen.",
                Some("de"),
            ),
            ("Hali ya hewa ni nzuri leo, na tulitembea kwa muda mrefu kando ya mto.", Some("sw")),
            ("今日は天気がいいので、川沿いを長い間歩きました。", Some("ja")),
            ("123 456 !!", None),
        ] {
            assert_eq!(detect(text), expected, "{text}");
        }
    }
}
