//! Which generated prompts are kept: the filters of Self-Instruct.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Error, Pool};

/// Settings of the filters. The defaults are those of Self-Instruct, which the paper takes over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FilterConfig {
    /// Fewest words, parted by white space; at least 1.
    pub min_words: u32,
    /// Most words.
    pub max_words: u32,
    /// A prompt with one of these words or phrases is dropped, in upper or lower case; inside a longer word they do
    /// not count.
    pub keywords: Vec<String>,
    /// A prompt that starts with one of these is dropped, in upper or lower case.
    pub prefixes: Vec<String>,
    /// Drop a prompt whose first character is ASCII punctuation or is not ASCII at all.
    pub plain_first_character: bool,
    /// Drop a prompt whose ROUGE-L F-measure with any seed or accepted prompt is above this; 1 drops none.
    pub max_rouge_l: f64,
}

impl Default for FilterConfig {
    fn default() -> Self {
        let keywords = [
            "image", "images", "graph", "graphs", "picture", "pictures", "file", "files", "map", "maps", "draw",
            "plot", "go to",
        ];
        Self {
            min_words: 4,
            max_words: 150,
            keywords: keywords.map(str::to_owned).to_vec(),
            prefixes: vec!["Write a program".to_owned()],
            plain_first_character: true,
            max_rouge_l: 0.7,
        }
    }
}

impl FilterConfig {
    /// # Errors
    /// [`Error::Config`] with the first setting that cannot be used.
    pub fn validate(&self) -> Result<(), Error> {
        let problem =
            |key: &str, value: String, remedy| Err(Error::Config { key: format!("filter.{key}"), value, remedy });
        if self.min_words == 0 {
            return problem("min_words", "0".to_owned(), "it must be at least 1");
        }
        if self.max_words < self.min_words {
            return problem("max_words", self.max_words.to_string(), "it must not be below `filter.min_words`");
        }
        if self.keywords.iter().any(|word| word.trim().is_empty()) {
            return problem("keywords", format!("{:?}", self.keywords), "no keyword may be blank");
        }
        if self.prefixes.iter().any(|prefix| prefix.trim().is_empty()) {
            return problem("prefixes", format!("{:?}", self.prefixes), "no prefix may be blank");
        }
        if !(0.0..=1.0).contains(&self.max_rouge_l) {
            return problem("max_rouge_l", self.max_rouge_l.to_string(), "it must be from 0 to 1");
        }
        Ok(())
    }
}

/// Why a generated prompt is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DropReason {
    /// The generation ended in the midst of it.
    Truncated,
    /// Fewer words than `min_words`.
    TooShort,
    /// More words than `max_words`.
    TooLong,
    /// It has one of `keywords`.
    Keyword,
    /// It starts with one of `prefixes`.
    Prefix,
    /// It starts with punctuation or a character that is not ASCII.
    FirstCharacter,
    /// A seed or an accepted prompt is equal.
    Duplicate,
    /// A seed or an accepted prompt is too similar.
    Similar,
    /// Enough prompts had been accepted.
    Surplus,
}

impl DropReason {
    /// All reasons, in the order in which they are looked for.
    pub const ALL: [Self; 9] = [
        Self::Truncated,
        Self::TooShort,
        Self::TooLong,
        Self::Keyword,
        Self::Prefix,
        Self::FirstCharacter,
        Self::Duplicate,
        Self::Similar,
        Self::Surplus,
    ];

    /// Its name in a manifest's counts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::TooShort => "too_short",
            Self::TooLong => "too_long",
            Self::Keyword => "keyword",
            Self::Prefix => "prefix",
            Self::FirstCharacter => "first_character",
            Self::Duplicate => "duplicate",
            Self::Similar => "similar",
            Self::Surplus => "surplus",
        }
    }
}

/// The filters and the prompts that new ones must be unlike.
///
/// ```
/// use srlm_sampler::{DropReason, Filter, FilterConfig};
///
/// let mut filter = Filter::new(FilterConfig::default());
/// filter.add("Explain how yeast makes bread rise.");
/// assert_eq!(filter.problem("Explain how yeast makes bread rise so fast."), Some(DropReason::Similar));
/// assert_eq!(filter.problem("Suggest a name for a bakery."), None);
/// ```
#[derive(Clone, Debug)]
pub struct Filter {
    config: FilterConfig,
    keywords: Vec<String>,
    exact: HashSet<String>,
    pool: Pool,
}

impl Filter {
    /// Filters that know no prompts yet.
    pub fn new(config: FilterConfig) -> Self {
        let keywords = config.keywords.iter().map(|keyword| keyword.to_lowercase()).collect();
        Self { config, keywords, exact: HashSet::new(), pool: Pool::default() }
    }

    /// Adds a prompt that later ones must be unlike; it is not looked at itself.
    pub fn add(&mut self, prompt: &str) {
        let prompt = collapse(prompt);
        self.pool.push(&prompt);
        self.exact.insert(prompt);
    }

    /// Why the prompt is to be dropped, if it is. White space is collapsed first.
    pub fn problem(&self, prompt: &str) -> Option<DropReason> {
        let prompt = collapse(prompt);
        self.problem_of_itself(&prompt).or_else(|| {
            if self.exact.contains(&prompt) {
                return Some(DropReason::Duplicate);
            }
            let nearest = self.pool.nearest(&prompt, self.config.max_rouge_l);
            nearest.map(|_| DropReason::Similar)
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
        } else if self.config.prefixes.iter().any(|prefix| lower_case.starts_with(&prefix.to_lowercase())) {
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
            ("Tell me why dogs purr at night.", Some(DropReason::Similar)),
            ("Why do cats sleep so much?", None),
        ];
        for (prompt, expected) in rows {
            assert_eq!(filter.problem(prompt), expected, "{prompt}");
        }
    }

    #[test]
    fn a_phrase_is_found_after_one_that_does_not_count() {
        for (text, expected) in
            [("xgo go go", true), ("maps", false), ("map", true), ("a map.", true), ("map_1", false)]
        {
            assert_eq!(has_phrase(text, if text.contains("go") { "go go" } else { "map" }), expected, "{text}");
        }
    }

    #[test]
    fn settings_that_cannot_be_used_are_named() {
        let check = |change: fn(&mut FilterConfig), expected: &str| {
            let mut config = FilterConfig::default();
            change(&mut config);
            assert_eq!(config.validate().unwrap_err().to_string(), expected);
        };
        FilterConfig::default().validate().unwrap();
        check(|c| c.min_words = 0, "`filter.min_words` is 0; it must be at least 1");
        check(|c| c.max_words = 2, "`filter.max_words` is 2; it must not be below `filter.min_words`");
        check(|c| c.max_rouge_l = f64::NAN, "`filter.max_rouge_l` is NaN; it must be from 0 to 1");
        check(|c| c.keywords = vec![String::new()], "`filter.keywords` is [\"\"]; no keyword may be blank");
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
                filter(&known).problem(&prompt)
            };
            let mut sorted = known.clone();
            sorted.sort();
            prop_assert_eq!(decide(&known), decide(&sorted));
        }
    }
}
