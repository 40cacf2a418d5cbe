//! What every format becomes: a prompt with what answers it.

use srlm_artifact::Prompt;

use crate::Reason;

/// One prompt as a source has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Example {
    /// The source's own id, where it has one.
    pub(crate) id: Option<String>,
    pub(crate) prompt: Prompt,
    pub(crate) content: Content,
}

/// What comes with a prompt.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    /// Human answers.
    Answers {
        /// The answer to learn.
        ift: Option<String>,
        /// Answers in human order, best first; empty where there is none.
        ranked: Vec<String>,
    },
    /// A judge's opinion of a response.
    Rating { response: String, score: f64, critique: String },
    /// Nothing.
    Nothing,
}

/// What one row gives, where it can be read.
pub(crate) type Parsed = Result<Example, Reason>;

impl Example {
    /// The shape that most sets have.
    pub(crate) fn answered(id: Option<String>, prompt: Prompt, response: String) -> Parsed {
        if response.trim().is_empty() {
            return Err(Reason::Blank);
        }
        Self { id, prompt, content: Content::Answers { ift: Some(response), ranked: Vec::new() } }
            .checked()
    }

    /// What an artifact would refuse.
    pub(crate) fn checked(self) -> Parsed {
        match self.prompt.messages().last() {
            Some(last) if !last.content.trim().is_empty() => Ok(self),
            _ => Err(Reason::Blank),
        }
    }
}
