//! Prompts as tokens, and which of them can be served.

use srlm_generate::{Error, Input, Request};

use super::Engine;

impl Engine {
    /// The tokens of a request's prompt.
    ///
    /// # Errors
    /// [`Error::Request`] for one that could not be served, and why.
    pub fn prompt_tokens(&self, request: &Request) -> Result<Vec<u32>, Error> {
        let refuse = |reason: String| Error::Request { id: request.id.clone(), reason };
        if let Some((key, must)) = request.sampling.problem() {
            return Err(refuse(format!("{key} {must}")));
        }
        let encoded = match &request.input {
            Input::Chat(messages) => self.tokenizer.encode_chat(messages, true),
            Input::Text(text) => self.tokenizer.encode(text, true),
            Input::Tokens(ids) => Ok(ids.clone()),
        };
        let ids = encoded.map_err(|error| refuse(error.to_string()))?;
        let vocabulary = self.model.config().vocab_size;
        if let Some(id) = ids.iter().find(|&&id| id as usize >= vocabulary) {
            return Err(refuse(format!("token {id} is beyond the vocabulary of {vocabulary}")));
        }
        let limit = self.model.config().context();
        if ids.is_empty() {
            return Err(refuse("the prompt has no tokens".to_owned()));
        }
        if ids.len() >= limit {
            return Err(refuse(format!(
                "the prompt has {} tokens, the model's context {limit}: shorten it",
                ids.len()
            )));
        }
        let region = region_len(request, ids.len(), limit);
        if ids.len() + region > self.config.cache_tokens {
            return Err(refuse(format!(
                "{} prompt tokens and {region} new ones do not fit a cache of {}: raise engine.cache_tokens",
                ids.len(),
                self.config.cache_tokens
            )));
        }
        Ok(ids)
    }
}

/// Tokens that a sample may write.
pub(super) fn region_len(request: &Request, n_prompt: usize, context: usize) -> usize {
    (request.sampling.max_tokens as usize).min(context - n_prompt)
}
