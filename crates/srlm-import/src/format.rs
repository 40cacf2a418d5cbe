//! The forms that public data sets come in.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::human::fields;

/// What the rows of the input look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Open Assistant: message trees, flat messages, or one group of ranked replies a row; told
    /// apart row by row.
    Oasst,
    /// Databricks Dolly: `instruction`, `context`, `response`.
    Dolly,
    /// Alpaca: `instruction`, `input`, `output`.
    Alpaca,
    /// ShareGPT: `conversations` of `from` and `value`.
    Sharegpt,
    /// OpenAI: `messages` of `role` and `content`.
    Messages,
    /// A prompt and its response under one of the usual names.
    PromptResponse,
    /// A prompt, a response, a judge's score of it and its critique.
    Ratings,
    /// A prompt, two responses, and which is better.
    Pairwise,
    /// Prompts alone.
    Prompts,
}

const FORMATS: [Format; 9] = [
    Format::Oasst,
    Format::Dolly,
    Format::Alpaca,
    Format::Sharegpt,
    Format::Messages,
    Format::PromptResponse,
    Format::Ratings,
    Format::Pairwise,
    Format::Prompts,
];

impl Format {
    /// As the command line and the configuration name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Oasst => "oasst",
            Self::Dolly => "dolly",
            Self::Alpaca => "alpaca",
            Self::Sharegpt => "sharegpt",
            Self::Messages => "messages",
            Self::PromptResponse => "prompt-response",
            Self::Ratings => "ratings",
            Self::Pairwise => "pairwise",
            Self::Prompts => "prompts",
        }
    }

    /// What `columns` can name for it.
    pub(crate) fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Oasst => &[],
            Self::Sharegpt | Self::Messages => &["id", "system", "messages"],
            Self::Dolly | Self::Alpaca | Self::PromptResponse => {
                &["id", "system", "prompt", "context", "response"]
            }
            Self::Ratings => {
                &["id", "system", "prompt", "context", "response", "score", "critique"]
            }
            Self::Pairwise => {
                &["id", "messages", "prompt", "replies", "response_a", "response_b", "verdict"]
            }
            Self::Prompts => &["id", "system", "prompt", "context"],
        }
    }

    /// The fields that a column is looked for in, the first that a row has.
    pub(crate) fn fields(self, column: &str) -> &'static [&'static str] {
        match (self, column) {
            (Self::Pairwise, _) => fields(column),
            (_, "id") => &["prompt_id", "id", "question_id"],
            (_, "system") => &["system", "system_prompt"],
            (_, "context") => &["context", "input"],
            (Self::Dolly | Self::Alpaca, "prompt") => &["instruction"],
            (Self::Prompts, "prompt") => {
                &["prompt", "question", "query", "instruction", "turns.0", "text"]
            }
            (_, "prompt") => &["prompt", "question", "query", "instruction"],
            (Self::Dolly, "response") => &["response"],
            (Self::Alpaca, "response") => &["output"],
            (_, "response") => &["response", "completion", "answer", "output"],
            (Self::Sharegpt, "messages") => &["conversations", "conversation"],
            (_, "messages") => &["messages", "conversation", "conversations"],
            (_, "score") => &["score", "rating"],
            (_, "critique") => &["critique", "feedback", "rationale"],
            _ => &[],
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        FORMATS.into_iter().find(|format| format.name() == text).ok_or_else(|| {
            let names: Vec<&str> = FORMATS.into_iter().map(Format::name).collect();
            format!("no format is called `{text}`; there are {}", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_has_one_name_everywhere() {
        for format in FORMATS {
            assert_eq!(format.name().parse(), Ok(format));
            assert_eq!(serde_json::to_value(format).unwrap(), format.name());
        }
        assert!(
            "csv"
                .parse::<Format>()
                .unwrap_err()
                .starts_with("no format is called `csv`; there are oasst, dolly")
        );
    }

    #[test]
    fn every_column_has_fields() {
        for format in FORMATS {
            for column in format.columns() {
                assert!(!format.fields(column).is_empty(), "{format} {column}");
            }
        }
    }
}
