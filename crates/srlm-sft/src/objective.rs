//! Supervised fine-tuning as an objective of the training loop.

use std::ops::Range;

use burn::tensor::{Tensor, TensorData};
use srlm_model::{Conversation, Model, PackedSequences, Scored};
use srlm_train::{Measures, Objective, StepNumbers};

/// A conversation, and what of it is learned.
#[derive(Clone, Debug)]
pub struct Example {
    /// Names the example in errors.
    pub id: String,
    /// Its tokens.
    pub ids: Vec<u32>,
    /// Places of the tokens that are learned, in order.
    pub learned: Vec<Range<usize>>,
    /// What one of its tokens counts for beside one of another example.
    pub token_weight: f64,
}

impl Example {
    /// Learns the response of a conversation.
    pub fn response(id: impl Into<String>, conversation: Conversation) -> Self {
        let Conversation { ids, response_start } = conversation;
        let learned = std::iter::once(response_start..ids.len()).collect();
        Self { id: id.into(), ids, learned, token_weight: 1.0 }
    }

    /// Tokens that are learned.
    pub fn n_learned(&self) -> usize {
        self.learned.iter().map(Range::len).sum()
    }

    /// Cuts to `max_length` tokens; `None` when nothing to learn is left.
    pub fn truncated(mut self, max_length: usize) -> Option<Self> {
        self.ids.truncate(max_length);
        self.learned.iter_mut().for_each(|span| span.end = span.end.min(max_length));
        self.learned.retain(|span| span.start < span.end);
        (!self.learned.is_empty()).then_some(self)
    }
}

fn pack(examples: &[&Example]) -> (PackedSequences, Scored) {
    let sequences: Vec<&[u32]> = examples.iter().map(|example| example.ids.as_slice()).collect();
    let spans: Vec<&[Range<usize>]> =
        examples.iter().map(|example| example.learned.as_slice()).collect();
    let packed = PackedSequences::inputs_of(&sequences);
    let scored = packed.scored_spans(&sequences, &spans);
    (packed, scored)
}

/// Mean negative log-probability of the learned tokens, weighted by their examples.
#[derive(Clone, Copy, Debug)]
pub struct ResponseLoss;

impl Objective for ResponseLoss {
    type Example = Example;

    fn id<'a>(&self, example: &'a Example) -> &'a str {
        &example.id
    }

    fn n_tokens(&self, example: &Example) -> usize {
        example.ids.len()
    }

    fn tokens<'a>(&self, example: &'a Example) -> &'a [u32] {
        &example.ids
    }

    fn weight(&self, example: &Example) -> f64 {
        example.token_weight * example.n_learned() as f64
    }

    fn pack(&self, examples: &[&Example]) -> (PackedSequences, Scored) {
        pack(examples)
    }

    fn loss(
        &self,
        token_logps: Tensor<1>,
        scored: &Scored,
        examples: &[&Example],
        step: StepNumbers,
    ) -> (Tensor<1>, Measures) {
        let token_logps = if examples.iter().all(|example| example.token_weight == 1.0) {
            token_logps
        } else {
            let weights: Vec<f32> =
                scored.sequences.iter().map(|&i| examples[i].token_weight as f32).collect();
            let weights =
                Tensor::from_data(TensorData::from(weights.as_slice()), &token_logps.device());
            token_logps * weights
        };
        (-token_logps.sum() / step.total_weight, Measures::default())
    }
}

/// Mean negative log-probability of the learned tokens of held-out examples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeldOutLoss {
    /// Nats a token.
    pub loss: f64,
    /// Tokens counted.
    pub n_tokens: u64,
}

/// The loss on examples without learning from them, in passes of at most `micro_batch_tokens`;
/// every token counts the same.
pub fn held_out_loss(
    model: &Model,
    examples: &[Example],
    micro_batch_tokens: usize,
) -> HeldOutLoss {
    let (mut sum, mut n_tokens) = (0.0, 0);
    let mut rest = examples;
    while !rest.is_empty() {
        let mut tokens = 0;
        let fits = |example: &&Example| {
            tokens += example.ids.len();
            tokens <= micro_batch_tokens
        };
        let (now, later) = rest.split_at(rest.iter().take_while(fits).count().max(1));
        let (packed, scored) = pack(&now.iter().collect::<Vec<_>>());
        let logps = model
            .token_logps(&packed, &scored)
            .into_data()
            .try_to_vec::<f32>()
            .expect("the model computes in f32");
        sum -= logps.iter().map(|&logp| f64::from(logp)).sum::<f64>();
        n_tokens += logps.len() as u64;
        rest = later;
    }
    HeldOutLoss { loss: if n_tokens == 0 { 0.0 } else { sum / n_tokens as f64 }, n_tokens }
}
