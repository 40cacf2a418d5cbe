//! What a kind of training supplies to the loop.

use burn::tensor::Tensor;
use srlm_model::Model;

/// A loss over examples.
pub trait Objective {
    /// One example: a response to learn, or a pair.
    type Example;

    /// Names the example in errors.
    fn id<'a>(&self, example: &'a Self::Example) -> &'a str;

    /// Tokens that the example puts through the model, for sizing passes.
    fn n_tokens(&self, example: &Self::Example) -> usize;

    /// The example's tokens: neighbors in their order share the longest beginnings, and so the most work.
    fn tokens<'a>(&self, example: &'a Self::Example) -> &'a [u32];

    /// What the example counts for in the mean: 1 for a pair, its response tokens for SFT.
    fn weight(&self, example: &Self::Example) -> f64;

    /// The part of a step's loss that these examples make up: their summed loss divided by `total_weight`, the weight
    /// of the whole step. Parts of a step simply add up, however it is divided.
    fn loss(&self, model: &Model, examples: &[&Self::Example], total_weight: f64) -> (Tensor<1>, Measures);
}

/// Sums over the examples of a pass; the loop turns them into the step's metrics.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measures {
    /// Tokens that went through the model.
    pub n_tokens: u64,
    /// Pairs, 0 for SFT.
    pub n_pairs: u32,
    /// Sum over pairs of the chosen reward.
    pub rewards_chosen: f64,
    /// Sum over pairs of the rejected reward.
    pub rewards_rejected: f64,
    /// Pairs whose chosen reward is the higher.
    pub n_correct: u32,
    /// Sum over pairs of the chosen log-probability.
    pub logps_chosen: f64,
    /// Sum over pairs of the rejected log-probability.
    pub logps_rejected: f64,
}

impl Measures {
    pub(crate) fn add(&mut self, other: &Self) {
        self.n_tokens += other.n_tokens;
        self.n_pairs += other.n_pairs;
        self.rewards_chosen += other.rewards_chosen;
        self.rewards_rejected += other.rewards_rejected;
        self.n_correct += other.n_correct;
        self.logps_chosen += other.logps_chosen;
        self.logps_rejected += other.logps_rejected;
    }
}
