//! A tokenizer as the tables `tokenizer.*` of a GGUF file.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value as Json;

use super::value::Value;
use super::write_metadata::Pairs;
use crate::config::ModelConfig;
use crate::error::Error;
use crate::tokenizer::{END_OF_TURN, Tokenizer, pre_tokenizer};

/// Token types (`enum llama_token_type` in `llama.h`).
const NORMAL: i64 = 1;
const UNKNOWN: i64 = 2;
const CONTROL: i64 = 3;
const USER_DEFINED: i64 = 4;
const UNUSED: i64 = 5;
const BYTE: i64 = 6;

/// Vocabulary, merges or scores, special tokens and chat template; `path` is named in errors.
pub(super) fn metadata(
    tokenizer: &Tokenizer,
    config: &ModelConfig,
    path: &Path,
) -> Result<Pairs, Error> {
    let (document, settings) = tokenizer.to_json(config.max_positions)?;
    let source = Source { document: &document, settings: &settings, tokenizer, config, path };
    let model = &document["model"];
    if model["type"] != "BPE" {
        return Err(
            source.refused(format!("is of the kind {}; GGUF's tables hold BPE", model["type"]))
        );
    }
    let sentence_piece = model["byte_fallback"] == true;
    let mut pairs =
        vec![("tokenizer.ggml.model", string(if sentence_piece { "llama" } else { "gpt2" }))];
    let (tokens, kinds) = source.tokens(sentence_piece)?;
    if sentence_piece {
        pairs.push(("tokenizer.ggml.pre", string("default")));
        pairs.push(("tokenizer.ggml.scores", Value::Floats(source.scores(&tokens)?)));
        pairs.push(("tokenizer.ggml.add_space_prefix", Value::Bool(adds_space(&document))));
    } else {
        let name = pre_tokenizer::name_of(&document).ok_or_else(|| {
            source.refused(format!(
                "splits text as no family does that is written: {}",
                document["pre_tokenizer"]
            ))
        })?;
        pairs.push(("tokenizer.ggml.pre", string(name)));
        let merges =
            source.merges()?.iter().map(|(left, right)| format!("{left} {right}")).collect();
        pairs.push(("tokenizer.ggml.merges", Value::Strings(merges)));
    }
    pairs.push(("tokenizer.ggml.tokens", Value::Strings(tokens)));
    pairs.push(("tokenizer.ggml.token_type", Value::Integers(kinds)));
    pairs.extend(source.special()?);
    if let Some(template) = settings["chat_template"].as_str() {
        pairs.push(("tokenizer.chat_template", string(template)));
    }
    Ok(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn string(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// What the tables are made from.
struct Source<'a> {
    /// The content of `tokenizer.json`.
    document: &'a Json,
    /// The content of `tokenizer_config.json`.
    settings: &'a Json,
    tokenizer: &'a Tokenizer,
    config: &'a ModelConfig,
    path: &'a Path,
}

impl Source<'_> {
    fn refused(&self, reason: String) -> Error {
        Error::tokenizer(self.path, reason)
    }

    /// Text and type of each row of the embedding; rows without a token are filled as llama.cpp's
    /// converter does.
    fn tokens(&self, sentence_piece: bool) -> Result<(Vec<String>, Vec<i64>), Error> {
        let n = self.config.vocab_size;
        let mut rows: Vec<(String, i64)> =
            (0..n).map(|id| (format!("[PAD{id}]"), UNUSED)).collect();
        let unknown = self.document["model"]["unk_token"].as_str();
        let vocabulary = self.document["model"]["vocab"].as_object().into_iter().flatten();
        let vocabulary = vocabulary.map(|(token, id)| {
            let kind = match token.as_str() {
                _ if !sentence_piece => NORMAL,
                token if Some(token) == unknown => UNKNOWN,
                token if is_byte(token) => BYTE,
                _ => NORMAL,
            };
            (id, token.as_str(), kind)
        });
        let added = self.document["added_tokens"].as_array().into_iter().flatten().map(|token| {
            let content = token["content"].as_str().unwrap_or_default();
            let kind = match token["special"] == true {
                true if sentence_piece && Some(content) == unknown => UNKNOWN,
                true => CONTROL,
                false => USER_DEFINED,
            };
            (&token["id"], content, kind)
        });
        for (id, token, kind) in vocabulary.chain(added) {
            let row = id.as_u64().and_then(|id| rows.get_mut(id as usize)).ok_or_else(|| {
                self.refused(format!("has token {token:?} at {id}, but the embedding has {n} rows"))
            })?;
            *row = (token.to_owned(), kind);
        }
        Ok(rows.into_iter().unzip())
    }

    fn merges(&self) -> Result<Vec<(&str, &str)>, Error> {
        let merges = self.document["model"]["merges"].as_array().into_iter().flatten();
        let pairs = merges.map(|rule| {
            let pair = match rule {
                Json::String(text) => text.split_once(' '),
                rule => rule[0].as_str().zip(rule[1].as_str()),
            };
            let plain = |part: &str| !part.contains(' ');
            let pair = pair.filter(|(left, right)| plain(left) && plain(right));
            pair.ok_or_else(|| {
                self.refused(format!("has the merge {rule}; GGUF's are two tokens without spaces"))
            })
        });
        pairs.collect()
    }

    /// SentencePiece's scores: a piece that an earlier merge makes has a better one.
    ///
    /// `tokenizer.json` keeps merges in their place, sorted by the score of what they make, so the
    /// order of the first merge that makes each piece is all that there is to know. Pieces that no
    /// merge makes come last.
    fn scores(&self, tokens: &[String]) -> Result<Vec<f32>, Error> {
        let merges = self.merges()?;
        let mut ranks: HashMap<String, usize> = HashMap::with_capacity(merges.len());
        for (left, right) in &merges {
            let next = ranks.len();
            ranks.entry([*left, right].concat()).or_insert(next);
        }
        let last = ranks.len();
        Ok(tokens.iter().map(|token| -(ranks.get(token).copied().unwrap_or(last) as f32)).collect())
    }

    /// The ids that have a role, and whether they are added to a text.
    fn special(&self) -> Result<Vec<(&'static str, Value)>, Error> {
        let named = |key: &str| {
            self.settings[key].as_str().and_then(|token| self.tokenizer.token_id(token))
        };
        let bos = named("bos_token").or(self.config.bos_token_id);
        let eos = named("eos_token").or(self.config.eos_token_ids.first().copied());
        let ids = [
            ("tokenizer.ggml.bos_token_id", bos),
            ("tokenizer.ggml.eos_token_id", eos),
            ("tokenizer.ggml.eot_token_id", self.other_end(eos)),
            ("tokenizer.ggml.unknown_token_id", named("unk_token")),
            ("tokenizer.ggml.padding_token_id", named("pad_token").or(self.config.pad_token_id)),
        ];
        let ids =
            ids.into_iter().filter_map(|(key, id)| Some((key, Value::Integer(i64::from(id?)))));
        let (add_bos, add_eos) = self.adds(bos, eos)?;
        let adds =
            [("tokenizer.ggml.add_bos_token", add_bos), ("tokenizer.ggml.add_eos_token", add_eos)];
        let adds = adds.map(|(key, adds)| (key, Value::Bool(adds)));
        Ok(ids.chain(adds).collect())
    }

    /// A token that ends a sequence beside `eos` and that readers do not know by its text.
    fn other_end(&self, eos: Option<u32>) -> Option<u32> {
        let known =
            |id: u32| END_OF_TURN.iter().any(|token| self.tokenizer.token_id(token) == Some(id));
        self.config.eos_token_ids.iter().copied().find(|id| Some(*id) != eos && !known(*id))
    }

    /// Whether the tokenizer puts `bos` before a text and `eos` behind it, found by trying.
    fn adds(&self, bos: Option<u32>, eos: Option<u32>) -> Result<(bool, bool), Error> {
        let (plain, whole) =
            (self.tokenizer.encode("a", false)?, self.tokenizer.encode("a", true)?);
        let ways = [(false, false), (true, false), (false, true), (true, true)];
        let found = ways.into_iter().find(|&(add_bos, add_eos)| {
            let bos = bos.filter(|_| add_bos).into_iter();
            let eos = eos.filter(|_| add_eos);
            bos.chain(plain.iter().copied()).chain(eos).eq(whole.iter().copied())
        });
        found.ok_or_else(|| {
            self.refused(
                "adds tokens other than the beginning- and end-of-sequence tokens, which GGUF cannot say".into(),
            )
        })
    }
}

/// Whether text gets a space in front, by a `Prepend` normalizer or by `Metaspace`.
fn adds_space(document: &Json) -> bool {
    let steps = |value: &Json, list: &str| match value[list].as_array() {
        Some(several) => several.clone(),
        None => vec![value.clone()],
    };
    let normalizers = steps(&document["normalizer"], "normalizers");
    let splits = steps(&document["pre_tokenizer"], "pretokenizers");
    normalizers.iter().any(|step| step["type"] == "Prepend")
        || splits
            .iter()
            .any(|step| step["type"] == "Metaspace" && step["prepend_scheme"] != "never")
}

/// Whether `token` stands for a byte: `<0x0A>`.
fn is_byte(token: &str) -> bool {
    let digits = token.strip_prefix("<0x").and_then(|rest| rest.strip_suffix('>'));
    digits.is_some_and(|digits| digits.len() == 2 && u8::from_str_radix(digits, 16).is_ok())
}
