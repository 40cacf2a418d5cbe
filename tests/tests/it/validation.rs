//! Choosing among checkpoints, and the running mean of the weights.

use std::path::Path;

use burn::tensor::Device;
use srlm_model::{Conversation, Model};
use srlm_sft::{Example, ResponseLoss};
use srlm_train::{
    Error, Hooks, Settings, TrainConfig, TrainRuntime, Trained, Validate, ValidateBy,
    ValidateError, ValidationConfig, train,
};

use crate::models::{sequence, tiny};
use crate::training::{to_the_end, weights};

fn examples() -> Vec<Example> {
    let example = |i| {
        Example::response(format!("e{i}"), Conversation { ids: sequence(i, 30), response_start: 8 })
    };
    (0..8).map(example).collect()
}

fn config(validation: ValidationConfig) -> TrainConfig {
    TrainConfig {
        batch_size: 2,
        epochs: 8,
        learning_rate: 2e-2,
        final_learning_rate: 2e-2,
        checkpoint_every: 0,
        validation,
        ..TrainConfig::default()
    }
}

fn run(
    config: &TrainConfig,
    dir: &Path,
    validate: Option<&mut dyn Validate>,
) -> Result<Trained, Error> {
    let runtime = TrainRuntime::default();
    let settings =
        Settings { config, runtime: &runtime, more_devices: &[], adapter_dropout: 0.0, seed: 5 };
    let hooks = Hooks { validate, ..to_the_end() };
    train(tiny(&Device::flex().autodiff()), &ResponseLoss, &examples(), settings, dir, hooks)
}

#[test]
fn the_checkpoint_with_the_lowest_held_out_loss_is_returned_and_training_stops() {
    let dir = tempfile::tempdir().unwrap();
    let by_loss =
        ValidationConfig { every: 1, by: ValidateBy::Loss, share: 0.25, patience: 2, prompts: 0 };
    let trained = run(&config(by_loss), dir.path(), None).unwrap();
    assert_eq!(trained.n_held_out, 2);
    let losses: Vec<f64> = trained.metrics.iter().map(|row| row.eval_loss.unwrap()).collect();
    let best = losses.iter().copied().fold(f64::INFINITY, f64::min);
    let step = trained.step as usize;
    assert_eq!(losses[step - 1], best);
    // Random sequences cannot be learned from others: it stops two validations after the best.
    assert_eq!((losses.len(), losses.len() < 24), (step + 2, true), "{losses:?}");
    // What is returned are the weights of that step.
    let dir = tempfile::tempdir().unwrap();
    let mut until = config(ValidationConfig { every: 0, ..ValidationConfig::default() });
    until.max_steps = trained.step;
    let held_out = ValidationConfig {
        every: 1000,
        by: ValidateBy::Loss,
        share: 0.25,
        patience: 0,
        prompts: 0,
    };
    let same = run(&TrainConfig { validation: held_out, ..until }, dir.path(), None).unwrap();
    assert_eq!(weights(&trained.model), weights(&same.model));
}

/// A judge that says what it was told to, and checks what it is asked.
struct Scripted {
    rates: Vec<f64>,
    asked: Vec<(u32, u32)>,
    answered: Vec<u32>,
}

impl Validate for Scripted {
    fn answer(&mut self, _: &Model, step: u32, dir: &Path) -> Result<(), ValidateError> {
        self.answered.push(step);
        Ok(std::fs::write(dir.join(format!("answers-{step}")), "")?)
    }

    fn win_rate(&mut self, new: u32, old: u32, dir: &Path) -> Result<f64, ValidateError> {
        assert!(
            dir.join(format!("answers-{new}")).exists()
                && dir.join(format!("answers-{old}")).exists()
        );
        self.asked.push((new, old));
        Ok(self.rates[self.asked.len() - 1])
    }
}

#[test]
fn a_judge_compares_each_checkpoint_with_the_best_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let by_judge =
        ValidationConfig { every: 4, by: ValidateBy::Judge, share: 0.0, patience: 2, prompts: 4 };
    let mut judge =
        Scripted { rates: vec![0.4, 0.7, 0.5, 0.2], asked: Vec::new(), answered: Vec::new() };
    let trained = run(&config(by_judge.clone()), dir.path(), Some(&mut judge)).unwrap();
    // The first is the best whatever the judge says of it; a tie is no improvement.
    assert_eq!(judge.asked, [(4, 0), (8, 4), (12, 8), (16, 8)]);
    assert_eq!(judge.answered, [0, 4, 8, 12, 16]);
    assert_eq!((trained.step, trained.metrics.len(), trained.n_held_out), (8, 16, 0));
    let error = run(&config(by_judge), tempfile::tempdir().unwrap().path(), None).err().unwrap();
    assert!(matches!(error, Error::NoJudge), "{error}");
}

#[test]
fn a_running_mean_of_the_weights_is_returned() {
    let none = ValidationConfig::default();
    let after = |steps| {
        let config = TrainConfig { max_steps: steps, ..config(none.clone()) };
        weights(&run(&config, tempfile::tempdir().unwrap().path(), None).unwrap().model)
    };
    let (start, first, second) = (weights(&tiny(&Device::flex())), after(1), after(2));
    let config = TrainConfig { max_steps: 2, ema_decay: 0.75, ..config(none) };
    let mean = weights(&run(&config, tempfile::tempdir().unwrap().path(), None).unwrap().model);
    for (i, mean) in mean.iter().enumerate() {
        let expected = 0.75 * (0.75 * start[i] + 0.25 * first[i]) + 0.25 * second[i];
        assert!((mean - expected).abs() < 1e-6, "weight {i}: {mean} for {expected}");
    }
}

/// Everything that has a state at once: an interruption must not show.
#[test]
fn an_interrupted_run_with_mean_dropout_and_validation_goes_on_to_the_same_numbers() {
    let validation =
        ValidationConfig { every: 3, by: ValidateBy::Loss, share: 0.25, patience: 0, prompts: 0 };
    let config =
        TrainConfig { dropout: 0.1, ema_decay: 0.9, checkpoint_every: 2, ..config(validation) };
    let whole = run(&config, tempfile::tempdir().unwrap().path(), None).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let runtime = TrainRuntime::default();
    for stop_at in [1, 4, 9] {
        let on_step = &mut |row: &srlm_artifact::MetricsRow, _| {
            if row.step == stop_at {
                std::ops::ControlFlow::Break(())
            } else {
                std::ops::ControlFlow::Continue(())
            }
        };
        let settings = Settings {
            config: &config,
            runtime: &runtime,
            more_devices: &[],
            adapter_dropout: 0.0,
            seed: 5,
        };
        let hooks = Hooks { on_step, validate: None };
        let model = tiny(&Device::flex().autodiff());
        assert!(train(model, &ResponseLoss, &examples(), settings, dir.path(), hooks).is_err());
    }
    let resumed = run(&config, dir.path(), None).unwrap();
    assert_eq!((resumed.step, &resumed.metrics), (whole.step, &whole.metrics));
    assert_eq!(weights(&resumed.model), weights(&whole.model));
}
