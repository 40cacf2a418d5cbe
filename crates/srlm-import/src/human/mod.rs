//! What people said of responses, to measure a judge by: ranks, verdicts on pairs, ratings.

mod fields;
mod format;
mod label;
mod pairs;
mod read;
mod row;

pub(crate) use fields::fields;
pub use format::HumanFormat;
pub(crate) use pairs::Pairs;
pub use read::read_human;

use std::collections::BTreeMap;

use srlm_artifact::Prompt;

/// The content of a file of human judgments.
///
/// `rows` is the sum of `left_out` and of what is in the groups: the groups themselves, and for
/// ratings the responses.
#[derive(Clone, Debug, PartialEq)]
pub struct HumanData {
    /// What the rows look like.
    pub format: HumanFormat,
    /// In the order of the file.
    pub groups: Vec<HumanGroup>,
    /// Rows read.
    pub rows: u64,
    /// Rows that give nothing, by reason.
    pub left_out: BTreeMap<&'static str, u64>,
    /// How numbers that stand for verdicts were read, where there are some: `0 first, 1 second, 2
    /// tie`.
    pub labels: Option<&'static str>,
}

/// Responses to one prompt, with people's opinion of each.
#[derive(Clone, Debug, PartialEq)]
pub struct HumanGroup {
    /// Unique within the file.
    pub prompt_id: String,
    /// Groups of one tree depend on each other: a tree of Open Assistant, else the groups that
    /// begin with the same message.
    pub tree: String,
    /// What was asked.
    pub prompt: Prompt,
    /// Two or more, but for ratings, which may be of one response.
    pub responses: Vec<HumanResponse>,
}

/// A response and what people think of it.
#[derive(Clone, Debug, PartialEq)]
pub struct HumanResponse {
    /// The text.
    pub text: String,
    /// Higher is better: minus the rank; 1 for the better one of a pair, 0 for the worse and one
    /// half for both of a tie; the rating as the file has it.
    pub worth: f64,
}
