//! A tokenizer from the tables of a GGUF file, as `tokenizer.json` would describe it.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::special::SpecialTokens;
use super::{Tokenizer, merges, pre_tokenizer};
use crate::chat_template::ChatTemplate;
use crate::error::Error;
use crate::gguf::Metadata;

/// Token types (`enum llama_token_type` in `llama.h`).
const UNKNOWN: i64 = 2;
const CONTROL: i64 = 3;
const USER_DEFINED: i64 = 4;

/// The tables of `tokenizer.ggml.*`.
struct Tables<'a> {
    metadata: Metadata<'a>,
    tokens: &'a [String],
    ids: HashMap<&'a str, u32>,
    special: SpecialTokens,
}

impl Tokenizer {
    pub(crate) fn from_gguf(metadata: Metadata<'_>, eos: &[u32]) -> Result<Self, Error> {
        let tables = Tables::read(metadata)?;
        let model = metadata.string("tokenizer.ggml.model")?;
        let mut document = match metadata.required("tokenizer.ggml.model", model)? {
            "gpt2" => tables.byte_level()?,
            "llama" => tables.sentence_piece()?,
            other => {
                let reason = format!(
                    "is {other:?}; read are \"gpt2\" (byte-level BPE) and \"llama\" (SentencePiece)"
                );
                return Err(Error::config(metadata.path, "tokenizer.ggml.model", reason));
            }
        };
        document["version"] = json!("1.0");
        document["added_tokens"] = tables.added_tokens()?;
        let bytes = serde_json::to_vec(&document).map_err(Error::json(metadata.path))?;
        drop(document);
        let inner = tokenizers::Tokenizer::from_bytes(bytes)
            .map_err(|e| Error::tokenizer(metadata.path, e))?;
        let template =
            metadata.string("tokenizer.chat_template")?.map(ChatTemplate::new).transpose()?;
        let turn_end = metadata.token("tokenizer.ggml.eot_token_id")?;
        let eos: Vec<u32> = eos.iter().copied().chain(turn_end).collect();
        Ok(Self::new(inner, tables.special, template, &eos))
    }
}

impl<'a> Tables<'a> {
    fn read(metadata: Metadata<'a>) -> Result<Self, Error> {
        let key = "tokenizer.ggml.tokens";
        let tokens = metadata.required(key, metadata.strings(key)?)?;
        let mut ids = HashMap::with_capacity(tokens.len());
        for (id, token) in tokens.iter().enumerate() {
            if let Some(first) = ids.insert(token.as_str(), id as u32) {
                return Err(Error::config(
                    metadata.path,
                    key,
                    format!("has {token:?} twice, at {first} and {id}"),
                ));
            }
        }
        let named = |part: &str| -> Result<Option<String>, Error> {
            let key = format!("tokenizer.ggml.{part}_token_id");
            let Some(id) = metadata.token(&key)? else { return Ok(None) };
            let outside = || {
                Error::config(
                    metadata.path,
                    &key,
                    format!("is {id}, outside {} tokens", tokens.len()),
                )
            };
            tokens.get(id as usize).cloned().map(Some).ok_or_else(outside)
        };
        let (bos, eos, unk, pad) =
            (named("bos")?, named("eos")?, named("unknown")?, named("padding")?);
        Ok(Self { metadata, tokens, ids, special: SpecialTokens { bos, eos, unk, pad } })
    }

    fn byte_level(&self) -> Result<Value, Error> {
        let key = "tokenizer.ggml.pre";
        let name = self.metadata.string(key)?.unwrap_or("default");
        let unread = || {
            Error::config(
                self.metadata.path,
                key,
                format!("is {name:?}; read are {}", pre_tokenizer::SUPPORTED),
            )
        };
        let pre = pre_tokenizer::by_name(name).ok_or_else(unread)?;
        let key = "tokenizer.ggml.merges";
        let merges = self.metadata.required(key, self.metadata.strings(key)?)?;
        let pairs = merges.iter().map(|rule| {
            let unread = || {
                Error::config(
                    self.metadata.path,
                    key,
                    format!("has {rule:?}, which is not two tokens"),
                )
            };
            rule.split_once(' ').filter(|(left, right)| self.joins(left, right)).ok_or_else(unread)
        });
        let pairs = pairs.collect::<Result<Vec<_>, _>>()?;
        Ok(json!({
            "normalizer": pre.normalizer,
            "pre_tokenizer": pre.split,
            "post_processor": self.post_processor(pre.add_bos, pre_tokenizer::byte_level(true))?,
            "decoder": pre_tokenizer::byte_level(true),
            "model": { "type": "BPE", "ignore_merges": pre.ignore_merges, "vocab": self.vocabulary(), "merges": pairs },
        }))
    }

