//! The batched decode engine.

mod call;
mod encode;
mod prompts;
mod row;
mod score;
mod slots;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use burn::tensor::{Device, Int, Tensor, TensorData};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use srlm_artifact::FinishReason;
use srlm_checkpoint::{Checkpoint, Tokenizer};
use srlm_generate::{Completion, Error, Generate, Request};
use srlm_kernels::Layout;

use crate::layers::LayerCache;
use crate::model::Model;
use call::Call;
use encode::region_len;
use row::Row;
pub use score::TokenScore;

/// How much the engine does at a time. It decides which rows share a pass, and so the last bits of
/// the logits: part of what an artifact's key covers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EngineConfig {
    /// Samples written at the same time.
    pub max_rows: usize,
    /// Tokens whose keys and values are kept; memory is `layers * kv_heads * head_dim * 8` bytes
    /// each.
    pub cache_tokens: usize,
    /// Prompt tokens computed in one pass, beside the rows being written.
    pub prefill_tokens: usize,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self { max_rows: 128, cache_tokens: 12_288, prefill_tokens: 512 }
    }
}

/// Tokens and time spent so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Throughput {
    /// Prompt tokens computed; a shared beginning counts once.
    pub prefill_tokens: u64,
    /// Tokens written.
    pub decode_tokens: u64,
    /// Time in passes, divided between the two by their rows.
    pub prefill_time: Duration,
    /// See `prefill_time`.
    pub decode_time: Duration,
}

/// What the engine tells while it works.
pub enum Event<'a> {
    /// A sample's text grew.
    Text {
        /// Place of the request in the call.
        request_index: usize,
        /// Place of the seed in the request.
        sample_index: usize,
        /// Whole characters only.
        text: &'a str,
    },
    /// A sample ended; its tokens are those drawn, the end token included.
    Done(Completion, &'a [u32]),
}

/// Requests under way.
pub struct Serving<'a> {
    engine: &'a mut Engine,
    call: Call<'a>,
}

impl Serving<'_> {
    /// One pass through the model, of which events tell; `false` when every sample has ended.
    ///
    /// # Errors
    /// Logits that are not finite, or an interruption.
    pub fn pass(&mut self, on_event: &mut dyn FnMut(Event<'_>)) -> Result<bool, Error> {
        let Self { engine, call } = self;
        if !call.admit(&engine.tokenizer) {
            return call.waiting.last().map_or(Ok(false), |&(request, sample_index)| {
                let (engine, request) =
                    (engine.identity.clone(), call.requests[request].id.clone());
                Err(Error::MissingSample { engine, request, sample_index })
            });
        }
        if engine.interrupt.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        engine.step(call, on_event)?;
        Ok(true)
    }

    /// The engine, between passes.
    pub fn engine(&self) -> &Engine {
        self.engine
    }
}

/// Generates with a Burn model: many samples at once, shared beginnings computed once, finished
/// rows replaced.
pub struct Engine {
    model: Model,
    tokenizer: Arc<Tokenizer>,
    config: EngineConfig,
    identity: String,
    interrupt: Arc<AtomicBool>,
    cache: Vec<Option<LayerCache>>,
    n_cached: usize,
    throughput: Throughput,
}

impl Engine {
    /// An engine with the default settings over the model at `path`, a Hugging Face folder or a
    /// GGUF file.
    ///
    /// # Errors
    /// Those of opening and loading the model.
    pub fn open(path: &Path, device: &Device) -> Result<Self, crate::Error> {
        let checkpoint = Checkpoint::open(path)?;
        let content_hash = checkpoint.content_hash()?;
        let model = Model::load(&checkpoint, device)?;
        let engine = Self::new(model, checkpoint.tokenizer, EngineConfig::default());
        Ok(engine.with_content_hash(&content_hash))
    }

    /// An engine over `model`.
    pub fn new(model: Model, tokenizer: impl Into<Arc<Tokenizer>>, config: EngineConfig) -> Self {
        Self {
            model: model.for_inference(),
            tokenizer: tokenizer.into(),
            identity: Self::identity_of("", &config),
            config,
            interrupt: Arc::default(),
            cache: Vec::new(),
            n_cached: 0,
            throughput: Throughput::default(),
        }
    }

    /// Names the weights in the identity, which stands in artifact keys.
    pub fn with_content_hash(mut self, content_hash: &str) -> Self {
        self.identity = Self::identity_of(content_hash, &self.config);
        self
    }

    /// Setting `interrupt` makes a running call end with [`Error::Interrupted`] before its next
    /// pass.
    pub fn with_interrupt(mut self, interrupt: Arc<AtomicBool>) -> Self {
        self.interrupt = interrupt;
        self
    }

