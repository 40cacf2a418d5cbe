//! A row brought to one of four forms.

use super::{AnswerRule, Item, Pair};

/// What a row asks and what is right.
pub(super) enum Document {
    /// One context, several continuations.
    Choice { context: String, choices: Vec<String>, target: usize },
    /// Several contexts, one continuation.
    Blank { contexts: Vec<String>, continuation: String, target: usize },
    /// One context and its continuation; an example has `delimiter` between them.
    Continuation { context: String, delimiter: &'static str, continuation: String },
    /// A question with answers; an example shows `shown`.
    Answer {
        prompt: String,
        shown: String,
        answers: Vec<String>,
        stop: &'static [&'static str],
        rule: AnswerRule,
    },
}

impl Document {
    /// The row as a worked example.
    pub(super) fn worked(&self) -> String {
        match self {
            Self::Choice { context, choices, target } => format!("{context} {}", choices[*target]),
            Self::Blank { contexts, continuation, target } => {
                format!("{} {continuation}", contexts[*target])
            }
            Self::Continuation { context, delimiter, continuation } => {
                format!("{context}{delimiter}{continuation}")
            }
            Self::Answer { prompt, shown, .. } => format!("{prompt} {shown}"),
        }
    }

    /// The row as a question after `preamble`.
    pub(super) fn into_item(self, id: String, preamble: &str) -> Item {
        let pair = |context: &str, continuation| Pair {
            context: format!("{preamble}{context}"),
            continuation,
        };
        match self {
            Self::Choice { context, choices, target } => {
                let pairs =
                    choices.iter().map(|choice| pair(&context, format!(" {choice}"))).collect();
                Item::Choice { id, pairs, choices, target }
            }
            Self::Blank { contexts, continuation, target } => {
                let pairs = contexts
                    .iter()
                    .map(|context| pair(context, format!(" {continuation}")))
                    .collect();
                Item::Choice { id, pairs, choices: contexts, target }
            }
            Self::Continuation { context, continuation, .. } => {
                Item::Continuation { id, pair: pair(&context, continuation) }
            }
            Self::Answer { prompt, answers, stop, rule, .. } => {
                Item::Generation { id, prompt: format!("{preamble}{prompt}"), answers, stop, rule }
            }
        }
    }
}
