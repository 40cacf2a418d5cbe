//! The DPO loss of a batch of one pair and its gradient, to check with a pencil.
use burn::tensor::{Device, Tensor};
use srlm_dpo::{LossSettings, LossType, PairLogps, preference_loss};

fn main() {
    let device = Device::flex().autodiff();
    let one = |value: f32| Tensor::<1>::from_floats([value], &device);
    let chosen = one(-10.0).require_grad();
    let logps = PairLogps {
        chosen: chosen.clone(),
        rejected: one(-20.0),
        ref_chosen: one(-12.0),
        ref_rejected: one(-15.0),
        n_chosen: one(4.0),
        n_rejected: one(9.0),
    };
    // Log-ratios 2 and -5: the margin is 0.1 * 7, the loss ln(1 + e^-0.7).
    let found = preference_loss(logps, None, &LossSettings::of(LossType::Sigmoid, 0.1));
    let loss = found.losses.clone().into_scalar::<f32>();
    let gradients = found.losses.sum().backward();
    let gradient = chosen.grad(&gradients).expect("the loss depends on it").into_scalar::<f32>();
    println!("loss {loss}, gradient {gradient}");
    assert!((loss - 0.403_19).abs() < 1e-4);
    // -beta sigma(-margin).
    assert!((gradient + 0.1 / (1.0 + 0.7_f32.exp())).abs() < 1e-6);
}
