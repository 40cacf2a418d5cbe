//! The loop.

use std::ops::ControlFlow;
use std::path::Path;

use burn::tensor::Device;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use srlm_artifact::{MetricsRow, row_seed};
use srlm_model::{Dropout, Model, TrainingPass};
use srlm_settings::{Order, TrainConfig, TrainRuntime, ValidateBy};

use crate::checkpoint::{self, State};
use crate::error::Error;
use crate::objective::Objective;
use crate::step::{self, Found, Passes};
use crate::validation::{Validate, best_step};

/// What the loop tells after each step: its metrics and the number of steps.
pub type OnStep<'a> = &'a mut dyn FnMut(&MetricsRow, u32) -> ControlFlow<()>;

/// All that decides a training besides model, objective and examples.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// The loop.
    pub config: &'a TrainConfig,
    /// Sizes of passes.
    pub runtime: &'a TrainRuntime,
    /// Devices, without autodiff, that share the passes of a step with the model's own; the result
    /// is the same up to rounding.
    pub more_devices: &'a [Device],
    /// Share of adapters' inputs dropped, where the model has adapters.
    pub adapter_dropout: f64,
    /// Seed of order and dropout.
    pub seed: u64,
}

/// Who is told and asked.
pub struct Hooks<'a> {
    /// Called after each step; when it breaks, a checkpoint is written first.
    pub on_step: OnStep<'a>,
    /// Compares checkpoints where `validation.by = "judge"`.
    pub validate: Option<&'a mut dyn Validate>,
}

/// What training gives.
pub struct Trained {
    /// The last weights, their running mean, or those of the best checkpoint, as the settings say.
    pub model: Model,
    /// Every step.
    pub metrics: Vec<MetricsRow>,
    /// The step that the weights are from.
    pub step: u32,
    /// Examples held out to validate on.
    pub n_held_out: usize,
}

/// Trains `model` on `examples`.
///
/// `dir` is where checkpoints go, which are gone with the stage that is finished: the newest, to go
/// on from to the same numbers, and the best.
///
/// # Errors
/// [`Error::Interrupted`] after a break; [`Error::NotFinite`] names the examples of a step that has
/// no finite loss.
pub fn train<O: Objective>(
    model: Model,
    objective: &O,
    examples: &[O::Example],
    settings: Settings<'_>,
    dir: &Path,
    mut hooks: Hooks<'_>,
) -> Result<Trained, Error> {
    settings.config.validate()?;
    let validation = &settings.config.validation;
    if validation.every > 0 && validation.by == ValidateBy::Judge && hooks.validate.is_none() {
        return Err(Error::NoJudge);
    }
    // Rows of a kind often stand together: the held-out ones are drawn.
    let n_held_out = validation.n_held_out(examples.len());
    let mut order = shuffled(examples.len(), settings.seed, 0);
    let held_out = order.split_off(examples.len() - n_held_out.min(examples.len()));
    order.sort_unstable();
    if order.is_empty() {
        return Err(Error::NoExamples);
    }
    let at =
        |indices: &[usize]| -> Vec<&O::Example> { indices.iter().map(|&i| &examples[i]).collect() };
    let (learned, held_out) = (at(&order), at(&held_out));
    let data = Data { objective, learned: &learned, held_out: &held_out };

    let n_steps = settings.config.n_steps(learned.len());
    let mut state = State::start(model, settings.config.ema_decay > 0.0);
    if let Some(resumed) = checkpoint::load(dir, &state)? {
        state = resumed;
    }
    if let (Some(validate), true) =
        (&mut hooks.validate, validation.every > 0 && state.metrics.is_empty())
    {
        validate
            .answer(&state.model, 0, dir)
            .map_err(|source| Error::Validation { step: 0, source })?;
    }
    while (state.metrics.len() as u32) < n_steps && !is_exhausted(settings.config, &state.metrics) {
        let step = state.metrics.len() as u32 + 1;
        state = data.step(state, step, n_steps, settings)?;
        if validation.is_due(step, n_steps) {
            data.validate(&mut state, settings, dir, &mut hooks)?;
        }
        let flow = (hooks.on_step)(&state.metrics[state.metrics.len() - 1], n_steps);
        let every = settings.config.checkpoint_every;
        if flow.is_break() || (every > 0 && step.is_multiple_of(every) && step < n_steps) {
            checkpoint::save(dir, &state)?;
        }
        if flow.is_break() {
            return Err(Error::Interrupted);
        }
    }
    let last = state.metrics.len() as u32;
    let best = best_step(&state.metrics).map_or(last, |(step, _)| step);
    let model =
        if best == last { state.result() } else { checkpoint::load_best(dir, state.model)? };
    Ok(Trained { model, metrics: state.metrics, step: best, n_held_out })
}

/// Whether validations have been without a new best for too long.
fn is_exhausted(config: &TrainConfig, metrics: &[MetricsRow]) -> bool {
    let patience = config.validation.patience;
    patience > 0 && best_step(metrics).is_some_and(|(_, since)| since >= patience)
}

/// What is learned, and what is held out.
struct Data<'a, 'e, O: Objective> {
    objective: &'a O,
    learned: &'a [&'e O::Example],
    held_out: &'a [&'e O::Example],
}

