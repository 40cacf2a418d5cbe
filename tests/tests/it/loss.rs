//! Preference losses against TRL's values and gradients.

use std::collections::BTreeSet;

use burn::tensor::{Device, Tensor};
use serde_json::Value;
use srlm_dpo::{LossSettings, LossType, PairLogps, preference_loss};

use crate::reference::{LargestErrors, close, numbers, vectors};

fn tensor(values: &[f64]) -> Tensor<1> {
    on(&Device::flex(), values)
}

fn on(device: &Device, values: &[f64]) -> Tensor<1> {
    let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
    Tensor::from_floats(values.as_slice(), device)
}

fn host(x: Tensor<1>) -> Vec<f32> {
    x.into_data().try_to_vec().unwrap()
}

/// Pairs of one token a response.
fn pair_logps([chosen, rejected, ref_chosen, ref_rejected]: [&[f64]; 4]) -> PairLogps {
    let ones = vec![1.0; chosen.len()];
    PairLogps {
        chosen: tensor(chosen),
        rejected: tensor(rejected),
        ref_chosen: tensor(ref_chosen),
        ref_rejected: tensor(ref_rejected),
        n_chosen: tensor(&ones),
        n_rejected: tensor(&ones),
    }
}

#[test]
fn losses_and_rewards_equal_trls() {
    let vectors = vectors("dpo_loss_trl.json");
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
        let logps = pair_logps([
            &policy_chosen,
            &policy_rejected,
            &ref_of("ref_chosen"),
            &ref_of("ref_rejected"),
        ]);
        let of_case = |key: &str| case[key].as_f64().unwrap();
        let settings = LossSettings {
            label_smoothing: of_case("label_smoothing"),
            ..LossSettings::of(loss_type, of_case("beta"))
        };
        let ours = preference_loss(logps, None, &settings);
        for (i, (&ours, theirs)) in host(ours.losses).iter().zip(of("losses")).enumerate() {
            // Ours is f32: five decimals, or what f32 keeps of a large number.
            close(
                &format!("loss {i} of {case}"),
                f64::from(ours),
                theirs,
                1e-5 * theirs.abs().max(1.0),
            );
        }
        if !reference_free {
            for (ours, key) in [
                (ours.chosen_rewards, "chosen_rewards"),
                (ours.rejected_rewards, "rejected_rewards"),
            ] {
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
    let result = preference_loss(
        pair_logps([&[-3.0, -500.0]; 4]),
        None,
        &LossSettings::of(LossType::Sigmoid, 0.1),
    );
    for loss in host(result.losses) {
        close("loss", f64::from(loss), std::f64::consts::LN_2, 1e-6);
    }
    assert_eq!(host(result.chosen_rewards - result.rejected_rewards), [0.0, 0.0]);
}

#[test]
fn swapping_chosen_and_rejected_negates_the_margin() {
    let margins = |a: &[f64], b: &[f64]| {
        let zero = [0.0, 0.0];
        let settings = LossSettings::of(LossType::Sigmoid, 0.3);
        let result = preference_loss(pair_logps([a, b, &zero, &zero]), None, &settings);
        host(result.chosen_rewards - result.rejected_rewards)
    };
    let (a, b) = ([-1.0, -7.5], [-2.0, -3.25]);
    assert_eq!(margins(&a, &b), margins(&b, &a).iter().map(|m| -m).collect::<Vec<_>>());
}

#[test]
fn extreme_margins_stay_finite() {
    let zero = [0.0, 0.0];
    let settings =
        LossSettings { label_smoothing: 0.1, ..LossSettings::of(LossType::Sigmoid, 1.0) };
    let logps = pair_logps([&[-1e5, 1e5], &[1e5, -1e5], &zero, &zero]);
    let losses = host(preference_loss(logps, None, &settings).losses);
    close("a hopeless pair", f64::from(losses[0]), 0.9 * 2e5, 1.0);
    close("a settled pair", f64::from(losses[1]), 0.1 * 2e5, 1.0);
}

#[test]
fn trust_mixes_the_pair_with_the_pair_turned_around() {
    let logps = || pair_logps([&[-1.0; 4], &[-3.0; 4], &[-2.0; 4], &[-2.5; 4]]);
    for loss_type in [LossType::Sigmoid, LossType::Hinge, LossType::ApoZero] {
        let settings = LossSettings::of(loss_type, 0.5);
        let turned = pair_logps([&[-3.0; 4], &[-1.0; 4], &[-2.5; 4], &[-2.0; 4]]);
        let [whole, turned] = [logps(), turned]
            .map(|l| f64::from(host(preference_loss(l, None, &settings).losses)[0]));
        let weights = [1.0, 0.75, 0.5, 0.0];
        let losses = host(preference_loss(logps(), Some(tensor(&weights)), &settings).losses);
        for (loss, w) in losses.into_iter().zip(weights) {
            close("loss", f64::from(loss), w * whole + (1.0 - w) * turned, 1e-6);
        }
    }
    // Cream's label weight is conservative DPO's label smoothing by another name.
    let trusted = preference_loss(
        logps(),
        Some(tensor(&[0.75; 4])),
        &LossSettings::of(LossType::Sigmoid, 0.5),
    );
    let smoothed =
        LossSettings { label_smoothing: 0.25, ..LossSettings::of(LossType::Sigmoid, 0.5) };
    let smoothed = preference_loss(logps(), None, &smoothed);
    assert_eq!(host(trusted.losses), host(smoothed.losses));
}

#[test]
fn losses_add_up_with_their_weights() {
    let logps = || pair_logps([&[-1.0], &[-3.0], &[-2.0], &[-2.5]]);
    let loss = |losses: &[(LossType, f64)]| {
        let settings =
            LossSettings { losses: losses.to_vec(), ..LossSettings::of(LossType::Sigmoid, 0.1) };
        f64::from(host(preference_loss(logps(), None, &settings).losses)[0])
    };
    let (sigmoid, nll) = (loss(&[(LossType::Sigmoid, 1.0)]), loss(&[(LossType::Nll, 1.0)]));
    close(
        "sum",
        loss(&[(LossType::Sigmoid, 1.0), (LossType::Nll, 0.25)]),
        sigmoid + 0.25 * nll,
        1e-6,
    );
}

/// Sums of token values, those beyond the shorter response weighted.
fn weighted_sums(pair: &Value, alpha: f64) -> [f64; 4] {
    let of = |key: &str| numbers(&pair[key]);
    let shared = of("chosen").len().min(of("rejected").len());
    let sum = |values: Vec<f64>| {
        values.iter().enumerate().map(|(i, v)| if i < shared { *v } else { alpha * v }).sum()
    };
    ["chosen", "rejected", "ref_chosen", "ref_rejected"].map(|key| sum(of(key)))
}

/// Five decimals, and what f32 loses of a margin of large sums.
fn tolerance(expected: f64, beta: f64, sums: &[f64; 4]) -> f64 {
    let largest = sums.iter().fold(1.0f64, |m, v| m.max(v.abs()));
    1e-5 * expected.abs().max(1.0) + 2.4e-7 * beta.max(1.0) * largest
}

#[test]
fn values_and_gradients_equal_trls_and_the_papers() {
    let text = include_str!("../../fixtures/preference_losses.json");
    let fixture: Value = serde_json::from_str(text).unwrap();
    let (mut seen, mut errors) = (BTreeSet::new(), LargestErrors::default());
    for case in fixture["cases"].as_array().unwrap() {
        let loss_type: LossType = serde_json::from_value(case["loss_type"].clone()).unwrap();
        let objective = case["loss_type"].as_str().unwrap();
        seen.insert(objective);
        let of = |key: &str| case[key].as_f64().unwrap();
        let settings = LossSettings {
            label_smoothing: of("label_smoothing"),
            simpo_gamma: of("simpo_gamma"),
            ..LossSettings::of(loss_type, of("beta"))
        };
        for (pair, result) in
            case["pairs"].as_array().unwrap().iter().zip(case["results"].as_array().unwrap())
        {
            let sums = weighted_sums(pair, of("ld_alpha"));
            let device = Device::flex().autodiff();
            let leaf = |value: f64| on(&device, &[value]).require_grad();
            let (chosen, rejected) = (leaf(sums[0]), leaf(sums[1]));
            let n = |key: &str| on(&device, &[numbers(&pair[key]).len() as f64]);
            let logps = PairLogps {
                chosen: chosen.clone(),
                rejected: rejected.clone(),
                ref_chosen: on(&device, &[sums[2]]),
                ref_rejected: on(&device, &[sums[3]]),
                n_chosen: n("chosen"),
                n_rejected: n("rejected"),
            };
            let loss = preference_loss(logps, None, &settings).losses.sum();
            let what = format!("{} beta {} of {pair}", case["loss_type"], of("beta"));
            let expected = result["loss"].as_f64().unwrap();
            let ours = f64::from(loss.clone().into_scalar::<f32>());
            close(&what, ours, expected, tolerance(expected, of("beta"), &sums));
            errors.value(objective, ours, expected);
            let gradients = loss.backward();
            // The first token of a response always weighs 1, so its gradient is that of the sum.
            for (leaf, theirs) in
                [chosen, rejected].iter().zip(result["gradients"].as_array().unwrap())
            {
                let ours =
                    leaf.grad(&gradients).map_or(0.0, |gradient| f64::from(host(gradient)[0]));
                let theirs = theirs[0].as_f64().unwrap();
                close(
                    &format!("gradient of {what}"),
                    ours,
                    theirs,
                    tolerance(theirs, of("beta"), &sums),
                );
                errors.gradient(objective, ours, theirs);
            }
        }
    }
    // All but `ipo` on sums, which an older TRL has: see above.
    assert_eq!(seen.len(), 10, "{seen:?}");
    errors.print();
}
