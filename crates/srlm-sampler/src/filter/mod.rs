//! Which generated prompts are kept: the filters of Self-Instruct.

mod config;
mod reason;

use std::collections::HashMap;

pub use config::FilterConfig;
pub use reason::DropReason;

use crate::{Nearest, Pool};

/// Why a prompt is dropped, and which one it is too much like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rejection {
    /// The first reason that holds.
    pub reason: DropReason,
    /// The most similar prompt, by its place in the order of [`Filter::add`]; `None` if the prompt
    /// is dropped for itself.
    pub nearest: Option<usize>,
    /// ROUGE-L F-measure with it, for [`DropReason::Similar`] alone.
    pub rouge_l: Option<f64>,
}

/// The filters and the prompts that new ones must be unlike.
///
/// ```
/// use srlm_sampler::{DropReason, Filter, FilterConfig};
///
/// let mut filter = Filter::new(FilterConfig::default());
/// filter.add("Explain how yeast makes bread rise.");
/// let problem = filter.problem("Explain how yeast makes bread rise so fast.").unwrap();
/// assert_eq!((problem.reason, problem.nearest), (DropReason::Similar, Some(0)));
/// assert_eq!(filter.problem("Suggest a name for a bakery."), None);
/// ```
#[derive(Clone, Debug)]
pub struct Filter {
    config: FilterConfig,
    keywords: Vec<String>,
    /// Place of the first prompt of each text.
    exact: HashMap<String, usize>,
    /// The same for letters and digits alone.
    plain: HashMap<String, usize>,
    pool: Pool,
}

impl Filter {
    /// Filters that know no prompts yet.
    pub fn new(config: FilterConfig) -> Self {
        let keywords = config.keywords.iter().map(|keyword| keyword.to_lowercase()).collect();
        Self {
            config,
            keywords,
            exact: HashMap::new(),
            plain: HashMap::new(),
            pool: Pool::default(),
        }
    }

    /// Adds a prompt that later ones must be unlike; it is not looked at itself.
    pub fn add(&mut self, prompt: &str) {
        let (prompt, place) = (collapse(prompt), self.pool.len());
        self.pool.push(&prompt);
        self.plain.entry(plain(&prompt)).or_insert(place);
        self.exact.entry(prompt).or_insert(place);
    }

    /// Why the prompt is to be dropped, if it is. White space is collapsed first.
    pub fn problem(&self, prompt: &str) -> Option<Rejection> {
        let prompt = collapse(prompt);
        let of_itself = self.problem_of_itself(&prompt);
        of_itself
            .map(|reason| Rejection { reason, nearest: None, rouge_l: None })
            .or_else(|| self.likeness(&prompt))
    }

    /// Whether a prompt before it is equal or too similar, the cheaper comparisons first.
    fn likeness(&self, prompt: &str) -> Option<Rejection> {
        if let Some(&place) = self.exact.get(prompt) {
            return Some(Rejection {
                reason: DropReason::Duplicate,
                nearest: Some(place),
                rouge_l: None,
            });
        }
        let plain =
            Some(plain(prompt)).filter(|plain| self.config.near_duplicates && !plain.is_empty());
        if let Some(&place) = plain.and_then(|plain| self.plain.get(&plain)) {
            return Some(Rejection {
                reason: DropReason::NearDuplicate,
                nearest: Some(place),
                rouge_l: None,
            });
        }
        let Nearest { index, f_measure } = self.pool.nearest(prompt, self.config.max_rouge_l)?;
        Some(Rejection {
            reason: DropReason::Similar,
            nearest: Some(index),
            rouge_l: Some(f_measure),
        })
    }

    fn problem_of_itself(&self, prompt: &str) -> Option<DropReason> {
        let n_words = prompt.split(' ').filter(|word| !word.is_empty()).count();
        let lower_case = prompt.to_lowercase();
        let first = prompt.chars().next();
        let odd_first = first.is_none_or(|c| !c.is_ascii() || c.is_ascii_punctuation());
        if n_words < self.config.min_words as usize {
            Some(DropReason::TooShort)
        } else if n_words > self.config.max_words as usize {
            Some(DropReason::TooLong)
        } else if self.keywords.iter().any(|keyword| has_phrase(&lower_case, keyword)) {
            Some(DropReason::Keyword)
        } else if self
            .config
            .prefixes
            .iter()
            .any(|prefix| lower_case.starts_with(&prefix.to_lowercase()))
        {
            Some(DropReason::Prefix)
        } else if self.config.plain_first_character && odd_first {
            Some(DropReason::FirstCharacter)
        } else {
            None
        }
    }
}