    /// The identity of an engine over a model with this content hash.
    pub fn identity_of(content_hash: &str, config: &EngineConfig) -> String {
        let EngineConfig { max_rows, cache_tokens, prefill_tokens } = config;
        format!("{content_hash};rows={max_rows};cache={cache_tokens};prefill={prefill_tokens}")
    }

    /// What ends a running call, see [`Engine::with_interrupt`].
    pub fn interrupt(&self) -> &Arc<AtomicBool> {
        &self.interrupt
    }

    /// The model, see [`Model::for_inference`].
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The model's tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Tokens and time since the engine was made.
    pub fn throughput(&self) -> Throughput {
        self.throughput
    }

    /// Serves every seed of every request and tells each piece of text as it is written.
    ///
    /// # Errors
    /// A request that cannot fit the context or the cache, logits that are not finite, or an
    /// interruption.
    pub fn run(
        &mut self,
        requests: &[Request],
        on_event: &mut dyn FnMut(Event<'_>),
    ) -> Result<(), Error> {
        if requests.is_empty() {
            return Ok(());
        }
        let mut serving = self.serve(requests)?;
        while serving.pass(on_event)? {}
        Ok(())
    }

    /// Takes requests in, to be served a pass at a time.
    ///
    /// # Errors
    /// A request that cannot fit the context or the cache.
    pub fn serve<'a>(&'a mut self, requests: &'a [Request]) -> Result<Serving<'a>, Error> {
        let prompts = requests
            .iter()
            .map(|request| self.prompt_tokens(request))
            .collect::<Result<Vec<_>, _>>()?;
        let needed = self.capacity_needed(requests, &prompts);
        self.grow_cache(needed);
        let context = self.model.config().context();
        let call = Call::new((self.n_cached, context), requests, &prompts, &self.config);
        Ok(Serving { engine: self, call })
    }

    /// The tokens of every first sample as they were drawn, for checks.
    ///
    /// # Errors
    /// As [`Engine::run`].
    pub fn generate_tokens(
        &mut self,
        requests: &[Request],
        on_tokens: &mut dyn FnMut(usize, Vec<u32>),
    ) -> Result<(), Error> {
        self.run(requests, &mut |event| {
            if let Event::Done(completion, tokens) = event
                && completion.sample_index == 0
            {
                on_tokens(completion.request_index, tokens.to_vec());
            }
        })
    }

    /// Slots that serve the call at full width, at most what the configuration allows.
    fn capacity_needed(&self, requests: &[Request], prompts: &[Vec<u32>]) -> usize {
        let limit = self.model.config().context();
        let each = requests.iter().zip(prompts);
        let all: usize =
            each.map(|(r, p)| p.len() + r.seeds.len() * region_len(r, p.len(), limit)).sum();
        all.min(self.config.cache_tokens)
    }

    fn grow_cache(&mut self, capacity: usize) {
        if self.n_cached >= capacity {
            return;
        }
        let config = self.model.config();
        let (width, device) = (config.n_kv_heads * config.head_dim, self.model.device());
        let zeros = || Tensor::zeros([capacity, width], &device);
        self.cache.clear();
        self.cache.extend(
            (0..config.n_layers).map(|_| Some(LayerCache { keys: zeros(), values: zeros() })),
        );
        self.n_cached = capacity;
    }

    /// One pass: prompt tokens of new rows and the last token of every other, then a new token for
    /// each row that has all it needs.
    fn step(
        &mut self,
        call: &mut Call<'_>,
        on_event: &mut dyn FnMut(Event<'_>),
    ) -> Result<(), Error> {
        let started = Instant::now();
        let pass = call.pass(self.config.prefill_tokens);
        let hidden =
            self.model.forward(&pass.ids, &Arc::new(Layout::new(pass.runs)), Some(&mut self.cache));
        let width = self.model.config().hidden_size;
        if !pass.ending.is_empty() {
            let rows: Vec<usize> = pass.ending.iter().map(|&(_, row)| row).collect();
            let states = to_host(select_rows(&hidden, &rows));
            for (&(node, _), state) in pass.ending.iter().zip(states.chunks_exact(width)) {
                call.states.insert(node, state.to_vec());
            }
        }
        let fresh = call.fresh_nodes();
        let mut sources: Vec<Tensor<2>> = Vec::new();
        if !pass.decoding.is_empty() {
            sources.push(select_rows(
                &hidden,
                &pass.decoding.iter().map(|&(_, row)| row).collect::<Vec<_>>(),
            ));
        }
        if !fresh.is_empty() {
            let states: Vec<f32> =
                fresh.iter().flat_map(|node| &call.states[node]).copied().collect();
            let shape = [fresh.len(), width];
            sources.push(Tensor::from_data(TensorData::new(states, shape), &hidden.device()));
        }
        if !sources.is_empty() {
            let logits = to_host(self.model.logits(Tensor::cat(sources, 0)));
            let decoding: Vec<usize> = pass.decoding.iter().map(|&(row, _)| row).collect();
            self.draw(call, &logits, &decoding, &fresh, on_event)?;
        }
        let time = started.elapsed();
        let (n_decode, n_all) =
            (pass.decoding.len().max(usize::from(pass.ids.is_empty())), pass.ids.len().max(1));
        let decode_time = time.mul_f64(n_decode as f64 / n_all as f64);
        self.throughput.decode_time += decode_time;
        self.throughput.prefill_time += time.saturating_sub(decode_time);
        self.throughput.prefill_tokens += (pass.ids.len() - pass.decoding.len()) as u64;
        Ok(())
    }

    fn draw(
        &mut self,
        call: &mut Call<'_>,
        logits: &[f32],
        decoding: &[usize],
        fresh: &[usize],
        on_event: &mut dyn FnMut(Event<'_>),
    ) -> Result<(), Error> {
        let vocabulary = self.model.config().vocab_size;
        let mut source: Vec<Option<usize>> = vec![None; call.rows.len()];
        decoding.iter().enumerate().for_each(|(i, &row)| source[row] = Some(i));
        for (row, place) in call.rows.iter().zip(&mut source) {
            if row.tokens.is_empty() {
                let node = call.prompts.last_node(row.request);
                *place = fresh.iter().position(|&fresh| fresh == node).map(|i| decoding.len() + i);
            }
        }
        let rows = call.rows.par_iter_mut().zip(&source);
        let drawn: Vec<Option<u32>> = rows
            .map(|(row, place)| {
                let logits = &logits[(*place)? * vocabulary..][..vocabulary];
                // A NaN anywhere makes the sum NaN.
                logits.iter().sum::<f32>().is_finite().then(|| row.draw(logits))
            })
            .collect();
        for (at, (place, token)) in source.iter().zip(&drawn).enumerate() {
            if place.is_some() && token.is_none() {
                let request = call.requests[call.rows[at].request].id.clone();
                let reason =
                    "the model's logits are not finite: its weights are damaged or training diverged".to_owned();
                return Err(Error::Request { id: request, reason });
            }
        }
        let mut ended = Vec::new();
        for (at, token) in drawn.into_iter().enumerate() {
            let Some(token) = token else { continue };
            self.throughput.decode_tokens += 1;
            let row = &mut call.rows[at];
            let (text, finish) = row.accept(token, self.tokenizer.eos_ids());
            let (request_index, sample_index) = (row.request, row.sample);
            if !text.is_empty() {
                on_event(Event::Text { request_index, sample_index, text: &text });
            }
            if let Some(finish_reason) = finish {
                let row = &call.rows[at];
                on_event(Event::Done(self.completion(row, finish_reason)?, &row.tokens));
                ended.push(at);
            }
        }
        call.release(&ended);
        Ok(())
    }

    fn completion(&self, row: &Row<'_>, finish_reason: FinishReason) -> Result<Completion, Error> {
        let failed = |error| Error::Engine { engine: "burn".to_owned(), source: Box::new(error) };
        Ok(Completion {
            request_index: row.request,
            sample_index: row.sample,
            text: row.text(&self.tokenizer).map_err(failed)?,
            finish_reason,
            n_tokens: row.tokens.len() as u32,
            tokens: row.written(&self.tokenizer).map_err(failed)?,
        })
    }
}

impl Generate for Engine {
    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn generate(
        &mut self,
        requests: &[Request],
        on_completion: &mut dyn FnMut(Completion),
    ) -> Result<(), Error> {
        self.run(requests, &mut |event| {
            if let Event::Done(completion, _) = event {
                on_completion(completion);
            }
        })
    }
}

fn select_rows(x: &Tensor<2>, rows: &[usize]) -> Tensor<2> {
    let rows: Vec<i32> = rows.iter().map(|&row| row as i32).collect();
    x.clone().select(0, Tensor::<1, Int>::from_data(TensorData::from(rows.as_slice()), &x.device()))
}

fn to_host(x: Tensor<2>) -> Vec<f32> {
    x.into_data().try_into_vec::<f32>().expect("the model computes in f32")
}
