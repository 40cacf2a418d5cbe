//! What a kind of training supplies to the loop.

use burn::tensor::Tensor;
use srlm_model::{Model, PackedSequences, Scored};

/// A loss over examples: a function of the log-probabilities of some of their tokens.
pub trait Objective: Sync {
    /// One example: a response to learn, or a pair.
    type Example: Sync;

    /// Names the example in errors.
    fn id<'a>(&self, example: &'a Self::Example) -> &'a str;

    /// Tokens that the example puts through the model, for sizing passes.
    fn n_tokens(&self, example: &Self::Example) -> usize;

    /// The example's tokens: neighbors in their order share the longest beginnings, and so the most
    /// work.
    fn tokens<'a>(&self, example: &'a Self::Example) -> &'a [u32];

    /// What the example counts for in the mean: 1 for a pair, its response tokens for SFT.
    fn weight(&self, example: &Self::Example) -> f64;

    /// A constant of the whole step, found without gradients before its passes, such as KTO's
    /// reference point.
    fn constant(
        &self,
        _model: &Model,
        _examples: &[&Self::Example],
        _micro_batch_tokens: usize,
    ) -> f64 {
        0.0
    }

    /// The rows of a pass over these examples, and the tokens whose log-probabilities the loss is a
    /// function of.
    fn pack(&self, examples: &[&Self::Example]) -> (PackedSequences, Scored);

    /// The part of a step's loss that these examples make up: their summed loss divided by the
    /// weight of the whole step. Parts of a step simply add up, however it is divided.
    ///
    /// # Shapes
    /// `token_logps` is `[scored]`, in nats; the loss is `[1]`.
    fn loss(
        &self,
        token_logps: Tensor<1>,
        scored: &Scored,
        examples: &[&Self::Example],
        step: StepNumbers,
    ) -> (Tensor<1>, Measures);
}

/// What all passes of a step share.
#[derive(Clone, Copy, Debug)]
pub struct StepNumbers {
    /// Sum of the weights of the step's examples.
    pub total_weight: f64,
    /// What [`Objective::constant`] found.
    pub constant: f64,
}

/// Sums over the examples of a pass; the loop turns them into the step's metrics.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measures {
    /// Pairs, 0 without any.
    pub n_pairs: u32,
    /// Chosen or desirable responses, 0 for SFT.
    pub n_chosen: u32,
    /// Rejected or undesirable responses.
    pub n_rejected: u32,
    /// Sum of the chosen rewards.
    pub rewards_chosen: f64,
    /// Sum of the rejected rewards.
    pub rewards_rejected: f64,
    /// Pairs whose chosen reward is the higher.
    pub n_correct: u32,
    /// Sum of the chosen log-probabilities.
    pub logps_chosen: f64,
    /// Sum of the rejected log-probabilities.
    pub logps_rejected: f64,
}

impl Measures {
    pub(crate) fn add(&mut self, other: &Self) {
        self.n_pairs += other.n_pairs;
        self.n_chosen += other.n_chosen;
        self.n_rejected += other.n_rejected;
        self.rewards_chosen += other.rewards_chosen;
        self.rewards_rejected += other.rewards_rejected;
        self.n_correct += other.n_correct;
        self.logps_chosen += other.logps_chosen;
        self.logps_rejected += other.logps_rejected;
    }
}
