//! A tokenizer as the files of a Hugging Face folder.

use serde_json::{Map, Value, json};
use srlm_artifact::sha256;

use super::Tokenizer;
use crate::error::Error;

impl Tokenizer {
    /// The contents of `tokenizer.json` and `tokenizer_config.json`.
    ///
    /// # Errors
    /// `Error::Tokenize` when the tokenizer cannot be written.
    pub(crate) fn to_json(&self, max_length: usize) -> Result<(Value, Value), Error> {
        let text =
            self.inner.to_string(false).map_err(|e| Error::Tokenize { reason: e.to_string() })?;
        let document =
            serde_json::from_str(&text).map_err(|e| Error::Tokenize { reason: e.to_string() })?;
        let mut config = Map::new();
        config.insert("tokenizer_class".to_owned(), json!("PreTrainedTokenizerFast"));
        for (name, token) in self.special.named() {
            config.insert(name.to_owned(), json!(token));
        }
        config.insert("model_max_length".to_owned(), json!(max_length));
        config.insert("clean_up_tokenization_spaces".to_owned(), json!(false));
        config.insert("model_input_names".to_owned(), json!(["input_ids", "attention_mask"]));
        if let Some(template) = &self.template {
            config.insert("chat_template".to_owned(), json!(template.source()));
        }
        Ok((document, Value::Object(config)))
    }

    /// `sha256:` and a hash of what turns text into tokens and conversations into text: vocabulary,
    /// merges, added tokens, splitting and the chat template. How the files are laid out is not in
    /// it, nor are truncation, padding and the post-processor, which only adds special tokens to
    /// plain text: transformers writes one where there was none.
    ///
    /// # Errors
    /// `Error::Tokenize` when the tokenizer cannot be written.
    pub fn content_hash(&self) -> Result<String, Error> {
        let text =
            self.inner.to_string(false).map_err(|e| Error::Tokenize { reason: e.to_string() })?;
        let mut document: Map<String, Value> =
            serde_json::from_str(&text).map_err(|e| Error::Tokenize { reason: e.to_string() })?;
        document
            .retain(|key, _| !["truncation", "padding", "post_processor"].contains(&key.as_str()));
        let text = Value::Object(document).to_string();
        let template = self.template.as_ref().map_or("", |template| template.source().trim_end());
        Ok(format!("sha256:{}", sha256(format!("{text}\0{template}"))))
    }

    /// The content of `special_tokens_map.json`.
    pub(crate) fn special_tokens_map(&self) -> Value {
        self.special.named().map(|(name, token)| (name.to_owned(), json!(token))).collect()
    }
}
