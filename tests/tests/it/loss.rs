//! Preference losses against TRL's values.

use burn::tensor::{Device, Tensor};
use srlm_dpo::{LossType, PairLogps, preference_loss};

use crate::reference::{close, numbers, vectors};

fn tensor(values: &[f64]) -> Tensor<1> {
    let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
    Tensor::from_floats(values.as_slice(), &Device::flex())
}

fn host(x: Tensor<1>) -> Vec<f32> {
    x.into_data().try_to_vec().unwrap()
}

#[test]
fn losses_and_rewards_equal_trls() {
    let Some(vectors) = vectors("dpo_loss_trl.json") else { return };
    let mut n = 0;
    for case in vectors["cases"].as_array().unwrap() {
        let loss_type = match case["loss_type"].as_str().unwrap() {
            "sigmoid" => LossType::Sigmoid,
            "hinge" => LossType::Hinge,
            "ipo" => LossType::Ipo,
            other => panic!("loss {other}"),
        };
        let of = |key: &str| numbers(&case[key]);
        let (policy_chosen, policy_rejected) = (of("policy_chosen"), of("policy_rejected"));
        let reference_free = case["reference_free"].as_bool().unwrap();
        let zeros = vec![0.0; policy_chosen.len()];
        let ref_of = |key: &str| if reference_free { zeros.clone() } else { of(key) };
        let logps = PairLogps {
            chosen: tensor(&policy_chosen),
            rejected: tensor(&policy_rejected),
            ref_chosen: tensor(&ref_of("ref_chosen")),
            ref_rejected: tensor(&ref_of("ref_rejected")),
        };
        let beta = case["beta"].as_f64().unwrap();
        let ours = preference_loss(logps, loss_type, beta, case["label_smoothing"].as_f64().unwrap());
        for (i, (&ours, theirs)) in host(ours.losses).iter().zip(of("losses")).enumerate() {
            // Ours is f32: five decimals, or what f32 keeps of a large number.
            close(&format!("loss {i} of {case}"), f64::from(ours), theirs, 1e-5 * theirs.abs().max(1.0));
        }
        if !reference_free {
            for (ours, key) in [(ours.chosen_rewards, "chosen_rewards"), (ours.rejected_rewards, "rejected_rewards")] {
                for (&ours, theirs) in host(ours).iter().zip(of(key)) {
                    close(key, f64::from(ours), theirs, 1e-5 * theirs.abs().max(1.0));
                }
            }
        }
        n += 1;
    }
    assert_eq!(n, 25);
}

#[test]
fn policy_equal_to_reference_gives_ln_2_and_no_margin() {
    let same = || tensor(&[-3.0, -500.0]);
    let logps = PairLogps { chosen: same(), rejected: same(), ref_chosen: same(), ref_rejected: same() };
    let result = preference_loss(logps, LossType::Sigmoid, 0.1, 0.0);
    for loss in host(result.losses) {
        close("loss", f64::from(loss), std::f64::consts::LN_2, 1e-6);
    }
    assert_eq!(host(result.chosen_rewards - result.rejected_rewards), [0.0, 0.0]);
}

#[test]
fn swapping_chosen_and_rejected_negates_the_margin() {
    let margins = |a: &[f64], b: &[f64]| {
        let zero = || tensor(&[0.0, 0.0]);
        let logps = PairLogps { chosen: tensor(a), rejected: tensor(b), ref_chosen: zero(), ref_rejected: zero() };
        let result = preference_loss(logps, LossType::Sigmoid, 0.3, 0.0);
        host(result.chosen_rewards - result.rejected_rewards)
    };
    let (a, b) = ([-1.0, -7.5], [-2.0, -3.25]);
    assert_eq!(margins(&a, &b), margins(&b, &a).iter().map(|m| -m).collect::<Vec<_>>());
}

#[test]
fn extreme_margins_stay_finite() {
    let zero = || tensor(&[0.0, 0.0]);
    let logps = PairLogps {
        chosen: tensor(&[-1e5, 1e5]),
        rejected: tensor(&[1e5, -1e5]),
        ref_chosen: zero(),
        ref_rejected: zero(),
    };
    let losses = host(preference_loss(logps, LossType::Sigmoid, 1.0, 0.1).losses);
    close("a hopeless pair", f64::from(losses[0]), 0.9 * 2e5, 1.0);
    close("a settled pair", f64::from(losses[1]), 0.1 * 2e5, 1.0);
}
