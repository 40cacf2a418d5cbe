//! Conversations: OpenAI's messages and ShareGPT's.

use serde_json::Value;
use srlm_artifact::{Message, Prompt, Role};

use crate::columns::Columns;
use crate::example::{Example, Parsed};
use crate::field::{at, id, not, text};
use crate::{ImportConfig, Problem, Reason};

/// The example of a row that is a conversation.
pub(crate) fn parse(row: &Value, config: &ImportConfig) -> Result<Parsed, Problem> {
    // Some files have a bare list of messages a row.
    if row.is_array() {
        return Ok(messages(row)?
            .and_then(|messages| Chat::split(messages, config.multi_turn)?.example(None)));
    }
    let columns = Columns { row, config };
    let id = columns.optional("id", id)?.flatten();
    let messages = columns.required("messages", messages)?;
    let system = columns.optional("system", text)?.filter(|system| !system.trim().is_empty());
    Ok(messages.and_then(|mut messages| {
        if let Some(system) = system {
            messages.insert(0, Message::system(system));
        }
        Chat::split(messages, config.multi_turn)?.example(id)
    }))
}

/// A conversation up to a user's turn, and the answer to that.
pub(crate) struct Chat {
    prompt: Vec<Message>,
    response: String,
}

impl Chat {
    /// The first exchange, or with `whole` everything up to the last answer.
    fn split(mut messages: Vec<Message>, whole: bool) -> Result<Self, Reason> {
        let is_answer = |message: &Message| message.role == Role::Assistant;
        if messages.iter().find(|message| message.role != Role::System).is_some_and(is_answer) {
            return Err(Reason::StartsWithAssistant);
        }
        let answer = if whole {
            messages.iter().rposition(is_answer)
        } else {
            messages.iter().position(is_answer)
        };
        let Some(answer) = answer else { return Err(Reason::NoResponse) };
        let response = messages.swap_remove(answer).content;
        messages.truncate(answer);
        Ok(Self { prompt: Self::asked(messages)?, response })
    }

    /// Messages that end with the user's turn.
    pub(crate) fn asked(messages: Vec<Message>) -> Result<Vec<Message>, Reason> {
        match messages.last().map(|message| message.role) {
            None => Err(Reason::Blank),
            Some(Role::User) => Ok(messages),
            Some(_) => Err(Reason::UnsupportedTurn),
        }
    }

    fn example(self, id: Option<String>) -> Parsed {
        Example::answered(id, Prompt::conversation(self.prompt), self.response)
    }
}

/// The turns of a list of `{role, content}` or `{from, value}`.
pub(crate) fn messages(value: &Value) -> Result<Result<Vec<Message>, Reason>, Problem> {
    let Value::Array(items) = value else { return Err(not("a list of messages", value)) };
    let turns = items
        .iter()
        .enumerate()
        .map(|(i, item)| message(item).map_err(|p| p.within(&i.to_string())));
    Ok(turns.collect::<Result<Vec<_>, Problem>>()?.into_iter().collect())
}

fn message(item: &Value) -> Result<Result<Message, Reason>, Problem> {
    let (role_field, role) = one_of(item, ["role", "from"])?;
    let role = role.as_str().ok_or_else(|| not("a text", role).within(role_field))?;
    let role = match role.to_ascii_lowercase().as_str() {
        "system" | "developer" => Role::System,
        "user" | "human" | "prompter" => Role::User,
        "assistant" | "gpt" | "chatgpt" | "bing" | "bard" | "model" => Role::Assistant,
        _ => return Ok(Err(Reason::UnsupportedTurn)),
    };
    // Calls of tools have no content.
    let Ok((field, content)) = one_of(item, ["content", "value"]) else {
        return Ok(Err(Reason::UnsupportedTurn));
    };
    let content = match content {
        Value::Array(parts) => {
            parts.iter().map(|part| at(part, "text")?.as_str()).collect::<Option<String>>()
        }
        content => Some(text(content).map_err(|problem| problem.within(field))?),
    };
    Ok(content.map(|content| Message { role, content }).ok_or(Reason::UnsupportedTurn))
}

fn one_of<'v>(
    item: &'v Value,
    fields: [&'static str; 2],
) -> Result<(&'static str, &'v Value), Problem> {
    let found = fields.into_iter().find_map(|field| Some((field, at(item, field)?)));
    found.ok_or_else(|| Problem::new(fields[0], format!("is missing, and so is `{}`", fields[1])))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Format;

    fn check(row: Value, multi_turn: bool, expected: Result<(&str, &str), Reason>) {
        let config =
            ImportConfig { format: Format::Messages, multi_turn, ..ImportConfig::default() };
        let found = parse(&row, &config).unwrap().map(|example| {
            let crate::example::Content::Answers { ift: Some(response), .. } = example.content
            else {
                panic!()
            };
            (example.prompt.to_text(), response)
        });
        assert_eq!(
            found,
            expected.map(|(prompt, response)| (prompt.to_owned(), response.to_owned())),
            "{row}"
        );
    }

    #[test]
    fn the_first_exchange_or_all_up_to_the_last_answer() {
        let turn = |role: &str, content: &str| json!({ "role": role, "content": content });
        let long = json!({ "messages": [turn("user", "a"), turn("assistant", "b"), turn("user", "c"),
            turn("assistant", "d"), turn("user", "e")] });
        check(long.clone(), false, Ok(("a", "b")));
        check(long, true, Ok(("User: a\nAssistant: b\nUser: c", "d")));
        let system = json!([turn("system", "s"), turn("user", "a"), turn("assistant", "b")]);
        check(system, false, Ok(("System: s\nUser: a", "b")));
        let shared = json!({ "conversations": [{ "from": "human", "value": "a" }, { "from": "gpt", "value": "b" }] });
        check(shared, false, Ok(("a", "b")));
        let parts = json!([{ "role": "user", "content": [{ "type": "text", "text": "a" }] }, turn("assistant", "b")]);
        check(parts, false, Ok(("a", "b")));
    }

    #[test]
    fn what_is_no_exchange_has_a_reason() {
        let turn = |role: &str, content: Value| json!({ "role": role, "content": content });
        let check = |turns: Value, reason| check(turns, true, Err(reason));
        check(
            json!([turn("assistant", json!("a")), turn("user", json!("b"))]),
            Reason::StartsWithAssistant,
        );
        check(json!([turn("user", json!("a"))]), Reason::NoResponse);
        check(json!([]), Reason::NoResponse);
        check(json!([turn("user", json!("a")), turn("tool", json!("b"))]), Reason::UnsupportedTurn);
        check(
            json!([turn("user", json!("a")), turn("assistant", Value::Null)]),
            Reason::UnsupportedTurn,
        );
        check(json!([turn("user", json!([{ "type": "image_url" }]))]), Reason::UnsupportedTurn);
        check(json!([turn("user", json!(" ")), turn("assistant", json!("b"))]), Reason::Blank);
        check(json!([turn("user", json!("a")), turn("assistant", json!(""))]), Reason::Blank);
    }
}