/// The text with each run of white space as one space, and none at its ends.
pub(crate) fn collapse(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The letters and digits of a text, in lower case.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether the phrase occurs with no letter, digit or underscore right before or after it.
fn has_phrase(text: &str, phrase: &str) -> bool {
    let in_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut rest = 0;
    while let Some(found) = text[rest..].find(phrase) {
        let (start, end) = (rest + found, rest + found + phrase.len());
        let before = text[..start].chars().next_back().is_some_and(in_word);
        let after = text[end..].chars().next().is_some_and(in_word);
        if !before && !after {
            return true;
        }
        rest = start + text[start..].chars().next().map_or(1, char::len_utf8);
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filter(known: &[&str]) -> Filter {
        let mut filter = Filter::new(FilterConfig::default());
        known.iter().for_each(|prompt| filter.add(prompt));
        filter
    }

    #[test]
    fn each_filter_gives_its_reason() {
        let long = "word ".repeat(151);
        let filter = filter(&["Tell me why cats purr at night."]);
        let rows = [
            ("Name a color.", Some(DropReason::TooShort)),
            ("", Some(DropReason::TooShort)),
            ("Name a warm color.", None),
            (&long, Some(DropReason::TooLong)),
            ("Describe this Image in three words.", Some(DropReason::Keyword)),
            ("Tell the user to GO TO the store.", Some(DropReason::Keyword)),
            ("Describe the profile of a good teacher.", None),
            ("Imagine a world without mapped roads.", None),
            ("write a Program that sorts names.", Some(DropReason::Prefix)),
            ("\"What is love\" is by whom?", Some(DropReason::FirstCharacter)),
            ("Écris une lettre à ta mère.", Some(DropReason::FirstCharacter)),
            ("Tell me  why cats\npurr at night.", Some(DropReason::Duplicate)),
            ("tell me: why CATS purr, at night?", Some(DropReason::NearDuplicate)),
            ("Tell me why cats purr at mid night.", Some(DropReason::Similar)),
            ("Tell me why dogs purr at night.", Some(DropReason::Similar)),
            ("Why do cats sleep so much?", None),
        ];
        for (prompt, expected) in rows {
            assert_eq!(filter.problem(prompt).map(|problem| problem.reason), expected, "{prompt}");
        }
    }

    #[test]
    fn the_nearest_prompt_is_named() {
        let filter = filter(&[
            "Why do cats purr at night?",
            "Tell me why a dog barks at night.",
            "Why do cats purr at night?",
        ]);
        let check = |prompt: &str, expected: (DropReason, usize, Option<f64>)| {
            let problem = filter.problem(prompt).unwrap();
            assert_eq!(
                (problem.reason, problem.nearest.unwrap(), problem.rouge_l),
                expected,
                "{prompt}"
            );
        };
        check("Why do cats purr at night?", (DropReason::Duplicate, 0, None));
        check("Why do cats purr at night", (DropReason::NearDuplicate, 0, None));
        check("Tell me why a cat barks at night.", (DropReason::Similar, 1, Some(0.875)));
    }

    #[test]
    fn texts_of_any_script_have_near_duplicates_and_signs_alone_have_none() {
        let config =
            FilterConfig { min_words: 1, plain_first_character: false, ..FilterConfig::default() };
        let mut filter = Filter::new(config.clone());
        ["Où est-il ?", "???"].iter().for_each(|prompt| filter.add(prompt));
        let reason =
            |filter: &Filter, prompt: &str| filter.problem(prompt).map(|problem| problem.reason);
        assert_eq!(reason(&filter, "OÙ EST IL"), Some(DropReason::NearDuplicate));
        assert_eq!(reason(&filter, "!!!"), None);
        let mut exact = Filter::new(FilterConfig { near_duplicates: false, ..config });
        exact.add("Где он ?");
        assert_eq!(reason(&exact, "ГДЕ ОН"), None);
    }

    #[test]
    fn a_phrase_is_found_after_one_that_does_not_count() {
        for (text, expected) in [
            ("xgo go go", true),
            ("maps", false),
            ("map", true),
            ("a map.", true),
            ("map_1", false),
        ] {
            assert_eq!(
                has_phrase(text, if text.contains("go") { "go go" } else { "map" }),
                expected,
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(known in "\\PC{0,40}", prompt in any::<String>()) {
            let mut filter = filter(&[&known]);
            filter.problem(&prompt);
            filter.add(&prompt);
            prop_assert!(filter.problem(&prompt).is_some());
        }

        #[test]
        fn the_order_of_known_prompts_does_not_matter(
            known in prop::collection::vec("[a-c]{1,2}( [a-c]{1,2}){3,6}", 1..9).prop_shuffle(),
            prompt in "[a-c]{1,2}( [a-c]{1,2}){3,6}",
        ) {
            let decide = |known: &[String]| {
                let known: Vec<_> = known.iter().map(String::as_str).collect();
                filter(&known).problem(&prompt).map(|problem| problem.reason)
            };
            let mut sorted = known.clone();
            sorted.sort();
            prop_assert_eq!(decide(&known), decide(&sorted));
        }
    }
}
