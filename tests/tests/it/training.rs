//! Invariants of training: what must not change a result, and what must.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Gradients, Tensor};
use srlm_artifact::MetricsRow;
use srlm_dpo::{LossSettings, LossType, PairExample, PreferenceObjective};
use srlm_model::{Conversation, LoraConfig, Model};
use srlm_sft::{Example, ResponseLoss};
use srlm_train::{
    Error, Hooks, Objective, Settings, StepNumbers, TrainConfig, TrainRuntime, Trained, train,
};

use crate::models::{sequence, tiny};

/// Plain gradient descent, for parity tests; returns each parameter's gradient norm by Hugging Face
/// name.
pub(crate) fn sgd_step(
    model: Model,
    mut gradients: Gradients,
    rate: f64,
) -> (Model, BTreeMap<String, f64>) {
    struct Step<'a> {
        gradients: &'a mut Gradients,
        rate: f64,
        norms: Vec<f64>,
    }
    impl ModuleMapper for Step<'_> {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let (id, tensor, mapper) = param.consume();
            let gradient = tensor.grad_remove(self.gradients).unwrap();
            self.norms
                .push(f64::from(gradient.clone().powi_scalar(2).sum().into_scalar::<f32>()).sqrt());
            let tensor = Tensor::from_inner(tensor.inner() - gradient * self.rate).require_grad();
            Param::from_mapped_value(id, tensor, mapper)
        }
    }
    let mut names = Vec::new();
    model.for_each_tensor(|name, _| names.push(name));
    let mut step = Step { gradients: &mut gradients, rate, norms: Vec::new() };
    let model = model.map(&mut step);
    (model, names.into_iter().zip(step.norms).collect())
}

/// A step's loss of a batch in one pass.
pub(crate) fn loss<O: Objective>(objective: &O, model: &Model, batch: &[&O::Example]) -> Tensor<1> {
    let total_weight = batch.iter().map(|example| objective.weight(example)).sum();
    let constant = objective.constant(model, batch, usize::MAX);
    let (packed, scored) = objective.pack(batch);
    let numbers = StepNumbers { total_weight, constant };
    objective.loss(model.token_logps(&packed, &scored), &scored, batch, numbers).0
}

/// Nobody stops it and nobody judges it.
pub(crate) fn to_the_end<'a>() -> Hooks<'a> {
    let on_step: &'a mut _ =
        Box::leak(Box::new(|_: &MetricsRow, _: u32| ControlFlow::Continue(())));
    Hooks { on_step, validate: None }
}

fn examples() -> Vec<Example> {
    (0..6)
        .map(|i| {
            let ids = sequence(i % 3, 20 + 7 * i as usize);
            Example::response(format!("e{i}"), Conversation { ids, response_start: 8 })
        })
        .collect()
}

fn config() -> TrainConfig {
    TrainConfig {
        batch_size: 3,
        epochs: 4,
        learning_rate: 1e-2,
        final_learning_rate: 1e-3,
        weight_decay: 0.01,
        ..TrainConfig::default()
    }
}

pub(crate) fn weights(model: &Model) -> Vec<f32> {
    let mut all = Vec::new();
    model.for_each_tensor(|_, source| all.extend(source.values()));
    all
}

fn run(
    config: &TrainConfig,
    micro_batch_tokens: usize,
    dir: &std::path::Path,
    stop_at: u32,
) -> Result<(Model, Vec<MetricsRow>), Error> {
    let runtime = TrainRuntime { micro_batch_tokens, ..TrainRuntime::default() };
    let model = tiny(&Device::flex().autodiff());
    let on_step = &mut |row: &MetricsRow, _| {
        if row.step == stop_at { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let settings =
        Settings { config, runtime: &runtime, more_devices: &[], adapter_dropout: 0.0, seed: 5 };
    let trained =
        train(model, &ResponseLoss, &examples(), settings, dir, Hooks { on_step, validate: None })?;
    Ok((trained.model, trained.metrics))
}

#[track_caller]
fn same(a: &[f32], b: &[f32], tolerance: f32) {
    let worst = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(a.len() == b.len() && worst <= tolerance, "largest difference {worst}");
}

#[test]
fn the_size_of_passes_does_not_change_the_result() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, _) = run(&config(), 1 << 20, dir.path(), 0).unwrap();
    let (single, _) = run(&config(), 1, dir.path(), 0).unwrap();
    same(&weights(&whole), &weights(&single), 2e-4);
}

#[test]
fn devices_that_share_a_step_do_what_one_does() {
    let (config, dir) = (config(), tempfile::tempdir().unwrap());
    let runtime = TrainRuntime { micro_batch_tokens: 1, ..TrainRuntime::default() };
    let others = [Device::flex(), Device::flex()];
    let on = |more_devices| {
        let settings = Settings {
            config: &config,
            runtime: &runtime,
            more_devices,
            adapter_dropout: 0.0,
            seed: 5,
        };
        let model = tiny(&Device::flex().autodiff());
        train(model, &ResponseLoss, &examples(), settings, dir.path(), to_the_end()).unwrap()
    };
    let (one, three) = (on(&[]), on(&others));
    same(&weights(&one.model), &weights(&three.model), 2e-4);
    assert_eq!(one.metrics.last().unwrap().n_tokens, three.metrics.last().unwrap().n_tokens);
}

