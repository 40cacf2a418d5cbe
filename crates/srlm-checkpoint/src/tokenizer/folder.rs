//! A tokenizer from the files of a Hugging Face folder.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::Tokenizer;
use super::special::SpecialTokens;
use crate::chat_template::ChatTemplate;
use crate::error::Error;

impl Tokenizer {
    /// Reads `tokenizer.json`, the special tokens and template of `tokenizer_config.json`, and
    /// `chat_template.jinja`; `eos` are the ids that the model's configuration ends a sequence
    /// with.
    ///
    /// # Errors
    /// `Error::Tokenizer` when `tokenizer.json` is missing or no tokenizer, `Error::Template` when
    /// the chat template does not parse, `Error::Json`, `Error::Io`.
    pub fn from_folder(dir: &Path, eos: &[u32]) -> Result<Self, Error> {
        let path = dir.join("tokenizer.json");
        if !path.exists() {
            let reason = "is missing; in Python, AutoTokenizer.from_pretrained(\"MODEL\", use_fast=True)\
                          .save_pretrained(\"FOLDER\") writes it";
            return Err(Error::tokenizer(&path, reason));
        }
        let bytes = fs::read(&path).map_err(Error::io(&path))?;
        let inner = super::load(&bytes, &path)?;

        let config = read_json(&dir.join("tokenizer_config.json"))?;
        let map = read_json(&dir.join("special_tokens_map.json"))?;
        let token = |name: &str| token_text(&config[name]).or_else(|| token_text(&map[name]));
        let special = SpecialTokens {
            bos: token("bos_token"),
            eos: token("eos_token"),
            unk: token("unk_token"),
            pad: token("pad_token"),
        };
        let template =
            template_text(dir, &config)?.map(|text| ChatTemplate::new(&text)).transpose()?;
        Ok(Self::new(inner, special, template, eos))
    }
}

/// The file's JSON, or null when there is none.
fn read_json(path: &Path) -> Result<Value, Error> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(Error::json(path)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Value::Null),
        Err(e) => Err(Error::io(path)(e)),
    }
}

/// A token is written as text, or as an object with its `content`.
fn token_text(value: &Value) -> Option<String> {
    value.as_str().or_else(|| value["content"].as_str()).map(str::to_owned)
}

/// `chat_template.jinja` wins over `chat_template.json`, and that over `tokenizer_config.json`; of
/// several named templates, `default`.
fn template_text(dir: &Path, config: &Value) -> Result<Option<String>, Error> {
    let path = dir.join("chat_template.jinja");
    if path.exists() {
        return fs::read_to_string(&path).map(Some).map_err(Error::io(&path));
    }
    let file = read_json(&dir.join("chat_template.json"))?;
    let value = if file["chat_template"].is_null() {
        &config["chat_template"]
    } else {
        &file["chat_template"]
    };
    if let Some(text) = value.as_str() {
        return Ok(Some(text.to_owned()));
    }
    let named = value.as_array().into_iter().flatten();
    let default = named
        .filter(|entry| entry["name"] == "default")
        .find_map(|entry| entry["template"].as_str());
    Ok(default.map(str::to_owned))
}
