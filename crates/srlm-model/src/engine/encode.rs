//! Prompts as tokens, and which of them can be continued.

use srlm_generate::{Error, Input, Request};

use super::Engine;

impl Engine {
    /// The tokens of an input, at least one; `id` names it in errors.
    ///
    /// # Errors
    /// [`Error::Request`] where it has no tokens or one beyond the vocabulary.
    pub fn encode(&self, id: &str, input: &Input) -> Result<Vec<u32>, Error> {
        let refuse = |reason: String| Error::Request { id: id.to_owned(), reason };
        let encoded = match input {
            Input::Chat(messages) => self.tokenizer.encode_chat(messages, true),
            Input::Text(text) => self.tokenizer.encode(text, true),
            Input::Tokens(ids) => Ok(ids.clone()),
        };
        let ids = encoded.map_err(|error| refuse(error.to_string()))?;
        let vocabulary = self.model.config().vocab_size;
        if let Some(id) = ids.iter().find(|&&id| id as usize >= vocabulary) {
            return Err(refuse(format!("token {id} is beyond the vocabulary of {vocabulary}")));
        }
        if ids.is_empty() {
            return Err(refuse("the prompt has no tokens".to_owned()));
        }
        Ok(ids)
    }

    /// The tokens of a request's prompt.
    ///
    /// # Errors
    /// [`Error::Request`] for one that cannot be continued, and why.
    pub fn prompt_tokens(&self, request: &Request) -> Result<Vec<u32>, Error> {
        let refuse = |reason: String| Error::Request { id: request.id.clone(), reason };
        if let Some((key, must)) = request.sampling.problem() {
            return Err(refuse(format!("{key} {must}")));
        }
        let ids = self.encode(&request.id, &request.input)?;
        let (n, limit, cache) =
            (ids.len(), self.model.config().context(), self.config.cache_tokens);
        if n >= limit {
            return Err(refuse(format!(
                "the prompt has {n} tokens, the model's context {limit}: shorten it"
            )));
        }
        let region = region_len(request, n, limit);
        if n + region > cache {
            return Err(refuse(format!(
                "{n} prompt tokens and {region} new ones do not fit a cache of {cache}: raise engine.cache_tokens, \
                 or --cache-tokens"
            )));
        }
        Ok(ids)
    }
}

/// Tokens that a sample may write.
pub(super) fn region_len(request: &Request, n_prompt: usize, context: usize) -> usize {
    (request.sampling.max_tokens as usize).min(context - n_prompt)
}