#[test]
fn a_resumed_run_equals_the_unbroken_one_and_no_cold_start() {
    let (unbroken, broken) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (expected, metrics) = run(&config(), 1 << 20, unbroken.path(), 0).unwrap();
    assert!(matches!(run(&config(), 1 << 20, broken.path(), 3), Err(Error::Interrupted)));
    let (resumed, resumed_metrics) = run(&config(), 1 << 20, broken.path(), 0).unwrap();
    assert_eq!(resumed_metrics, metrics);
    assert_eq!(weights(&resumed), weights(&expected));
    // The same weights without the optimizer's state end elsewhere.
    for part in ["mean", "square"] {
        let path = broken.path().join(format!("checkpoint/{part}.safetensors"));
        let mut bytes = std::fs::read(&path).unwrap();
        let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        bytes[header..].fill(0);
        std::fs::write(path, bytes).unwrap();
    }
    // State that was changed is never used, unless it says so itself.
    let damaged = run(&config(), 1 << 20, broken.path(), 0).map(|_| ()).unwrap_err();
    assert!(matches!(damaged, Error::Checkpoint { .. }), "{damaged:?}");
    srlm_artifact::seal(broken.path(), &broken.path().join("checkpoint")).unwrap();
    let (cold, _) = run(&config(), 1 << 20, broken.path(), 0).unwrap();
    assert_ne!(weights(&cold), weights(&expected));
}

#[test]
fn training_lowers_the_loss_and_counts_every_step() {
    let dir = tempfile::tempdir().unwrap();
    let (_, metrics) =
        run(&TrainConfig { epochs: 20, ..config() }, 1 << 20, dir.path(), 0).unwrap();
    assert_eq!(metrics.len(), 40);
    assert!(
        metrics[39].loss < 0.5 * metrics[0].loss,
        "{} to {}",
        metrics[0].loss,
        metrics[39].loss
    );
}

#[test]
fn a_loss_that_is_no_number_stops_with_the_batch_named() {
    let dir = tempfile::tempdir().unwrap();
    let error = run(
        &TrainConfig { learning_rate: 1e30, max_grad_norm: 0.0, ..config() },
        1 << 20,
        dir.path(),
        0,
    )
    .unwrap_err();
    assert!(matches!(&error, Error::NotFinite { examples, .. } if examples.len() == 3), "{error}");
}

fn pairs(reference: &Model) -> Vec<PairExample> {
    (0..4)
        .map(|i| {
            let prompt = sequence(i, 12);
            let with = |seed| Conversation {
                ids: [prompt.clone(), sequence(seed, 9)].concat(),
                response_start: 12,
            };
            let (chosen, rejected) = (with(100 + i), with(200 + i));
            let logps = reference.response_logps(&[&chosen.ids, &rejected.ids], &[12, 12]);
            PairExample {
                id: format!("p{i}"),
                chosen,
                rejected,
                ref_chosen_logps: logps[0],
                ref_rejected_logps: logps[1],
                label_weight: 1.0,
            }
        })
        .collect()
}

/// The trap of adapters: with M_t's weights under fresh adapters, the reference is M_t, so the
/// first loss is ln 2.
#[test]
fn adapters_start_from_m_t_as_their_own_reference() {
    let device = Device::flex();
    let pairs = pairs(&tiny(&device));
    let objective =
        PreferenceObjective { loss: LossSettings::of(LossType::Sigmoid, 0.1), ld_alpha: 1.0 };
    device.seed(1);
    let model = tiny(&device.clone().autodiff())
        .with_lora(&LoraConfig { rank: 4, ..LoraConfig::default() });
    let dir = tempfile::tempdir().unwrap();
    let config = TrainConfig {
        batch_size: 4,
        epochs: 30,
        learning_rate: 1e-2,
        final_learning_rate: 1e-3,
        ..TrainConfig::default()
    };
    let before = weights(&tiny(&device));
    let runtime = TrainRuntime::default();
    let settings = Settings {
        config: &config,
        runtime: &runtime,
        more_devices: &[],
        adapter_dropout: 0.0,
        seed: 1,
    };
    let Trained { model: trained, metrics, .. } =
        train(model, &objective, &pairs, settings, dir.path(), to_the_end()).unwrap();
    assert!((metrics[0].loss - std::f64::consts::LN_2).abs() < 1e-5, "{}", metrics[0].loss);
    assert_eq!(metrics[0].rewards_margins.map(|m| m.abs() < 1e-4), Some(true));
    let last = metrics.last().unwrap();
    assert!(last.loss < 0.6 && last.rewards_accuracies == Some(1.0), "{last:?}");
    // Frozen weights have not moved; merging puts the update into them and changes no
    // log-probability.
    let sequences: Vec<&[u32]> = pairs.iter().map(|p| p.chosen.ids.as_slice()).collect();
    let adapted = trained.response_logps(&sequences, &[12; 4]);
    let merged = trained.merge_lora();
    assert_ne!(weights(&merged), before);
    for (a, b) in merged.response_logps(&sequences, &[12; 4]).iter().zip(&adapted) {
        assert!((a - b).abs() < 1e-3, "{a} for {b}");
    }
}
