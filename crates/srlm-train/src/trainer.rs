//! The loop.

use std::ops::ControlFlow;
use std::path::Path;

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use srlm_artifact::{MetricsRow, row_seed};
use srlm_model::Model;

use crate::checkpoint;
use crate::config::{TrainConfig, TrainRuntime};
use crate::error::Error;
use crate::objective::{Measures, Objective};
use crate::optimizer::{Accumulated, Moments};

/// What the loop tells after each step.
pub type OnStep<'a> = &'a mut dyn FnMut(&MetricsRow, u32) -> ControlFlow<()>;

/// Trains `model` on `examples` and returns it with the metrics of every step.
///
/// `dir` is where checkpoints go: a run that finds one there continues from it, to the same numbers. `on_step` gets
/// the metrics and the number of steps; when it breaks, a checkpoint is written first.
///
/// # Errors
/// [`Error::Interrupted`] after a break; [`Error::NotFinite`] names the examples of a step that has no finite loss.
pub fn train<O: Objective>(
    mut model: Model,
    objective: &O,
    examples: &[O::Example],
    (config, runtime, seed): (&TrainConfig, &TrainRuntime, u64),
    dir: &Path,
    on_step: OnStep<'_>,
) -> Result<(Model, Vec<MetricsRow>), Error> {
    config.validate()?;
    if examples.is_empty() {
        return Err(Error::NoExamples);
    }
    let n_steps = config.n_steps(examples.len());
    let mut moments = Moments::default();
    let mut metrics = Vec::new();
    if let Some(state) = checkpoint::load(dir, model.clone())? {
        (model, moments, metrics) = state;
    }
    while (metrics.len() as u32) < n_steps {
        let step = metrics.len() as u32 + 1;
        let batch = batch_of(step, examples.len(), config.batch_size, seed);
        let batch: Vec<&O::Example> = batch.iter().map(|&i| &examples[i]).collect();
        let (gradients, loss, measures) = accumulate(&model, objective, &batch, runtime.micro_batch_tokens);
        let norm = gradients.norm(&model);
        let not_finite = |what, value| Error::NotFinite {
            what,
            value,
            step,
            examples: batch.iter().map(|example| objective.id(example).to_owned()).collect(),
        };
        if !loss.is_finite() {
            return Err(not_finite("loss", loss));
        }
        if !norm.is_finite() {
            return Err(not_finite("gradient norm", norm));
        }
        let learning_rate = config.learning_rate_at(step, n_steps);
        model = moments.step(model, gradients, (norm, config, step, learning_rate));
        let epoch = f64::from(step) * config.batch_size as f64 / examples.len() as f64;
        metrics.push(metrics_row(step, epoch, loss, norm, learning_rate, &measures));
        let flow = on_step(&metrics[metrics.len() - 1], n_steps);
        let due = config.checkpoint_every > 0 && step.is_multiple_of(config.checkpoint_every) && step < n_steps;
        if due || flow.is_break() {
            checkpoint::save(dir, &model, &moments, &metrics)?;
        }
        if flow.is_break() {
            return Err(Error::Interrupted);
        }
    }
    Ok((model, metrics))
}

/// Indices of the examples of one step: each epoch is a new order of all of them.
fn batch_of(step: u32, n_examples: usize, batch_size: usize, seed: u64) -> Vec<usize> {
    let steps_per_epoch = n_examples.div_ceil(batch_size) as u32;
    let (epoch, within) = ((step - 1) / steps_per_epoch, (step - 1) % steps_per_epoch);
    let mut order: Vec<usize> = (0..n_examples).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(row_seed(seed, "epoch", epoch, "", 0)));
    order.into_iter().skip(within as usize * batch_size).take(batch_size).collect()
}

/// Gradients and loss of a step, computed in passes of at most `micro_batch_tokens` (or one example).
fn accumulate<O: Objective>(
    model: &Model,
    objective: &O,
    batch: &[&O::Example],
    micro_batch_tokens: usize,
) -> (Accumulated, f64, Measures) {
    let total_weight: f64 = batch.iter().map(|example| objective.weight(example)).sum();
    let (mut gradients, mut loss_sum, mut measures) = (Accumulated::default(), 0.0, Measures::default());
    // The order within a step changes nothing but how much its examples share.
    let mut batch = batch.to_vec();
    batch.sort_by_key(|example| objective.tokens(example));
    let mut rest = batch.as_slice();
    while !rest.is_empty() {
        let (examples, tail) = rest.split_at(n_in_pass(objective, rest, micro_batch_tokens));
        let (loss, part) = objective.loss(model, examples, total_weight);
        loss_sum += f64::from(loss.clone().into_scalar::<f32>());
        gradients.add(model, loss.backward());
        measures.add(&part);
        rest = tail;
    }
    (gradients, loss_sum, measures)
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

fn metrics_row(step: u32, epoch: f64, loss: f64, norm: f64, learning_rate: f64, sums: &Measures) -> MetricsRow {
    let n = f64::from(sums.n_pairs);
    let mean = |sum: f64| (sums.n_pairs > 0).then(|| sum / n);
    MetricsRow {
        step,
        epoch,
        loss,
        rewards_chosen: mean(sums.rewards_chosen),
        rewards_rejected: mean(sums.rewards_rejected),
        rewards_accuracies: mean(f64::from(sums.n_correct)),
        rewards_margins: mean(sums.rewards_chosen - sums.rewards_rejected),
        logps_chosen: mean(sums.logps_chosen),
        logps_rejected: mean(sums.logps_rejected),
        grad_norm: norm,
        learning_rate,
        n_tokens: sums.n_tokens,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_sees_every_example_once_and_epochs_differ() {
        let epoch = |first: u32| {
            let mut seen: Vec<usize> = (first..first + 4).flat_map(|step| batch_of(step, 10, 3, 7)).collect();
            let order = seen.clone();
            seen.sort_unstable();
            assert_eq!(seen, (0..10).collect::<Vec<_>>());
            order
        };
        assert_ne!(epoch(1), epoch(5));
    }
}
