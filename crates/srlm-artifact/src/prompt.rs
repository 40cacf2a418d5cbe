//! A prompt: one user turn, or a conversation.

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

/// Who speaks in a [`Message`].
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Instructions that frame the conversation.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// One turn of a conversation.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
}

impl Message {
    /// A user's turn.
    pub fn user(content: impl Into<String>) -> Self {
        Self { role: Role::User, content: content.into() }
    }

    /// The model's turn.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self { role: Role::Assistant, content: content.into() }
    }

    /// A system turn.
    pub fn system(content: impl Into<String>) -> Self {
        Self { role: Role::System, content: content.into() }
    }
}

/// What a model is asked: a string is one user turn; a list of messages is a conversation.
///
/// A single user turn is written to disk as a plain string, anything else as a list of `{role,
/// content}`, so both forms are what `load_dataset("json", ...)` and TRL read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Prompt(Vec<Message>);

impl Prompt {
    /// One user turn.
    pub fn user(text: impl Into<String>) -> Self {
        Self(vec![Message::user(text)])
    }

    /// A conversation; the last turn is the one to answer.
    pub fn conversation(messages: Vec<Message>) -> Self {
        Self(messages)
    }

    /// The turns, oldest first.
    pub fn messages(&self) -> &[Message] {
        &self.0
    }

    /// The text of a single user turn, `None` for a longer conversation.
    pub fn as_user_text(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Message { role: Role::User, content }] => Some(content),
            _ => None,
        }
    }

    /// The conversation as plain text: a single user turn as it is, otherwise a line `role:
    /// content` a turn.
    pub fn to_text(&self) -> String {
        match self.as_user_text() {
            Some(text) => text.to_owned(),
            None => {
                let turns = self.0.iter().map(|m| {
                    let role = match m.role {
                        Role::System => "System",
                        Role::User => "User",
                        Role::Assistant => "Assistant",
                    };
                    format!("{role}: {}", m.content)
                });
                turns.collect::<Vec<_>>().join("\n")
            }
        }
    }

    /// Why this cannot be answered, if it cannot.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        match self.0.last() {
            None => Some("is an empty list"),
            Some(last) if last.role != Role::User => Some("does not end with a user turn"),
            Some(last) if last.content.trim().is_empty() => Some("is blank"),
            Some(_) => None,
        }
    }
}

impl From<&str> for Prompt {
    fn from(text: &str) -> Self {
        Self::user(text)
    }
}

impl Serialize for Prompt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_user_text() {
            Some(text) => serializer.serialize_str(text),
            None => self.0.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Prompt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StringOrMessages;
        impl<'de> Visitor<'de> for StringOrMessages {
            type Value = Prompt;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string or a list of {role, content}")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Prompt, E> {
                Ok(Prompt::user(text))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Prompt, A::Error> {
                let mut messages = Vec::new();
                while let Some(message) = seq.next_element()? {
                    messages.push(message);
                }
                Ok(Prompt(messages))
            }
        }
        deserializer.deserialize_any(StringOrMessages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_one_user_turn_is_written_as_a_string() {
        for (json, expected) in [
            (r#""Hi""#, r#""Hi""#),
            (r#"[{"role":"user","content":"Hi"}]"#, r#""Hi""#),
            (r#"[{"role":"system","content":"Hi"}]"#, r#"[{"role":"system","content":"Hi"}]"#),
        ] {
            let prompt: Prompt = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&prompt).unwrap(), expected);
        }
    }

    #[test]
    fn a_prompt_ends_with_something_to_answer() {
        let cases = [
            (vec![], Some("is an empty list")),
            (
                vec![Message::user("Hi"), Message::assistant("Hello")],
                Some("does not end with a user turn"),
            ),
            (vec![Message::user(" \n")], Some("is blank")),
            (vec![Message::system(""), Message::user("Hi")], None),
        ];
        for (messages, expected) in cases {
            assert_eq!(Prompt::conversation(messages).problem(), expected);
        }
    }

    #[test]
    fn a_conversation_as_text_names_who_speaks() {
        let prompt = Prompt::conversation(vec![
            Message::user("Hi"),
            Message::assistant("Hello"),
            Message::user("Bye"),
        ]);
        assert_eq!(prompt.to_text(), "User: Hi\nAssistant: Hello\nUser: Bye");
        assert_eq!(Prompt::user("Hi").to_text(), "Hi");
    }
}
