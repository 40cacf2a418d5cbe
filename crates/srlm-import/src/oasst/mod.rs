//! Open Assistant: trees, flat messages and groups of ranked replies.

mod forest;
mod group;
mod message;

use serde_json::Value;

pub(crate) use forest::Forest;

use crate::example::Parsed;
use crate::{ImportConfig, Place, Problem};

/// What one row gives.
pub(crate) enum Given {
    /// One group of ranked replies.
    Group(Parsed),
    /// Messages, kept in the forest until every row is read.
    Messages,
}

/// Reads one row of any of the three forms.
pub(crate) fn parse(
    row: &Value,
    place: &Place,
    config: &ImportConfig,
    forest: &mut Forest,
) -> Result<Given, Problem> {
    if row.get("prompt").is_some_and(Value::is_object) {
        forest.add_tree(row, config)?;
        return Ok(Given::Messages);
    }
    if row.get("replies").is_some() {
        return Ok(Given::Group(group::parse(row, config)?));
    }
    if row.get("message_id").is_some() {
        forest.add_flat(row, place, config)?;
        return Ok(Given::Messages);
    }
    let problem = "has none of `prompt` with `replies` (tree), `messages` with `replies` (group), `message_id` (flat)";
    Err(Problem::new("", problem))
}
