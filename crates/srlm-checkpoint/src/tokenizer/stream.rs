//! Decoding one token at a time.

use std::collections::HashSet;
use std::sync::Arc;

/// A character has at most four bytes, so at most three tokens can wait for its last; more are not
/// UTF-8 at all.
const MAX_WAITING: usize = 8;

/// Yields text as soon as it is complete UTF-8.
///
/// A token's text can depend on the one before it (a leading space is stripped at the start), so
/// each piece is the difference between decoding a short window with and without the new tokens.
/// For tokens that spell valid UTF-8 the pieces together are `Tokenizer::decode`'s.
#[derive(Clone, Debug)]
pub struct TextStream {
    tokenizer: Arc<tokenizers::Tokenizer>,
    special: Arc<HashSet<u32>>,
    /// The tokens of the last piece, then those that wait.
    window: Vec<u32>,
    /// How many of the window have been yielded.
    yielded: usize,
}

impl TextStream {
    pub(crate) fn new(tokenizer: Arc<tokenizers::Tokenizer>, special: Arc<HashSet<u32>>) -> Self {
        Self { tokenizer, special, window: Vec::new(), yielded: 0 }
    }

    /// Takes in a token and gives the text that it completes, often none; a special token yields
    /// nothing.
    pub fn push(&mut self, id: u32) -> String {
        if self.special.contains(&id) { String::new() } else { self.push_any(id) }
    }

    /// As [`TextStream::push`], but a special token yields its text, too.
    pub fn push_any(&mut self, id: u32) -> String {
        self.window.push(id);
        let after = self.text(&self.window);
        let waits = after.ends_with(char::REPLACEMENT_CHARACTER)
            && self.window.len() - self.yielded < MAX_WAITING;
        if waits { String::new() } else { self.yield_from(&after) }
    }

    /// The text of tokens that still wait; an unfinished character is U+FFFD.
    pub fn finish(&mut self) -> String {
        let after = self.text(&self.window);
        self.yield_from(&after)
    }

    fn yield_from(&mut self, after: &str) -> String {
        let before = self.text(&self.window[..self.yielded]);
        let Some(piece) = after.get(before.len()..).filter(|piece| !piece.is_empty()) else {
            return String::new();
        };
        self.window.drain(..self.yielded);
        self.yielded = self.window.len();
        piece.to_owned()
    }

    fn text(&self, ids: &[u32]) -> String {
        self.tokenizer.decode(ids, false).unwrap_or_default()
    }
}
