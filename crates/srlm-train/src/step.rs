//! The gradients of one optimizer step, computed in passes.

use std::cell::Cell;
use std::thread;

use burn::module::Module;
use burn::tensor::Device;
use srlm_model::{Dropout, Model, TrainingPass};

use crate::objective::{Measures, Objective, StepNumbers};
use crate::optimizer::Accumulated;

/// What passes found, in sum.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) gradients: Accumulated,
    pub(crate) loss: f64,
    pub(crate) measures: Measures,
    /// Rows that went through the model.
    pub(crate) n_tokens: u64,
    pub(crate) constant: f64,
}

/// How the passes of a step are computed, and where.
#[derive(Clone, Copy)]
pub(crate) struct Passes<'a> {
    /// The most tokens of one; an example that has more is one by itself.
    pub(crate) micro_batch_tokens: usize,
    pub(crate) pass: TrainingPass,
    /// Devices that share the passes with the model's own.
    pub(crate) more_devices: &'a [Device],
}

/// Gradients and loss of a step. Pass `i` goes to device `i` modulo their number; the order of the
/// sums is fixed.
pub(crate) fn gradients<O: Objective>(
    model: &Model,
    objective: &O,
    batch: &[&O::Example],
    settings: Passes<'_>,
) -> Found {
    let Passes { micro_batch_tokens, pass, more_devices } = settings;
    let numbers = StepNumbers {
        total_weight: batch.iter().map(|example| objective.weight(example)).sum(),
        constant: objective.constant(model, batch, micro_batch_tokens),
    };
    let passes = passes(objective, batch, micro_batch_tokens);
    let n_devices = 1 + more_devices.len();
    let share = |model: &Model, first: usize| {
        let mut found = Found::default();
        for (index, examples) in passes.iter().enumerate().skip(first).step_by(n_devices) {
            let dropout =
                Dropout { seed: pass.dropout.seed.wrapping_add(index as u64), ..pass.dropout };
            found.one_pass(model, objective, examples, (numbers, TrainingPass { dropout, ..pass }));
        }
        found
    };
    let mut found = thread::scope(|scope| {
        let others: Vec<_> = more_devices
            .iter()
            .enumerate()
            .filter(|(i, _)| i + 1 < passes.len())
            .map(|(i, device)| {
                let (replica, share) = (model.clone().fork(&device.clone().autodiff()), &share);
                scope.spawn(move || share(&replica, i + 1))
            })
            .collect();
        let own = share(model, 0);
        let join = |other: thread::ScopedJoinHandle<'_, Found>| match other.join() {
            Ok(found) => found,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        others.into_iter().map(join).fold(own, |sum, other| sum.plus(other, model))
    });
    found.constant = numbers.constant;
    found
}

impl Found {
    fn one_pass<O: Objective>(
        &mut self,
        model: &Model,
        objective: &O,
        examples: &[&O::Example],
        (numbers, pass): (StepNumbers, TrainingPass),
    ) {
        let (packed, scored) = objective.pack(examples);
        let (value, measured) = (Cell::new(0.0), Cell::new(Measures::default()));
        let loss = |token_logps| {
            let (loss, measures) = objective.loss(token_logps, &scored, examples, numbers);
            value.set(f64::from(loss.clone().into_scalar::<f32>()));
            measured.set(measures);
            loss
        };
        model.backward((&packed, &scored), &pass, loss, &mut |parts| {
            self.gradients.add(model, parts)
        });
        self.loss += value.get();
        self.measures.add(&measured.take());
        self.n_tokens += packed.n_rows() as u64;
    }

    /// The sum of both, where `model` lives.
    fn plus(mut self, other: Self, model: &Model) -> Self {
        self.gradients.add_moved(other.gradients, &model.device());
        self.loss += other.loss;
        self.measures.add(&other.measures);
        self.n_tokens += other.n_tokens;
        self
    }
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
        let (loss, _) =
            objective.loss(model.token_logps(&packed, &scored), &scored, examples, numbers);
        f64::from(loss.into_scalar::<f32>())
    };
    passes(objective, examples, micro_batch_tokens).iter().map(part).sum()
}

/// Examples in groups that go through the model together. Their order changes nothing but how much
/// they share.
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

/// How many of the sorted examples go through the model together: at least one, and no more than
/// the tokens allow, where the beginning that an example shares with the one before it does not
/// count again.
fn n_in_pass<O: Objective>(
    objective: &O,
    examples: &[&O::Example],
    micro_batch_tokens: usize,
) -> usize {
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
