//! The gradients of one optimizer step, computed in passes.

use std::cell::Cell;

use burn::module::Module;
use srlm_model::{Dropout, Model, TrainingPass};

use crate::objective::{Measures, Objective, StepNumbers};
use crate::optimizer::Accumulated;

/// What a step's passes found.
pub(crate) struct Found {
    pub(crate) gradients: Accumulated,
    pub(crate) loss: f64,
    pub(crate) measures: Measures,
    /// Rows that went through the model.
    pub(crate) n_tokens: u64,
    pub(crate) constant: f64,
}

/// Gradients and loss of a step, in passes of at most `micro_batch_tokens` (or one example).
pub(crate) fn gradients<O: Objective>(
    model: &Model,
    objective: &O,
    batch: &[&O::Example],
    micro_batch_tokens: usize,
    pass: TrainingPass,
) -> Found {
    let numbers = StepNumbers {
        total_weight: batch.iter().map(|example| objective.weight(example)).sum(),
        constant: objective.constant(model, batch, micro_batch_tokens),
    };
    let mut found = Found {
        gradients: Accumulated::default(),
        loss: 0.0,
        measures: Measures::default(),
        n_tokens: 0,
        constant: numbers.constant,
    };
    for (index, examples) in passes(objective, batch, micro_batch_tokens).iter().enumerate() {
        let (packed, scored) = objective.pack(examples);
        let dropout = Dropout { seed: pass.dropout.seed.wrapping_add(index as u64), ..pass.dropout };
        let (value, measured) = (Cell::new(0.0), Cell::new(None));
        let loss = |token_logps| {
            let (loss, measures) = objective.loss(token_logps, &scored, examples, numbers);
            value.set(f64::from(loss.clone().into_scalar::<f32>()));
            measured.set(Some(measures));
            loss
        };
        let take = &mut |gradients| found.gradients.add(model, gradients);
        model.backward((&packed, &scored), &TrainingPass { dropout, ..pass }, loss, take);
        found.loss += value.get();
        found.measures.add(&measured.take().expect("the loss was computed"));
        found.n_tokens += packed.n_rows() as u64;
    }
    found
}

/// Mean loss of examples, without gradients and dropout.
pub(crate) fn mean_loss<O: Objective>(
    model: &Model,
    objective: &O,
    examples: &[&O::Example],
    micro_batch_tokens: usize,
) -> f64 {
    let model = model.valid();
    let numbers = StepNumbers {
        total_weight: examples.iter().map(|example| objective.weight(example)).sum(),
        constant: objective.constant(&model, examples, micro_batch_tokens),
    };
    let part = |examples: &Vec<&O::Example>| {
        let (packed, scored) = objective.pack(examples);
        let (loss, _) = objective.loss(model.token_logps(&packed, &scored), &scored, examples, numbers);
        f64::from(loss.into_scalar::<f32>())
    };
    passes(objective, examples, micro_batch_tokens).iter().map(part).sum()
}

/// Examples in groups that go through the model together. Their order changes nothing but how much they share.
fn passes<'e, O: Objective>(
    objective: &O,
    batch: &[&'e O::Example],
    micro_batch_tokens: usize,
) -> Vec<Vec<&'e O::Example>> {
    let mut batch = batch.to_vec();
    batch.sort_by_key(|example| objective.tokens(example));
    let (mut passes, mut rest) = (Vec::new(), batch.as_slice());
    while !rest.is_empty() {
        let (now, later) = rest.split_at(n_in_pass(objective, rest, micro_batch_tokens));
        passes.push(now.to_vec());
        rest = later;
    }
    passes
}

/// How many of the sorted examples go through the model together: at least one, and no more than the tokens allow,
/// where the beginning that an example shares with the one before it does not count again.
fn n_in_pass<O: Objective>(objective: &O, examples: &[&O::Example], micro_batch_tokens: usize) -> usize {
    let mut n_tokens = 0;
    let fits = |&i: &usize| {
        let tokens = objective.tokens(examples[i]);
        let before = if i == 0 { &[] } else { objective.tokens(examples[i - 1]) };
        let shared = tokens.iter().zip(before).take_while(|(a, b)| a == b).count();
        n_tokens += objective.n_tokens(examples[i]) - shared;
        n_tokens <= micro_batch_tokens
    };
    (0..examples.len()).take_while(fits).count().max(1)
}
