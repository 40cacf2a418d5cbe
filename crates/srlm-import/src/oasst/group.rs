//! One group a row: the conversation so far and its ranked replies.

use serde_json::Value;
use srlm_artifact::{Prompt, Role};

use super::message::rank;
use crate::chat::messages;
use crate::example::{Content, Example, Parsed};
use crate::field::{at, id, not, text};
use crate::{ImportConfig, Problem, Reason};

pub(crate) fn parse(row: &Value, config: &ImportConfig) -> Result<Parsed, Problem> {
    let id = at(row, "id").map_or(Ok(None), id).map_err(|problem| problem.within("id"))?;
    let asked = at(row, "messages").ok_or_else(|| Problem::new("messages", "is missing"))?;
    let asked = messages(asked).map_err(|problem| problem.within("messages"))?;
    let replies = replies(row)?;
    let language = at(row, "lang").and_then(Value::as_str);
    if !config.language.is_empty() && language.is_some_and(|language| language != config.language) {
        return Ok(Err(Reason::OtherLanguage));
    }
    Ok(asked.and_then(|asked| {
        let is_first = asked.iter().filter(|message| message.role != Role::System).count() <= 1;
        match asked.last().map(|message| message.role) {
            None => return Err(Reason::Blank),
            Some(Role::User) if is_first || config.multi_turn => {}
            Some(Role::User) => return Err(Reason::LaterTurn),
            Some(_) => return Err(Reason::UnsupportedTurn),
        }
        let ift = replies.first().filter(|(rank, _)| *rank == 0).map(|(_, text)| text.clone());
        let ranked = replies.into_iter().map(|(_, text)| text).collect();
        Example {
            id,
            prompt: Prompt::conversation(asked),
            content: Content::Answers { ift, ranked },
        }
        .checked()
    }))
}

/// Ranks and texts, best first. Blank texts are passed over.
fn replies(row: &Value) -> Result<Vec<(u32, String)>, Problem> {
    let replies = &row["replies"];
    let items = replies.as_array().ok_or_else(|| not("a list", replies).within("replies"))?;
    let read = |(i, reply): (usize, &Value)| {
        let field = |name: &str| at(reply, name).ok_or_else(|| Problem::new(name, "is missing"));
        let read =
            || Ok((rank(field("rank")?).map_err(|p| p.within("rank"))?, text(field("text")?)?));
        read().map_err(|problem: Problem| problem.within(&format!("replies.{i}")))
    };
    let mut found = items.iter().enumerate().map(read).collect::<Result<Vec<_>, Problem>>()?;
    found.retain(|(_, text)| !text.trim().is_empty());
    found.sort_by_key(|(rank, _)| *rank);
    Ok(found)
}