    fn joins(&self, left: &str, right: &str) -> bool {
        [left, right, &[left, right].concat()].into_iter().all(|token| self.ids.contains_key(token))
    }

    fn sentence_piece(&self) -> Result<Value, Error> {
        let scores = self.metadata.floats("tokenizer.ggml.scores")?;
        let scores = self.metadata.required("tokenizer.ggml.scores", scores)?;
        let prefix = self.metadata.bool("tokenizer.ggml.add_space_prefix")?.unwrap_or(true);
        let spaces = json!({ "type": "Replace", "pattern": { "String": " " }, "content": "▁" });
        let mut normalizers = vec![spaces];
        let mut decoders = vec![
            json!({ "type": "Replace", "pattern": { "String": "▁" }, "content": " " }),
            json!({ "type": "ByteFallback" }),
            json!({ "type": "Fuse" }),
        ];
        if prefix {
            normalizers.insert(0, json!({ "type": "Prepend", "prepend": "▁" }));
            decoders.push(json!({ "type": "Strip", "content": " ", "start": 1, "stop": 0 }));
        }
        let unknown = self
            .kinds()?
            .iter()
            .position(|kind| *kind == UNKNOWN)
            .and_then(|id| self.tokens.get(id));
        let unknown = self.special.unk.as_ref().or(unknown);
        Ok(json!({
            "normalizer": { "type": "Sequence", "normalizers": normalizers },
            "pre_tokenizer": null,
            "post_processor": self.post_processor(true, Value::Null)?,
            "decoder": { "type": "Sequence", "decoders": decoders },
            "model": { "type": "BPE", "unk_token": unknown, "fuse_unk": true, "byte_fallback": true,
                       "vocab": self.vocabulary(), "merges": merges::from_scores(&self.ids, scores) },
        }))
    }

    fn vocabulary(&self) -> Map<String, Value> {
        self.tokens.iter().enumerate().map(|(id, token)| (token.clone(), json!(id))).collect()
    }

    /// Adds beginning- and end-of-sequence tokens where the file, or else the family, wants them.
    fn post_processor(&self, add_bos: bool, otherwise: Value) -> Result<Value, Error> {
        let add_bos = self.metadata.bool("tokenizer.ggml.add_bos_token")?.unwrap_or(add_bos);
        let add_eos = self.metadata.bool("tokenizer.ggml.add_eos_token")?.unwrap_or(false);
        let bos = self.special.bos.as_ref().filter(|_| add_bos);
        let eos = self.special.eos.as_ref().filter(|_| add_eos);
        if bos.is_none() && eos.is_none() {
            return Ok(otherwise);
        }
        let special = |token: &String| json!({ "SpecialToken": { "id": token, "type_id": 0 } });
        let sequence = |name: &str| json!({ "Sequence": { "id": name, "type_id": 0 } });
        let one = |name: &str| {
            bos.map(special).into_iter().chain([sequence(name)]).chain(eos.map(special))
        };
        let tokens = bos.into_iter().chain(eos).map(|token| {
            (
                token.clone(),
                json!({ "id": token, "ids": [self.ids[token.as_str()]], "tokens": [token] }),
            )
        });
        Ok(json!({
            "type": "TemplateProcessing",
            "single": one("A").collect::<Vec<_>>(),
            "pair": one("A").chain(one("B")).collect::<Vec<_>>(),
            "special_tokens": tokens.collect::<Map<_, _>>(),
        }))
    }

    fn kinds(&self) -> Result<&'a [i64], Error> {
        Ok(self.metadata.integers("tokenizer.ggml.token_type")?.unwrap_or_default())
    }

    /// Control tokens are special; user-defined ones are matched whole but stay in decoded text.
    fn added_tokens(&self) -> Result<Value, Error> {
        let kinds = self.kinds()?;
        let named: Vec<&str> = self.special.named().map(|(_, token)| token).collect();
        let tokens = self.tokens.iter().enumerate().filter_map(|(id, token)| {
            let kind = kinds.get(id).copied().unwrap_or(0);
            let special = matches!(kind, CONTROL | UNKNOWN) || (kinds.is_empty() && named.contains(&token.as_str()));
            (special || kind == USER_DEFINED).then(|| {
                json!({ "id": id, "content": token, "special": special, "single_word": false, "lstrip": false,
                        "rstrip": false, "normalized": false })
            })
        });
        Ok(tokens.filter(|token| token["content"] != "").collect())
    }
}
