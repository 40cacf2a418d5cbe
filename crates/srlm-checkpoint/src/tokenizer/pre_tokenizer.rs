//! How each family splits text before byte-pair merging.

use serde_json::{Value, json};

/// What a `tokenizer.ggml.pre` name stands for.
pub(crate) struct PreTokenizer {
    /// Hugging Face's `pre_tokenizer`.
    pub(crate) split: Value,
    /// Hugging Face's `normalizer`, or null.
    pub(crate) normalizer: Value,
    /// Whether a word that is a token stays whole whatever the merges say.
    pub(crate) ignore_merges: bool,
    /// Whether a beginning-of-sequence token is added where the file does not say.
    pub(crate) add_bos: bool,
}

/// Names that are read.
pub(crate) const SUPPORTED: &str = "default, gpt-2, smollm, starcoder, refact, command-r, qwen2, deepseek-r1-qwen, \
     stablelm2, llama-bpe, llama3, llama-v3, falcon3, dbrx, smaug-bpe, tekken";

const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// The splitting that `name` stands for; without a name, GPT-2's.
///
/// # Source
/// `llama-vocab.cpp`, `llm_tokenizer_bpe`, and the `tokenizer.json` of the models that the names
/// come from.
pub(crate) fn by_name(name: &str) -> Option<PreTokenizer> {
    let plain = |split| PreTokenizer {
        split,
        normalizer: Value::Null,
        ignore_merges: false,
        add_bos: false,
    };
    Some(match name {
        "default" | "gpt-2" => plain(byte_level(true)),
        "smollm" | "starcoder" | "refact" | "command-r" => {
            let digits = json!({ "type": "Digits", "individual_digits": true });
            plain(sequence(digits, byte_level(true)))
        }
        "qwen2" | "deepseek-r1-qwen" => {
            PreTokenizer { normalizer: json!({ "type": "NFC" }), ..plain(regex(QWEN2)) }
        }
        "stablelm2" => plain(regex(QWEN2)),
        "llama-bpe" | "llama3" | "llama-v3" | "falcon3" => {
            PreTokenizer { ignore_merges: true, add_bos: true, ..plain(regex(LLAMA3)) }
        }
        "dbrx" | "smaug-bpe" => plain(regex(LLAMA3)),
        "tekken" => PreTokenizer { ignore_merges: true, add_bos: true, ..plain(regex(TEKKEN)) },
        _ => return None,
    })
}

/// The name that stands for how the `tokenizer.json` in `document` splits text; `None` when none
/// does.
pub(crate) fn name_of(document: &Value) -> Option<&'static str> {
    let split = without_offsets(&document["pre_tokenizer"]);
    ["gpt-2", "smollm", "qwen2", "stablelm2", "llama-bpe", "smaug-bpe", "tekken"].into_iter().find(
        |name| {
            by_name(name).is_some_and(|known| {
                without_offsets(&known.split) == split
                    && known.normalizer == document["normalizer"]
                    && known.ignore_merges == (document["model"]["ignore_merges"] == true)
            })
        },
    )
}

/// The splitting without what only changes the offsets of tokens in the text.
fn without_offsets(split: &Value) -> Value {
    let mut split = split.clone();
    if let Some(steps) = split["pretokenizers"].as_array_mut() {
        steps.iter_mut().for_each(|step| *step = without_offsets(step));
    } else if let Some(step) = split.as_object_mut() {
        step.remove("trim_offsets");
    }
    split
}

fn regex(pattern: &str) -> Value {
    let split = json!({ "type": "Split", "pattern": { "Regex": pattern }, "behavior": "Isolated", "invert": false });
    sequence(split, byte_level(false))
}

fn sequence(first: Value, second: Value) -> Value {
    json!({ "type": "Sequence", "pretokenizers": [first, second] })
}

/// Bytes as printable characters; with `use_regex`, split by GPT-2's pattern first.
pub(crate) fn byte_level(use_regex: bool) -> Value {
    json!({ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": use_regex })
}
