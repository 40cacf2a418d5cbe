//! What the model thinks of tokens that are there.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use rayon::prelude::*;
use srlm_generate::Error;

use super::{Engine, select_rows, to_host};
use crate::packed::PackedSequences;

/// Rows whose logits are held at a time.
const LOGITS_ROWS: usize = 64;
/// Tokens of one pass.
const PASS_TOKENS: usize = 2048;

/// A token of a text, given those before it.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenScore {
    /// The token.
    pub id: u32,
    /// Its log-probability in nats, at temperature 1 and without filters.
    pub logp: f64,
    /// The likeliest tokens at its place with theirs, likeliest first.
    pub top: Vec<(u32, f64)>,
}

impl Engine {
    /// Scores every token of each sequence but the first, with the `n_top` likeliest at its place.
    /// What sequences share at their beginning is computed once for all that go through the model
    /// together.
    ///
    /// # Errors
    /// [`Error::Interrupted`]
    ///
    /// # Panics
    /// When a sequence is longer than the model's context, or a token beyond its vocabulary.
    pub fn score(&self, sequences: &[&[u32]], n_top: usize) -> Result<Vec<Vec<TokenScore>>, Error> {
        let mut scores = vec![Vec::new(); sequences.len()];
        let mut pass: Vec<usize> = Vec::new();
        let mut n_tokens = 0;
        for (i, sequence) in sequences.iter().enumerate().filter(|(_, sequence)| sequence.len() > 1)
        {
            if n_tokens + sequence.len() > PASS_TOKENS && !pass.is_empty() {
                self.score_pass(sequences, &std::mem::take(&mut pass), n_top, &mut scores)?;
                n_tokens = 0;
            }
            pass.push(i);
            n_tokens += sequence.len();
        }
        if !pass.is_empty() {
            self.score_pass(sequences, &pass, n_top, &mut scores)?;
        }
        Ok(scores)
    }

    fn score_pass(
        &self,
        sequences: &[&[u32]],
        pass: &[usize],
        n_top: usize,
        scores: &mut [Vec<TokenScore>],
    ) -> Result<(), Error> {
        if self.interrupt.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        let together: Vec<&[u32]> = pass.iter().map(|&i| sequences[i]).collect();
        let packed = PackedSequences::inputs_of(&together);
        let scored = packed.scored(&together, &vec![1; together.len()]);
        let hidden = self.model.hidden(&packed.ids, &Arc::new(packed.layout.clone()));
        let vocabulary = self.model.config().vocab_size;
        let places: Vec<usize> = (0..scored.rows.len()).collect();
        for places in places.chunks(LOGITS_ROWS) {
            let rows: Vec<usize> = places.iter().map(|&place| scored.rows[place]).collect();
            let logits = to_host(self.model.logits(select_rows(&hidden, &rows)));
            let score = |(&place, logits): (&usize, &[f32])| TokenScore {
                id: scored.targets[place],
                logp: srlm_kernels::token_logp(logits, scored.targets[place]),
                top: if n_top == 0 { Vec::new() } else { srlm_kernels::top_logps(logits, n_top) },
            };
            let found: Vec<TokenScore> =
                places.par_iter().zip(logits.par_chunks_exact(vocabulary)).map(score).collect();
            for (&place, score) in places.iter().zip(found) {
                scores[pass[scored.sequences[place]]].push(score);
            }
        }
        Ok(())
    }
}
