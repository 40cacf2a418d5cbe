//! Formats of named columns: Dolly, Alpaca, prompt and response, ratings, prompts.

use serde_json::Value;
use srlm_artifact::{Message, Prompt};

use crate::chat::{self, Chat};
use crate::example::{Content, Example, Parsed};
use crate::field::{at, id, not, number, text};
use crate::{Format, ImportConfig, Problem, Reason};

/// The example of a row of named columns.
pub(crate) fn parse(row: &Value, config: &ImportConfig) -> Result<Parsed, Problem> {
    let columns = Columns { row, config };
    if !row.is_object() {
        return Err(not("an object", row));
    }
    let id = columns.optional("id", id)?.flatten();
    let prompt = match columns.prompt()? {
        Ok(prompt) => prompt,
        Err(reason) => return Ok(Err(reason)),
    };
    match config.format {
        Format::Prompts => Ok(Example { id, prompt, content: Content::Nothing }.checked()),
        Format::Ratings => columns.rating(id, prompt),
        _ => Ok(Example::answered(id, prompt, columns.required("response", response)?)),
    }
}

/// A row, and where its columns are.
#[derive(Clone, Copy)]
pub(crate) struct Columns<'a> {
    pub(crate) row: &'a Value,
    pub(crate) config: &'a ImportConfig,
}

impl<'a> Columns<'a> {
    fn find(self, column: &str) -> Option<(&'a str, &'a Value)> {
        if let Some(field) = self.config.columns.get(column) {
            return at(self.row, field).map(|value| (field.as_str(), value));
        }
        self.config
            .format
            .fields(column)
            .iter()
            .find_map(|&field| Some((field, at(self.row, field)?)))
    }

    /// What a column holds, where the row has it.
    pub(crate) fn optional<T>(
        self,
        column: &str,
        read: fn(&Value) -> Result<T, Problem>,
    ) -> Result<Option<T>, Problem> {
        let Some((field, value)) = self.find(column) else { return Ok(None) };
        read(value).map(Some).map_err(|problem| problem.within(field))
    }

    /// What a column holds.
    pub(crate) fn required<T>(
        self,
        column: &str,
        read: fn(&Value) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        self.optional(column, read)?.ok_or_else(|| match self.config.columns.get(column) {
            Some(field) => Problem::new(field.clone(), "is missing"),
            None => {
                let fields = self.config.format.fields(column).join("`, `");
                Problem::new(column, format!("is missing: none of `{fields}` is there"))
            }
        })
    }

    /// The prompt with its context below it and the system turn before it.
    fn prompt(self) -> Result<Result<Prompt, Reason>, Problem> {
        let mut messages = match self.required("prompt", asked)? {
            Ok(messages) => messages,
            Err(reason) => return Ok(Err(reason)),
        };
        let context = self.optional("context", text)?.filter(|context| !context.trim().is_empty());
        if let (Some(context), Some(last)) = (context, messages.last_mut()) {
            last.content = format!("{}\n\n{context}", last.content.trim_end());
        }
        if let Some(system) =
            self.optional("system", text)?.filter(|system| !system.trim().is_empty())
        {
            messages.insert(0, Message::system(system));
        }
        Ok(Ok(Prompt::conversation(messages)))
    }

    fn rating(self, id: Option<String>, prompt: Prompt) -> Result<Parsed, Problem> {
        let scale = self.config.score_scale;
        let response = self.required("response", response)?;
        let score = self.required("score", number)?;
        if !(0.0..=scale).contains(&score) {
            let problem = format!(
                "is {score}, outside 0 to {scale}; `score_scale` is the source's best score"
            );
            return Err(Problem::new("score", problem));
        }
        let critique = self.optional("critique", text)?.unwrap_or_default();
        if response.trim().is_empty() {
            return Ok(Err(Reason::Blank));
        }
        Ok(Example { id, prompt, content: Content::Rating { response, score, critique } }.checked())
    }
}

/// A prompt is a text or, as TRL has it, the messages of a conversation so far.
fn asked(value: &Value) -> Result<Result<Vec<Message>, Reason>, Problem> {
    let Value::Array(_) = value else { return Ok(Ok(vec![Message::user(text(value)?)])) };
    Ok(chat::messages(value)?.and_then(Chat::asked))
}

/// A response is a text or, as TRL has it, a list of one message.
fn response(value: &Value) -> Result<String, Problem> {
    let Value::Array(items) = value else { return text(value) };
    match items.as_slice() {
        [item] if item.is_object() => match chat::messages(value)? {
            Ok(messages) => Ok(messages.into_iter().map(|message| message.content).collect()),
            Err(_) => Err(Problem::new("0", "is no text of an assistant")),
        },
        [item] => text(item),
        _ => Err(Problem::new("", format!("has {} items, not one", items.len()))),
    }
}
