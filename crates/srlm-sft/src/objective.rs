//! Supervised fine-tuning as an objective of the training loop.

use burn::tensor::Tensor;
use srlm_model::{Conversation, Model, PackedSequences};
use srlm_train::{Measures, Objective};

/// A conversation whose last response is learned.
#[derive(Clone, Debug)]
pub struct Example {
    /// Names the example in errors.
    pub id: String,
    /// Its tokens.
    pub conversation: Conversation,
}

/// Mean negative log-probability of the response tokens, each token counting the same.
#[derive(Clone, Copy, Debug)]
pub struct ResponseLoss;

impl Objective for ResponseLoss {
    type Example = Example;

    fn id<'a>(&self, example: &'a Example) -> &'a str {
        &example.id
    }

    fn n_tokens(&self, example: &Example) -> usize {
        example.conversation.ids.len()
    }

    fn tokens<'a>(&self, example: &'a Example) -> &'a [u32] {
        &example.conversation.ids
    }

    fn weight(&self, example: &Example) -> f64 {
        example.conversation.n_response() as f64
    }

    fn loss(&self, model: &Model, examples: &[&Example], total_weight: f64) -> (Tensor<1>, Measures) {
        let sequences: Vec<&[u32]> = examples.iter().map(|e| e.conversation.ids.as_slice()).collect();
        let starts: Vec<usize> = examples.iter().map(|e| e.conversation.response_start).collect();
        let packed = PackedSequences::new(&sequences);
        let scored = packed.scored(&sequences, &starts);
        let loss = -model.token_logps(&packed, &scored).sum() / total_weight;
        (loss, Measures { n_tokens: packed.n_rows() as u64, ..Measures::default() })
    }
}

/// Mean negative log-probability of the response tokens of held-out examples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeldOutLoss {
    /// Nats a token.
    pub loss: f64,
    /// Response tokens counted.
    pub n_tokens: u64,
}

/// The loss on examples without learning from them, in passes of at most `micro_batch_tokens`.
pub fn held_out_loss(model: &Model, examples: &[Example], micro_batch_tokens: usize) -> HeldOutLoss {
    let (mut sum, mut n_tokens) = (0.0, 0);
    let mut rest = examples;
    while !rest.is_empty() {
        let mut tokens = 0;
        let fits = |example: &&Example| {
            tokens += example.conversation.ids.len();
            tokens <= micro_batch_tokens
        };
        let (now, later) = rest.split_at(rest.iter().take_while(fits).count().max(1));
        let sequences: Vec<&[u32]> = now.iter().map(|e| e.conversation.ids.as_slice()).collect();
        let starts: Vec<usize> = now.iter().map(|e| e.conversation.response_start).collect();
        sum -= model.response_logps(&sequences, &starts).iter().sum::<f64>();
        n_tokens += now.iter().map(|e| e.conversation.n_response() as u64).sum::<u64>();
        rest = later;
    }
    HeldOutLoss { loss: if n_tokens == 0 { 0.0 } else { sum / n_tokens as f64 }, n_tokens }
}
