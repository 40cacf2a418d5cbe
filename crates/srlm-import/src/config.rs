//! Settings of an import.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Error, Format};

/// What is done with a row that its format cannot be read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnBadRow {
    /// The import ends with the row's file, line and field.
    Error,
    /// The row is counted, and the first 20 are listed in the accounting.
    Drop,
}

/// How files of other projects become seed data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportConfig {
    /// What the rows look like.
    pub format: Format,
    /// Where a row has what: `prompt = "question"`. The keys are `id`, `system`, `prompt`,
    /// `context`, `response`, `messages`, `score` and `critique`; the values are field names, with
    /// dots for fields within fields (`instances.0.output`). What is not named here is looked for
    /// under the format's own names.
    pub columns: BTreeMap<String, String>,
    /// The `source` that IFT rows carry; the format's name where empty.
    pub source: String,
    /// Open Assistant: the language to keep, as the files write it; every language where empty. The
    /// paper keeps `en`.
    pub language: String,
    /// Whether conversations stay whole, with the last answer as the response. The paper keeps the
    /// first turn only.
    pub multi_turn: bool,
    /// A prompt's ranked responses are kept where there are at least this many; at least 2. The
    /// paper does not say.
    pub min_responses: usize,
    /// Open Assistant: whether messages need a passed review where their file tells of reviews.
    pub reviewed_only: bool,
    /// Open Assistant: whether messages marked as written by a model are left out.
    pub human_only: bool,
    /// Open Assistant: messages with a mean `spam` label above this are left out, from 0 to 1.
    pub max_spam: f64,
    /// Ratings: the best score of the source's scale. Scores are multiplied by 5 and divided by
    /// this.
    pub score_scale: f64,
    /// Ratings: scores on the scale to 5 are rounded to a multiple of this, halves upward; 0 leaves
    /// them as they are. The paper's scores are whole.
    pub score_step: f64,
    /// Ratings: what stands before the number in the target's last line, as the judge's rubric has
    /// it.
    pub score_label: String,
    /// Ratings: whether a rating without a critique is left out. Otherwise its target is the score
    /// line alone.
    pub require_critique: bool,
    /// Two prompts are near-duplicates where the Jaccard similarity of their five-word shingles is
    /// at least this, from above 0 to 1. The paper does not say.
    pub near_threshold: f64,
    /// Whether only the first of near-duplicate prompts is kept. Either way they are on one side of
    /// the split.
    pub drop_near_duplicates: bool,
    /// Share of the prompts to train on. The three shares sum to 1.
    pub train: f64,
    /// Share of the prompts to validate on.
    pub validation: f64,
    /// Share of the prompts to test on.
    pub test: f64,
    /// Of the prompts with ranked responses, the share that gives ranked data and no IFT row; the
    /// rest give IFT rows and no ranked data, so that the two are disjoint as in the paper. At 0
    /// each prompt gives both.
    pub eft_share: f64,
    /// Decides, with the prompt's text alone, which side a prompt is on.
    pub seed: u64,
    /// Shorter prompts are left out; in characters, all turns together.
    pub min_prompt_characters: usize,
    /// Longer prompts are left out; in characters, no limit where 0.
    pub max_prompt_characters: usize,
    /// Shorter responses are left out; in characters.
    pub min_response_characters: usize,
    /// Longer responses are left out; in characters, no limit where 0.
    pub max_response_characters: usize,
    /// What is done with a row that cannot be read.
    pub on_bad_row: OnBadRow,
}

impl Default for ImportConfig {
    fn default() -> Self {
        Self {
            format: Format::PromptResponse,
            columns: BTreeMap::new(),
            source: String::new(),
            language: "en".to_owned(),
            multi_turn: false,
            min_responses: 2,
            reviewed_only: true,
            human_only: true,
            max_spam: 0.5,
            score_scale: 5.0,
            score_step: 1.0,
            score_label: "Score".to_owned(),
            require_critique: true,
            near_threshold: 0.8,
            drop_near_duplicates: true,
            train: 0.9,
            validation: 0.05,
            test: 0.05,
            eft_share: 0.0,
            seed: 42,
            min_prompt_characters: 0,
            max_prompt_characters: 0,
            min_response_characters: 0,
            max_response_characters: 0,
            on_bad_row: OnBadRow::Error,
        }
    }
}

