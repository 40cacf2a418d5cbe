//! One message, and why it is left out.

use serde_json::Value;

use crate::field::{at, id, not, number, text};
use crate::{ImportConfig, Problem};

/// A message and its place in the forest.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: Option<String>,
    pub(crate) text: String,
    pub(crate) is_answer: bool,
    /// Place among its siblings in human order; 0 is best.
    pub(crate) rank: Option<u32>,
    /// Why it is left out, with all below it.
    pub(crate) flaw: Option<&'static str>,
    pub(crate) replies: Vec<usize>,
}

/// The flaw of a message in another language.
pub(crate) const OTHER_LANGUAGE: &str = "other_language";

impl Node {
    pub(crate) fn read(message: &Value, config: &ImportConfig) -> Result<Self, Problem> {
        let field = |name: &str| at(message, name).ok_or_else(|| Problem::new(name, "is missing"));
        let text = text(field("text")?).map_err(|problem| problem.within("text"))?;
        let is_answer = match field("role")?.as_str() {
            Some("prompter" | "user") => false,
            Some("assistant") => true,
            _ => return Err(Problem::new("role", "is neither `prompter` nor `assistant`")),
        };
        let id = at(message, "message_id")
            .map_or(Ok(None), id)
            .map_err(|problem| problem.within("message_id"))?;
        let rank =
            at(message, "rank").map(rank).transpose().map_err(|problem| problem.within("rank"))?;
        let flaw = flaw(message, &text, config);
        Ok(Self { id, text, is_answer, rank, flaw, replies: Vec::new() })
    }
}

/// A whole number from 0, also where a table made it a fraction: `0.0`.
pub(crate) fn rank(value: &Value) -> Result<u32, Problem> {
    let rank = number(value)?;
    let is_rank = rank.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&rank);
    if is_rank { Ok(rank as u32) } else { Err(not("a rank from 0", value)) }
}

fn flaw(message: &Value, text: &str, config: &ImportConfig) -> Option<&'static str> {
    let is = |field: &str| at(message, field) == Some(&Value::Bool(true));
    let speaks_of_review = message.get("review_result").is_some();
    let tree_state = at(message, "tree_state").and_then(Value::as_str);
    let language = at(message, "lang").and_then(Value::as_str);
    if text.trim().is_empty() {
        Some("blank")
    } else if is("deleted") {
        Some("deleted")
    } else if matches!(tree_state, Some("aborted_low_grade" | "halted_by_moderator")) {
        Some("bad_tree")
    } else if config.reviewed_only && speaks_of_review && !is("review_result") {
        Some("not_reviewed")
    } else if spam(message).is_some_and(|spam| spam > config.max_spam) {
        Some("spam")
    } else if config.human_only && is("synthetic") {
        Some("synthetic")
    } else if !config.language.is_empty()
        && language.is_some_and(|language| language != config.language)
    {
        Some(OTHER_LANGUAGE)
    } else {
        None
    }
}

/// The mean of the `spam` labels: `{"spam": {"value": 0.1}}` in trees, lists of names and values in
/// tables.
fn spam(message: &Value) -> Option<f64> {
    if let Some(value) = at(message, "labels.spam.value") {
        return value.as_f64();
    }
    let names = at(message, "labels.name")?.as_array()?;
    let place = names.iter().position(|name| name == "spam")?;
    at(message, "labels.value")?.get(place)?.as_f64()
}
