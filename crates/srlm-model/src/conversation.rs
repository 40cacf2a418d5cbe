//! A prompt and its response as tokens.

use std::ops::Range;

use srlm_artifact::{Message, Prompt, Role};
use srlm_checkpoint::Tokenizer;

/// Tokens of a conversation and where its response begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// The prompt as the chat template renders it, then the response, then its end-of-turn token.
    pub ids: Vec<u32>,
    /// Place of the response's first token.
    pub response_start: usize,
}

/// Why a conversation cannot be scored or trained on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConversationError {
    /// Tokenizing or rendering failed.
    #[error(transparent)]
    Tokenizer(#[from] srlm_checkpoint::Error),
    /// The rendered prompt is not how the rendered conversation begins.
    #[error(
        "the chat template renders the conversation so that it does not begin with its prompt: token {at} differs"
    )]
    NotAPrefix {
        /// First token that differs.
        at: usize,
    },
}

impl Conversation {
    /// Renders and tokenizes; the response ends with the end-of-turn token, whatever the template
    /// adds after it.
    ///
    /// # Errors
    /// A template that breaks the prefix rule is refused: training would learn to write part of a
    /// prompt.
    pub fn new(
        tokenizer: &Tokenizer,
        prompt: &Prompt,
        response: &str,
    ) -> Result<Self, ConversationError> {
        let start = tokenizer.encode_chat(prompt.messages(), true)?;
        let turns: Vec<Message> =
            prompt.messages().iter().cloned().chain([Message::assistant(response)]).collect();
        let mut ids = tokenizer.encode_chat(&turns, false)?;
        let agree = start.iter().zip(&ids).take_while(|(a, b)| a == b).count();
        if agree < start.len() {
            return Err(ConversationError::NotAPrefix { at: agree });
        }
        let ends = tokenizer.eos_ids();
        match ids[start.len()..].iter().rposition(|id| ends.contains(id)) {
            Some(last) => ids.truncate(start.len() + last + 1),
            None => ids.extend(ends.first()),
        }
        Ok(Self { ids, response_start: start.len() })
    }

    /// The tokens of every turn of the assistant, its end-of-turn token included, found by the
    /// prefix rule: what the template renders up to a turn is how the whole begins.
    ///
    /// # Errors
    /// [`ConversationError::NotAPrefix`] where the template breaks the rule, as those do that drop
    /// earlier reasoning.
    pub fn assistant_turns(
        &self,
        tokenizer: &Tokenizer,
        prompt: &Prompt,
    ) -> Result<Vec<Range<usize>>, ConversationError> {
        let messages = prompt.messages();
        let mut turns = Vec::new();
        for (i, message) in
            messages.iter().enumerate().filter(|(_, message)| message.role == Role::Assistant)
        {
            let start = tokenizer.encode_chat(&messages[..i], true)?;
            let turn = Self::new(
                tokenizer,
                &Prompt::conversation(messages[..i].to_vec()),
                &message.content,
            )?;
            let agree = turn.ids.iter().zip(&self.ids).take_while(|(a, b)| a == b).count();
            if agree < turn.ids.len() {
                return Err(ConversationError::NotAPrefix { at: agree });
            }
            turns.push(start.len()..turn.ids.len());
        }
        turns.push(self.response_start..self.ids.len());
        Ok(turns)
    }

    /// Cuts to `max_length` tokens; `None` when nothing of the response is left.
    pub fn truncated(mut self, max_length: usize) -> Option<Self> {
        self.ids.truncate(max_length);
        (self.ids.len() > self.response_start).then_some(self)
    }

    /// Tokens of the response, the end-of-turn token included.
    pub fn n_response(&self) -> usize {
        self.ids.len() - self.response_start
    }
}
