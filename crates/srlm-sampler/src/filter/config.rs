//! Settings of the filters.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Error;

/// Settings of the filters. The defaults are those of Self-Instruct, which the paper takes over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FilterConfig {
    /// Fewest words, parted by white space; at least 1.
    pub min_words: u32,
    /// Most words.
    pub max_words: u32,
    /// A prompt with one of these words or phrases is dropped, in upper or lower case; inside a
    /// longer word they do not count.
    pub keywords: Vec<String>,
    /// A prompt that starts with one of these is dropped, in upper or lower case.
    pub prefixes: Vec<String>,
    /// Drop a prompt whose first character is ASCII punctuation or is not ASCII at all.
    pub plain_first_character: bool,
    /// Drop a prompt that differs from a seed or accepted prompt in nothing but case, punctuation
    /// and white space, in any script; Self-Instruct leaves that to ROUGE-L.
    pub near_duplicates: bool,
    /// Drop a prompt whose ROUGE-L F-measure with any seed or accepted prompt is above this; 1
    /// drops none.
    pub max_rouge_l: f64,
}

impl Default for FilterConfig {
    fn default() -> Self {
        let keywords = [
            "image", "images", "graph", "graphs", "picture", "pictures", "file", "files", "map",
            "maps", "draw", "plot", "go to",
        ];
        Self {
            min_words: 4,
            max_words: 150,
            keywords: keywords.map(str::to_owned).to_vec(),
            prefixes: vec!["Write a program".to_owned()],
            plain_first_character: true,
            near_duplicates: true,
            max_rouge_l: 0.7,
        }
    }
}

impl FilterConfig {
    /// # Errors
    /// [`Error::Config`] with the first setting that cannot be used.
    pub fn validate(&self) -> Result<(), Error> {
        let problem = |key: &str, value: String, remedy| {
            Err(Error::Config { key: format!("filter.{key}"), value, remedy })
        };
        if self.min_words == 0 {
            return problem("min_words", "0".to_owned(), "it must be at least 1");
        }
        if self.max_words < self.min_words {
            return problem(
                "max_words",
                self.max_words.to_string(),
                "it must not be below `filter.min_words`",
            );
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_be_used_are_named() {
        let check = |change: fn(&mut FilterConfig), expected: &str| {
            let mut config = FilterConfig::default();
            change(&mut config);
            assert_eq!(config.validate().unwrap_err().to_string(), expected);
        };
        FilterConfig::default().validate().unwrap();
        check(|c| c.min_words = 0, "`filter.min_words` is 0; it must be at least 1");
        check(
            |c| c.max_words = 2,
            "`filter.max_words` is 2; it must not be below `filter.min_words`",
        );
        check(|c| c.max_rouge_l = f64::NAN, "`filter.max_rouge_l` is NaN; it must be from 0 to 1");
        check(
            |c| c.keywords = vec![String::new()],
            "`filter.keywords` is [\"\"]; no keyword may be blank",
        );
    }
}