impl ImportConfig {
    /// # Errors
    /// [`Error::Config`] with the first key whose value cannot be used.
    pub fn validate(&self) -> Result<(), Error> {
        let unit = 0.0..=1.0;
        let is_positive = |x: f64| x.is_finite() && x > 0.0;
        check(unit.contains(&self.max_spam), "max_spam", self.max_spam, "it must be from 0 to 1")?;
        check(
            unit.contains(&self.eft_share),
            "eft_share",
            self.eft_share,
            "it must be from 0 to 1",
        )?;
        check(
            self.min_responses >= 2,
            "min_responses",
            self.min_responses,
            "it must be at least 2",
        )?;
        check(
            is_positive(self.score_scale),
            "score_scale",
            self.score_scale,
            "it must be above 0, such as 5 or 10",
        )?;
        let step = self.score_step;
        check(
            (0.0..=5.0).contains(&step),
            "score_step",
            step,
            "it must be from 0 (no rounding) to 5",
        )?;
        let label = &self.score_label;
        check(
            !label.trim().is_empty(),
            "score_label",
            format_args!("{label:?}"),
            "it must not be blank",
        )?;
        let near = self.near_threshold;
        check(
            near > 0.0 && near <= 1.0,
            "near_threshold",
            near,
            "it must be above 0 and at most 1",
        )?;
        self.check_columns()?;
        self.check_shares()?;
        self.check_lengths()
    }

    /// What IFT rows name as their source.
    pub(crate) fn source(&self) -> &str {
        if self.source.is_empty() { self.format.name() } else { &self.source }
    }

    fn check_columns(&self) -> Result<(), Error> {
        let known = self.format.columns();
        for (column, field) in &self.columns {
            if !known.contains(&column.as_str()) {
                let remedy = format!("format `{}` reads {}", self.format.name(), known.join(", "));
                return Err(Error::Column { column: column.clone(), field: field.clone(), remedy });
            }
            if field.is_empty() {
                let remedy = "name the field of the rows that holds it".to_owned();
                return Err(Error::Column { column: column.clone(), field: field.clone(), remedy });
            }
        }
        Ok(())
    }

    fn check_shares(&self) -> Result<(), Error> {
        let shares = [("train", self.train), ("validation", self.validation), ("test", self.test)];
        for (key, share) in shares {
            check((0.0..=1.0).contains(&share), key, share, "it must be from 0 to 1")?;
        }
        let sum = self.train + self.validation + self.test;
        check(
            (sum - 1.0).abs() < 1e-9,
            "train + validation + test",
            sum,
            "the three shares must sum to 1",
        )
    }

    fn check_lengths(&self) -> Result<(), Error> {
        let prompt =
            ("max_prompt_characters", self.min_prompt_characters, self.max_prompt_characters);
        let response =
            ("max_response_characters", self.min_response_characters, self.max_response_characters);
        for (key, min, max) in [prompt, response] {
            check(
                max == 0 || max >= min,
                key,
                max,
                "it must be 0 (no limit) or at least the minimum",
            )?;
        }
        Ok(())
    }
}

fn check(
    holds: bool,
    key: &'static str,
    value: impl ToString,
    remedy: &'static str,
) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(Error::Config { key, value: value.to_string(), remedy }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_used_is_refused_by_key_value_and_remedy() {
        let check = |change: fn(&mut ImportConfig), expected: &str| {
            let mut config = ImportConfig::default();
            change(&mut config);
            assert_eq!(config.validate().unwrap_err().to_string(), expected);
        };
        ImportConfig::default().validate().unwrap();
        check(
            |c| c.train = 0.0,
            "`train + validation + test` is 0.1; the three shares must sum to 1",
        );
        check(|c| c.test = -0.1, "`test` is -0.1; it must be from 0 to 1");
        check(
            |c| c.near_threshold = 0.0,
            "`near_threshold` is 0; it must be above 0 and at most 1",
        );
        check(
            |c| c.near_threshold = f64::NAN,
            "`near_threshold` is NaN; it must be above 0 and at most 1",
        );
        check(|c| c.min_responses = 1, "`min_responses` is 1; it must be at least 2");
        check(|c| c.score_scale = 0.0, "`score_scale` is 0; it must be above 0, such as 5 or 10");
        check(|c| c.score_label = " ".into(), "`score_label` is \" \"; it must not be blank");
        check(
            |c| (c.min_response_characters, c.max_response_characters) = (9, 5),
            "`max_response_characters` is 5; it must be 0 (no limit) or at least the minimum",
        );
        check(
            |c| drop(c.columns.insert("promt".into(), "q".into())),
            "`columns.promt` is \"q\"; format `prompt-response` reads id, system, prompt, context, response",
        );
        check(
            |c| drop(c.columns.insert("prompt".into(), String::new())),
            "`columns.prompt` is \"\"; name the field of the rows that holds it",
        );
    }

    #[test]
    fn every_key_is_written_out_and_read_back() {
        let config = ImportConfig::default();
        let text = toml::to_string(&config).unwrap();
        assert_eq!(toml::from_str::<ImportConfig>(&text).unwrap(), config);
        let unknown =
            toml::from_str::<ImportConfig>(&format!("shuffle = true\n{text}")).unwrap_err();
        assert!(unknown.to_string().contains("unknown field `shuffle`"));
        let missing = toml::from_str::<ImportConfig>(&text.replace("seed = 42\n", "")).unwrap_err();
        assert!(missing.to_string().contains("missing field `seed`"));
    }
}
