//! One row of human judgments.

use serde_json::Value;
use srlm_artifact::{Message, Prompt};

use super::HumanFormat;
use super::fields::Fields;
use super::label::{Label, label};
use crate::chat::{self, Chat};
use crate::field::{id, not, number, text};
use crate::{Problem, Reason};

/// What a row says, before all rows are known.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) id: Option<String>,
    pub(super) tree: Option<String>,
    pub(super) prompt: Prompt,
    pub(super) opinion: Opinion,
}

#[derive(Debug)]
pub(super) enum Opinion {
    /// Texts with their ranks.
    Ranked(Vec<(String, f64)>),
    Pair([String; 2], Label),
    Rating(String, f64),
}

/// Reads a row of this form, or says why it gives nothing.
pub(super) fn parse(
    row: &Value,
    format: HumanFormat,
    fields: Fields<'_>,
) -> Result<Result<Row, Reason>, Problem> {
    if !row.is_object() {
        return Err(not("an object", row));
    }
    let named = |column| match fields.find(row, column) {
        Some((field, value)) => id(value).map_err(|problem| problem.within(field)),
        None => Ok(None),
    };
    let (id, tree) = (named("id")?, named("tree")?);
    let opinion = match format {
        HumanFormat::Ranked => Opinion::Ranked(fields.read(row, "replies", replies)?),
        HumanFormat::Pairwise => pair(row, fields)?,
        HumanFormat::Ratings => {
            Opinion::Rating(fields.read(row, "response", text)?, fields.read(row, "score", number)?)
        }
    };
    let prompt = match prompt(row, fields)? {
        Ok(prompt) => prompt,
        Err(reason) => return Ok(Err(reason)),
    };
    let is_blank = prompt.messages().last().is_none_or(|last| last.content.trim().is_empty());
    Ok(if is_blank { Err(Reason::Blank) } else { Ok(Row { id, tree, prompt, opinion }) })
}

/// A conversation that ends with a user's turn.
fn prompt(row: &Value, fields: Fields<'_>) -> Result<Result<Prompt, Reason>, Problem> {
    let column = if fields.find(row, "messages").is_some() { "messages" } else { "prompt" };
    let messages = fields.read(row, column, |value| match value {
        Value::Array(_) => Ok(chat::messages(value)?.and_then(Chat::asked)),
        value => Ok(Ok(vec![Message::user(text(value)?)])),
    })?;
    Ok(messages.map(Prompt::conversation))
}

/// Two responses and which is better; of `chosen` and `rejected` the names say it.
fn pair(row: &Value, fields: Fields<'_>) -> Result<Opinion, Problem> {
    let both = match (fields.find(row, "response_a"), fields.find(row, "response_b")) {
        (Some((a_field, a)), Some((b_field, b))) => {
            let texts = [(a_field, a), (b_field, b)]
                .map(|(field, value)| said(value).map_err(|p| p.within(field)));
            let [a, b] = texts;
            if a_field == "chosen" && b_field == "rejected" {
                return Ok(Opinion::Pair([a?, b?], Label::First));
            }
            [a?, b?]
        }
        (Some(_), None) => return Err(missing(fields, row, "response_b")),
        (None, Some(_)) => return Err(missing(fields, row, "response_a")),
        (None, None) => {
            fields.read(row, "replies", |value| match value.as_array().map(Vec::as_slice) {
                Some([a, b]) => Ok([said(a)?, said(b)?]),
                _ => Err(Problem::new("", "is no list of two responses")),
            })?
        }
    };
    Ok(Opinion::Pair(both, fields.read(row, "verdict", label)?))
}

fn missing(fields: Fields<'_>, row: &Value, column: &str) -> Problem {
    fields.require(row, column).err().unwrap_or_else(|| Problem::new(column, "is missing"))
}

/// Texts with ranks: `{text, rank}` each, or texts alone, the best first.
fn replies(value: &Value) -> Result<Vec<(String, f64)>, Problem> {
    let items = value.as_array().ok_or_else(|| not("a list", value))?;
    let read = |(i, item): (usize, &Value)| -> Result<(String, f64), Problem> {
        let rank = item.get("rank").filter(|rank| !rank.is_null());
        let rank = rank
            .map_or(Ok(i as f64), |rank| number(rank).map_err(|problem| problem.within("rank")));
        Ok((said(item)?, rank?))
    };
    items
        .iter()
        .enumerate()
        .map(|(i, item)| read((i, item)).map_err(|p| p.within(&i.to_string())))
        .collect()
}

/// A text, or that of an object or of a list of one message, as TRL has it.
fn said(value: &Value) -> Result<String, Problem> {
    match value {
        Value::Object(object) => {
            let found = ["text", "response", "content"].iter().find_map(|name| object.get(*name));
            text(found.ok_or_else(|| Problem::new("text", "is missing"))?)
        }
        Value::Array(items) if !items.is_empty() => said(&items[items.len() - 1]),
        value => text(value),
    }
}
