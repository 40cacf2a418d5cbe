//! Text to tokens and back, and conversations to text.

mod folder;
mod gguf;
mod merges;
mod parts;
pub(crate) mod pre_tokenizer;
mod save;
mod special;
mod stream;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use srlm_artifact::Message;

pub(crate) use self::special::{END_OF_TURN, SpecialTokens};
pub use self::stream::TextStream;
use crate::chat_template::ChatTemplate;
use crate::error::Error;

/// A vocabulary, its special tokens and the chat template.
#[derive(Clone, Debug)]
pub struct Tokenizer {
    inner: Arc<tokenizers::Tokenizer>,
    special: SpecialTokens,
    special_ids: Arc<HashSet<u32>>,
    eos_ids: Vec<u32>,
    template: Option<ChatTemplate>,
}

impl Tokenizer {
    /// `eos` are the ids that the model's configuration ends a sequence with; end-of-turn tokens
    /// are added to them.
    pub(crate) fn new(
        inner: tokenizers::Tokenizer,
        special: SpecialTokens,
        template: Option<ChatTemplate>,
        eos: &[u32],
    ) -> Self {
        let special_ids = special::special_ids(&inner);
        let eos_ids = special.eos_ids(&inner, eos, &special_ids);
        Self {
            inner: Arc::new(inner),
            special,
            special_ids: Arc::new(special_ids),
            eos_ids,
            template,
        }
    }

    /// Tokens of `text`. Text that spells a special token becomes that token, as in transformers;
    /// `add_special` adds the beginning-of-sequence token (or what else the tokenizer's
    /// post-processor adds).
    ///
    /// # Errors
    /// `Error::Tokenize` when the vocabulary has no token for a character and no unknown token.
    pub fn encode(&self, text: &str, add_special: bool) -> Result<Vec<u32>, Error> {
        let encoding = self.inner.encode_fast(text, add_special);
        Ok(encoding.map_err(|e| Error::Tokenize { reason: e.to_string() })?.get_ids().to_vec())
    }

    /// Text of `ids`; bytes that are no UTF-8 become U+FFFD, ids outside the vocabulary nothing.
    ///
    /// # Errors
    /// `Error::Tokenize` when the decoder refuses.
    pub fn decode(&self, ids: &[u32], skip_special: bool) -> Result<String, Error> {
        self.inner.decode(ids, skip_special).map_err(|e| Error::Tokenize { reason: e.to_string() })
    }

    /// The id of a token by its exact content.
    pub fn token_id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// Tokens in the vocabulary, added ones included. A model's embedding may have more rows.
    pub fn vocab_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// Tokens that end a sequence or a turn, the model's own first.
    pub fn eos_ids(&self) -> &[u32] {
        &self.eos_ids
    }

    /// Whether a conversation can be rendered.
    pub fn has_chat_template(&self) -> bool {
        self.template.is_some()
    }

    /// The text that the model's chat template makes of a conversation; with
    /// `add_generation_prompt`, up to where the model's turn begins.
    ///
    /// # Errors
    /// `Error::Template` when the model has no template, or the template refuses these messages.
    pub fn render_chat(
        &self,
        messages: &[Message],
        add_generation_prompt: bool,
    ) -> Result<String, Error> {
        let missing = || {
            Error::Template {
            reason: "the model has none; use an instruction-tuned model, or add chat_template.jinja to its folder"
                .into(),
        }
        };
        self.template.as_ref().ok_or_else(missing)?.render(
            messages,
            add_generation_prompt,
            &self.special,
        )
    }

    /// Tokens of the rendered conversation. The template writes the special tokens, so none are
    /// added.
    ///
    /// # Errors
    /// Those of [`Tokenizer::render_chat`] and [`Tokenizer::encode`].
    pub fn encode_chat(
        &self,
        messages: &[Message],
        add_generation_prompt: bool,
    ) -> Result<Vec<u32>, Error> {
        self.encode(&self.render_chat(messages, add_generation_prompt)?, false)
    }

    /// A decoder that takes one token at a time.
    pub fn stream(&self) -> TextStream {
        TextStream::new(self.inner.clone(), self.special_ids.clone())
    }
}

/// Parses `tokenizer.json`, without the truncation and padding that it may ask for.
fn load(json: &[u8], path: &Path) -> Result<tokenizers::Tokenizer, Error> {
    let mut inner =
        tokenizers::Tokenizer::from_bytes(json).map_err(|e| Error::tokenizer(path, e))?;
    inner.with_truncation(None).map_err(|e| Error::tokenizer(path, e))?;
    inner.with_padding(None);
    Ok(inner)
}
