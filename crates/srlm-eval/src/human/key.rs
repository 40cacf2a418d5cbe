//! The key of a page: whose answer stood where.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use srlm_artifact::parse_row;

use crate::Error;

/// One of the two models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The first model that the page was made of.
    A,
    /// The second one.
    B,
}

/// A model of the study.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelKey {
    /// Its name.
    pub name: String,
    /// Content hash of the artifact that its answers are from, where they are from one.
    pub content_hash: Option<String>,
}

/// A comparison of the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyItem {
    /// Its id on the page, which says nothing.
    pub item: String,
    /// The prompt.
    pub prompt_id: String,
    /// Whose answer is answer 1 on the page.
    pub first: Side,
    /// Id of A's answer among the rows of its artifact.
    pub response_a: Option<String>,
    /// Id of B's answer.
    pub response_b: Option<String>,
}

/// What the page does not tell. Kept apart from the raters until they are done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Names the study on the page and in results.
    pub study: String,
    /// Seed of order and sides.
    pub seed: u64,
    /// Model A.
    pub a: ModelKey,
    /// Model B.
    pub b: ModelKey,
    /// Prompts that only one of the models answered; they are not on the page.
    pub n_unmatched: u64,
    /// Prompts with one text from both; they are not on the page.
    pub n_identical: u64,
    /// Prompts beyond the limit, drawn by the seed.
    pub n_over_limit: u64,
    /// The comparisons, in the page's order.
    pub items: Vec<KeyItem>,
}

impl Key {
    pub(super) fn by_item(&self) -> BTreeMap<&str, &KeyItem> {
        self.items.iter().map(|item| (item.item.as_str(), item)).collect()
    }
}

/// Reads the file that was written beside the page.
///
/// # Errors
/// [`Error::Io`], [`Error::Artifact`] with file and field.
pub fn read_key(path: &Path) -> Result<Key, Error> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| Error::Io { path: path.to_owned(), source })?;
    Ok(parse_row(&text, path, 1)?)
}
