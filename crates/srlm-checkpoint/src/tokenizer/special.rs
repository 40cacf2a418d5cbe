//! Special tokens by role.

use std::collections::HashSet;

/// Tokens that end a turn in the templates of known families (llama.cpp's end-of-generation list).
pub(crate) const END_OF_TURN: [&str; 7] = [
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<end_of_turn>",
    "<|endoftext|>",
    "<|end_of_text|>",
];

/// The special tokens that have a name of their own; templates read them as `bos_token` and so on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SpecialTokens {
    pub(crate) bos: Option<String>,
    pub(crate) eos: Option<String>,
    pub(crate) unk: Option<String>,
    pub(crate) pad: Option<String>,
}

impl SpecialTokens {
    /// Names as Hugging Face's files write them.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let named = [
            ("bos_token", &self.bos),
            ("eos_token", &self.eos),
            ("unk_token", &self.unk),
            ("pad_token", &self.pad),
        ];
        named.into_iter().filter_map(|(name, token)| Some((name, token.as_deref()?)))
    }

    /// The configuration's ids, the end-of-sequence token, then end-of-turn tokens; each once.
    pub(crate) fn eos_ids(
        &self,
        tokenizer: &tokenizers::Tokenizer,
        configured: &[u32],
        special: &HashSet<u32>,
    ) -> Vec<u32> {
        let named = self.eos.as_deref().and_then(|token| tokenizer.token_to_id(token));
        let turns = END_OF_TURN
            .iter()
            .filter_map(|token| tokenizer.token_to_id(token))
            .filter(|id| special.contains(id));
        let mut ids = Vec::new();
        for id in configured.iter().copied().chain(named).chain(turns) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids
    }
}

/// Ids of all tokens that are marked special.
pub(crate) fn special_ids(tokenizer: &tokenizers::Tokenizer) -> HashSet<u32> {
    tokenizer
        .get_added_tokens_decoder()
        .into_iter()
        .filter(|(_, token)| token.special)
        .map(|(id, _)| id)
        .collect()
}