impl<O: Objective> Data<'_, '_, O> {
    /// One optimizer step.
    fn step(
        &self,
        mut state: State,
        step: u32,
        n_steps: u32,
        settings: Settings<'_>,
    ) -> Result<State, Error> {
        let Settings { config, runtime, seed, .. } = settings;
        let n = self.learned.len();
        let batch: Vec<&O::Example> =
            batch_of(step, n, config, seed).iter().map(|&i| self.learned[i]).collect();
        let pass = TrainingPass {
            dropout: Dropout {
                block: config.dropout,
                adapter: settings.adapter_dropout,
                seed: row_seed(seed, "dropout", step, "", 0),
            },
            precision: config.precision,
            recompute_layers: runtime.recompute_layers,
        };
        let passes = Passes {
            micro_batch_tokens: runtime.micro_batch_tokens,
            pass,
            more_devices: settings.more_devices,
        };
        let found = step::gradients(&state.model, self.objective, &batch, passes);
        let norm = found.gradients.norm(&state.model);
        for (what, value) in [("loss", found.loss), ("gradient norm", norm)] {
            if !value.is_finite() {
                let examples =
                    batch.iter().map(|example| self.objective.id(example).to_owned()).collect();
                return Err(Error::NotFinite { what, value, step, examples });
            }
        }
        let learning_rate = config.learning_rate_at(step, n_steps);
        let epoch = f64::from(step) * config.batch_size as f64 / n as f64;
        state.metrics.push(metrics_row(step, epoch, norm, learning_rate, &found));
        state.model =
            state.moments.step(state.model, found.gradients, (norm, config, step, learning_rate));
        if let Some(ema) = &mut state.ema {
            ema.update(&state.model, config.ema_decay);
        }
        Ok(state)
    }

    /// Compares the newest weights with the best and keeps them where they are better.
    fn validate(
        &self,
        state: &mut State,
        settings: Settings<'_>,
        dir: &Path,
        hooks: &mut Hooks<'_>,
    ) -> Result<(), Error> {
        let step = state.metrics.len() as u32;
        let best = best_step(&state.metrics).map_or(0, |(best, _)| best);
        let model = state.result();
        let row = &mut state.metrics[step as usize - 1];
        match (settings.config.validation.by, &mut hooks.validate) {
            (ValidateBy::Loss, _) => {
                let tokens = settings.runtime.micro_batch_tokens;
                row.eval_loss =
                    Some(step::mean_loss(&model, self.objective, self.held_out, tokens));
            }
            (ValidateBy::Judge, None) => return Err(Error::NoJudge),
            (ValidateBy::Judge, Some(validate)) => {
                let failed = |source| Error::Validation { step, source };
                validate.answer(&model, step, dir).map_err(failed)?;
                row.eval_win_rate = Some(validate.win_rate(step, best, dir).map_err(failed)?);
            }
        }
        if best_step(&state.metrics).is_some_and(|(best, _)| best == step) {
            checkpoint::save_best(dir, &model)?;
        }
        Ok(())
    }
}

/// Indices of the examples of one step.
fn batch_of(step: u32, n_examples: usize, config: &TrainConfig, seed: u64) -> Vec<usize> {
    let steps_per_epoch = n_examples.div_ceil(config.batch_size) as u32;
    let (epoch, within) = ((step - 1) / steps_per_epoch, (step - 1) % steps_per_epoch);
    let order = match config.order {
        Order::Shuffled => shuffled(n_examples, seed, epoch),
        Order::AsGiven => (0..n_examples).collect(),
    };
    order.into_iter().skip(within as usize * config.batch_size).take(config.batch_size).collect()
}

fn shuffled(n: usize, seed: u64, epoch: u32) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(row_seed(seed, "epoch", epoch, "", 0)));
    order
}

fn metrics_row(step: u32, epoch: f64, norm: f64, learning_rate: f64, found: &Found) -> MetricsRow {
    let sums = &found.measures;
    let mean = |sum: f64, n: u32| (n > 0).then(|| sum / f64::from(n));
    let chosen = mean(sums.rewards_chosen, sums.n_chosen);
    let rejected = mean(sums.rewards_rejected, sums.n_rejected);
    let unpaired = sums.n_pairs == 0 && sums.n_chosen + sums.n_rejected > 0;
    MetricsRow {
        step,
        epoch,
        loss: found.loss,
        rewards_chosen: chosen,
        rewards_rejected: rejected,
        rewards_accuracies: mean(f64::from(sums.n_correct), sums.n_pairs),
        rewards_margins: chosen.zip(rejected).map(|(chosen, rejected)| chosen - rejected),
        logps_chosen: mean(sums.logps_chosen, sums.n_chosen),
        logps_rejected: mean(sums.logps_rejected, sums.n_rejected),
        kl: unpaired.then_some(found.constant),
        grad_norm: norm,
        learning_rate,
        n_tokens: found.n_tokens,
        ..MetricsRow::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_sees_every_example_once_and_epochs_differ() {
        let config = TrainConfig { batch_size: 3, ..TrainConfig::default() };
        let epoch = |first: u32| {
            let mut seen: Vec<usize> =
                (first..first + 4).flat_map(|step| batch_of(step, 10, &config, 7)).collect();
            let order = seen.clone();
            seen.sort_unstable();
            assert_eq!(seen, (0..10).collect::<Vec<_>>());
            order
        };
        assert_ne!(epoch(1), epoch(5));
        let given = TrainConfig { order: Order::AsGiven, ..config };
        assert_eq!(batch_of(6, 10, &given, 7), [3, 4, 5]);
    }
}
