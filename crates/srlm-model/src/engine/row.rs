//! One sample being written.

use std::ops::Range;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use srlm_artifact::FinishReason;
use srlm_checkpoint::{TextStream, Tokenizer};
use srlm_generate::{Request, Sampling, WrittenToken};
use srlm_kernels::{Filter, Run};

/// A sample: its place in the call, its cache region, its generator and what it has written.
pub(super) struct Row<'a> {
    pub(super) request: usize,
    pub(super) sample: usize,
    prefix: Vec<Range<usize>>,
    pub(super) own: Range<usize>,
    sampling: &'a Sampling,
    random: ChaCha8Rng,
    pub(super) tokens: Vec<u32>,
    stream: TextStream,
    text: String,
    top_logprobs: usize,
    /// What the request's `top_logprobs` asks for, a token each.
    written: Vec<Written>,
}

/// A token's text, and the likeliest tokens at its place with their log-probabilities.
struct Written {
    text: String,
    top: Vec<(u32, f64)>,
}

impl<'a> Row<'a> {
    pub(super) fn new(
        (request_index, request): (usize, &'a Request),
        sample: usize,
        prefix: Vec<Range<usize>>,
        own: Range<usize>,
        stream: TextStream,
    ) -> Self {
        Self {
            request: request_index,
            sample,
            prefix,
            own,
            sampling: &request.sampling,
            random: ChaCha8Rng::seed_from_u64(request.seeds[sample]),
            tokens: Vec::new(),
            stream,
            text: String::new(),
            top_logprobs: request.top_logprobs as usize,
            written: Vec::new(),
        }
    }

    /// The row that feeds the last token, at row `row` of the pass; `None` before the first token.
    pub(super) fn run(&self, row: usize) -> Option<(u32, Run)> {
        let token = *self.tokens.last()?;
        let own_first = self.own.start + self.tokens.len() - 1;
        let run = Run {
            rows: row..row + 1,
            prefix: self.prefix.clone(),
            own_start: self.own.start,
            own_first,
        };
        Some((token, run))
    }

    /// Draws the next token.
    pub(super) fn draw(&mut self, logits: &[f32]) -> u32 {
        let filter = Filter {
            temperature: self.sampling.temperature as f32,
            top_k: self.sampling.top_k as usize,
            top_p: self.sampling.top_p as f32,
            min_p: self.sampling.min_p as f32,
        };
        let token = srlm_kernels::sample(logits, filter, self.random.random::<f64>());
        self.tokens.push(token);
        if self.top_logprobs > 0 {
            self.written.push(Written {
                text: String::new(),
                top: srlm_kernels::top_logps(logits, self.top_logprobs),
            });
        }
        token
    }

    /// Takes in the token just drawn: the text that it completes, and why the row ends, if it does.
    pub(super) fn accept(
        &mut self,
        token: u32,
        end_tokens: &[u32],
    ) -> (String, Option<FinishReason>) {
        let ended = end_tokens.contains(&token) && !self.sampling.ignore_eos;
        if ended {
            return (String::new(), Some(FinishReason::Stop));
        }
        let piece = self.stream.push(token);
        self.text.push_str(&piece);
        if let Some(written) = self.written.last_mut() {
            written.text.clone_from(&piece);
        }
        if self.stop_position().is_some() {
            return (piece, Some(FinishReason::Stop));
        }
        (piece, (self.tokens.len() == self.own.len()).then_some(FinishReason::Length))
    }

    /// The tokens written and what could have stood in their places, where the request asks for
    /// them.
    pub(super) fn written(
        &self,
        tokenizer: &Tokenizer,
    ) -> Result<Vec<WrittenToken>, srlm_checkpoint::Error> {
        let top = |&(id, logp): &(u32, f64)| Ok((tokenizer.decode(&[id], false)?, logp));
        let token = |written: &Written| {
            let top = written.top.iter().map(top).collect::<Result<_, srlm_checkpoint::Error>>()?;
            Ok(WrittenToken { text: written.text.clone(), top })
        };
        self.written.iter().map(token).collect()
    }

    fn stop_position(&self) -> Option<usize> {
        self.sampling.stop.iter().filter_map(|stop| self.text.find(stop.as_str())).min()
    }

    /// What was written, without special tokens and stop strings.
    pub(super) fn text(&self, tokenizer: &Tokenizer) -> Result<String, srlm_checkpoint::Error> {
        match self.stop_position() {
            Some(at) => Ok(self.text[..at].to_owned()),
            None => tokenizer.decode(&self.tokens, true),
        }
    }
}
