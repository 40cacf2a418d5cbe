//! Training on single responses: losses against TRL's, and KTO in the loop.

use burn::tensor::{Device, Tensor};
use srlm_dpo::unpaired::{
    Unpaired, UnpairedExample, UnpairedLogps, UnpairedObjective, unpaired_loss,
};
use srlm_model::Conversation;
use srlm_train::{Settings, TrainConfig, TrainRuntime, train};

use crate::curves::fixture;
use crate::models::{sequence, tiny};
use crate::reference::{LargestErrors, close, numbers};
use crate::training::to_the_end;

#[test]
fn losses_and_gradients_equal_trls() {
    let fixture = fixture("kto_losses.json");
    let device = Device::flex().autodiff();
    let tensor = |values: &[f64]| {
        let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
        Tensor::<1>::from_floats(values.as_slice(), &device)
    };
    let (mut n, mut errors) = (0, LargestErrors::default());
    for case in fixture["cases"].as_array().unwrap() {
        let of_case = |key: &str| case[key].as_f64().unwrap();
        for (batch, expected) in
            fixture["batches"].as_array().unwrap().iter().zip(case["results"].as_array().unwrap())
        {
            let of = |key: &str| numbers(&batch[key]);
            let mismatched: Vec<f64> =
                of("kl_logps").iter().zip(of("ref_kl_logps")).map(|(p, r)| p - r).collect();
            let kl = (mismatched.iter().sum::<f64>() / mismatched.len() as f64).max(0.0);
            let settings = Unpaired {
                beta: of_case("beta"),
                kl: if case["loss_type"] == "kto" { kl } else { 0.0 },
                desirable_weight: of_case("desirable_weight"),
                undesirable_weight: of_case("undesirable_weight"),
            };
            let policy = tensor(&of("logps")).require_grad();
            let logps = UnpairedLogps {
                policy: policy.clone(),
                reference: tensor(&of("ref_logps")),
                desirable: tensor(&of("desirable")),
            };
            let loss = unpaired_loss(logps, &settings).losses.mean();
            let (ours, theirs) =
                (f64::from(loss.clone().into_scalar::<f32>()), expected["loss"].as_f64().unwrap());
            close("loss", ours, theirs, 1e-5);
            let objective = case["loss_type"].as_str().unwrap();
            errors.value(objective, ours, theirs);
            let gradients: Vec<f32> =
                policy.grad(&loss.backward()).unwrap().into_data().try_into_vec().unwrap();
            for (ours, theirs) in gradients.iter().zip(numbers(&expected["gradients"])) {
                close("gradient", f64::from(*ours), theirs, 1e-5);
                errors.gradient(objective, f64::from(*ours), theirs);
            }
            n += 1;
        }
    }
    assert!(n > 300, "{n} comparisons");
    errors.print();
}

#[test]
fn kto_starts_at_its_reference_and_tells_good_from_bad() {
    let reference = tiny(&Device::flex());
    let example = |i: u64| {
        let with = |seed| Conversation {
            ids: [sequence(i, 12), sequence(seed, 9)].concat(),
            response_start: 12,
        };
        let (conversation, mismatched) = (with(100 + i), with(100 + (i + 1) % 6));
        let logps = reference.response_logps(&[&conversation.ids, &mismatched.ids], &[12, 12]);
        UnpairedExample {
            id: i.to_string(),
            conversation,
            mismatched,
            desirable: i.is_multiple_of(2),
            ref_logps: logps[0],
            ref_mismatched_logps: logps[1],
        }
    };
    let examples: Vec<UnpairedExample> = (0..6).map(example).collect();
    let loss = Unpaired { beta: 0.1, kl: 0.0, desirable_weight: 1.0, undesirable_weight: 1.0 };
    let objective = UnpairedObjective { loss, with_kl: true };
    let config = TrainConfig {
        batch_size: 3,
        epochs: 20,
        learning_rate: 5e-3,
        final_learning_rate: 5e-3,
        checkpoint_every: 0,
        ..TrainConfig::default()
    };
    let (runtime, dir) = (
        TrainRuntime { micro_batch_tokens: 30, recompute_layers: true },
        tempfile::tempdir().unwrap(),
    );
    let settings = Settings {
        config: &config,
        runtime: &runtime,
        more_devices: &[],
        adapter_dropout: 0.0,
        seed: 1,
    };
    let model = tiny(&Device::flex().autodiff());
    let metrics =
        train(model, &objective, &examples, settings, dir.path(), to_the_end()).unwrap().metrics;
    close("first loss", metrics[0].loss, 0.5, 1e-5);
    close("first reference point", metrics[0].kl.unwrap(), 0.0, 1e-4);
    let last = metrics.last().unwrap();
    assert!(last.loss < 0.4 && last.kl.unwrap() >= 0.0, "{last:?}");
    assert_eq!(last.rewards_accuracies, None);
}
