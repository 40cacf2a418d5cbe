//! Passes that train: a loss of token log-probabilities and its gradients.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{DType, Gradients, Tensor};
use srlm_settings::Precision;

use crate::dropout::Dropout;
use crate::layers::Pass;
use crate::model::Model;
use crate::packed::{PackedSequences, Scored};

/// How a training pass is computed; the default is how a measuring pass is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TrainingPass {
    /// Its dropout.
    pub dropout: Dropout,
    /// Its numbers.
    pub precision: Precision,
    /// Keep the states between layers only, and compute what lies within a layer again for its
    /// gradient: about a third more work, and one layer's activations in memory in place of all.
    pub recompute_layers: bool,
}

/// The numbers of activations and products.
fn dtype(precision: Precision) -> DType {
    match precision {
        Precision::F32 => DType::F32,
        Precision::Bf16 => DType::BF16,
    }
}

impl Model {
    /// Calls `loss` with the log-probability of each scored token, in nats, `[scored]`, and hands
    /// the gradients of what it returns to `take`: at once, or in parts that have to be summed.
    ///
    /// # Shapes
    /// The loss is `[1]`.
    ///
    /// # Source
    /// Recomputation: Chen et al. 2016, section 3, with a segment for each layer.
    pub fn backward(
        &self,
        (packed, scored): (&PackedSequences, &Scored),
        pass: &TrainingPass,
        loss: impl FnOnce(Tensor<1>) -> Tensor<1>,
        take: &mut dyn FnMut(Gradients),
    ) {
        let shared = self.pass(&packed.ids, &Arc::new(packed.layout.clone()), pass.dropout);
        let logps = |x: Tensor<2>| self.head_logps(self.norm.forward(x, shared.epsilon), scored);
        let embedded = || self.embed(&packed.ids).cast(dtype(pass.precision));
        if !pass.recompute_layers {
            take(loss(logps(self.layers_from(embedded(), &shared))).backward());
            return;
        }
        let mut states = self.states_between_layers(&packed.ids, &shared, pass.precision);
        let top = leaf(states.pop().expect("the embeddings come first"));
        let mut gradients = loss(logps(top.clone())).backward();
        let mut upper =
            top.grad_remove(&mut gradients).expect("the loss depends on the last states");
        take(gradients);
        for (index, (layer, state)) in self.layers.iter().zip(states).enumerate().rev() {
            let state = leaf(state);
            let y = layer.forward(state.clone(), &shared, index, None);
            let mut gradients = (y * Tensor::from_inner(upper)).sum().backward();
            upper =
                state.grad_remove(&mut gradients).expect("a layer's output depends on its input");
            take(gradients);
        }
        if self.embed_tokens.weight.val().is_require_grad() {
            take((embedded() * Tensor::from_inner(upper)).sum().backward());
        }
    }

    fn layers_from(&self, x: Tensor<2>, shared: &Pass) -> Tensor<2> {
        self.layers
            .iter()
            .enumerate()
            .fold(x, |x, (index, layer)| layer.forward(x, shared, index, None))
    }

    /// What enters each layer, and what leaves the last, outside any graph.
    fn states_between_layers(
        &self,
        ids: &[u32],
        shared: &Pass,
        precision: Precision,
    ) -> Vec<Tensor<2>> {
        let plain = self.valid();
        let mut states = vec![plain.embed(ids).cast(dtype(precision))];
        for (index, layer) in plain.layers.iter().enumerate() {
            states.push(layer.forward(states[index].clone(), shared, index, None));
        }
        states
    }
}

/// A state as the beginning of a graph.
fn leaf(state: Tensor<2>) -> Tensor<2> {
    Tensor::from_inner(state).require_grad()
}
