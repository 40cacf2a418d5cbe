//! Preference losses: pure functions of log-probabilities.

use burn::tensor::Tensor;
use burn::tensor::activation::{log_sigmoid, relu, sigmoid};
use srlm_settings::{DpoConfig, LossType};

/// A weighted sum of losses and their numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct LossSettings {
    /// The losses and their weights; without any the sum is zero.
    pub losses: Vec<(LossType, f64)>,
    /// Strength of the pull toward the reference; SimPO's scale.
    pub beta: f64,
    /// Share of pairs assumed to be the wrong way round.
    pub label_smoothing: f64,
    /// SimPO's margin `gamma`, in units of `beta` times nats a token.
    pub simpo_gamma: f64,
}

impl LossSettings {
    /// The losses of pairs of a table.
    pub(crate) fn of_table(config: &DpoConfig) -> Self {
        Self {
            losses: config.pair_losses().collect(),
            beta: config.beta,
            label_smoothing: config.label_smoothing,
            simpo_gamma: config.simpo_gamma,
        }
    }
}

impl LossSettings {
    /// One loss without smoothing.
    pub fn of(loss_type: LossType, beta: f64) -> Self {
        Self { losses: vec![(loss_type, 1.0)], beta, label_smoothing: 0.0, simpo_gamma: 0.0 }
    }
}

/// Log-probabilities of a batch of pairs, each `[batch]`: sums over response tokens, in nats.
#[derive(Clone, Debug)]
pub struct PairLogps {
    /// Of the chosen response under the policy.
    pub chosen: Tensor<1>,
    /// Of the rejected response under the policy.
    pub rejected: Tensor<1>,
    /// Of the chosen response under the reference.
    pub ref_chosen: Tensor<1>,
    /// Of the rejected response under the reference.
    pub ref_rejected: Tensor<1>,
    /// Tokens of the chosen response.
    pub n_chosen: Tensor<1>,
    /// Tokens of the rejected response.
    pub n_rejected: Tensor<1>,
}

impl PairLogps {
    /// The pairs turned around.
    fn swapped(self) -> Self {
        Self {
            chosen: self.rejected,
            rejected: self.chosen,
            ref_chosen: self.ref_rejected,
            ref_rejected: self.ref_chosen,
            n_chosen: self.n_rejected,
            n_rejected: self.n_chosen,
        }
    }
}

/// What a preference loss gives, each `[batch]`.
#[derive(Clone, Debug)]
pub struct PreferenceLoss {
    /// The losses.
    pub losses: Tensor<1>,
    /// `beta` times the chosen log-ratio, outside the graph.
    pub chosen_rewards: Tensor<1>,
    /// `beta` times the rejected log-ratio, outside the graph.
    pub rejected_rewards: Tensor<1>,
}

/// The weighted sum of losses of each pair.
///
/// `label_weights` is the trust in each pair's order: its loss is `w` times that of the pair, plus
/// `1 - w` times that of the pair turned around (CREAM, Wang et al. 2024, eq. 9). `None` trusts
/// all.
///
/// # Shapes
/// All tensors are `[batch]`.
///
/// # Source
/// The papers named at [`LossType`]. Values and gradients are checked against TRL's where it has
/// the loss, against the papers' formulas in PyTorch where it has not.
pub fn preference_loss(
    logps: PairLogps,
    label_weights: Option<Tensor<1>>,
    settings: &LossSettings,
) -> PreferenceLoss {
    let losses = match label_weights {
        None => weighted_sum(&logps, settings),
        Some(weights) => {
            let turned = weighted_sum(&logps.clone().swapped(), settings);
            weights.clone() * weighted_sum(&logps, settings) + (-weights + 1.0) * turned
        }
    };
    PreferenceLoss {
        losses,
        chosen_rewards: (logps.chosen - logps.ref_chosen).detach() * settings.beta,
        rejected_rewards: (logps.rejected - logps.ref_rejected).detach() * settings.beta,
    }
}

fn weighted_sum(logps: &PairLogps, settings: &LossSettings) -> Tensor<1> {
    let terms = settings
        .losses
        .iter()
        .map(|&(loss_type, weight)| one_loss(logps, loss_type, settings) * weight);
    terms.reduce(|sum, term| sum + term).unwrap_or_else(|| logps.chosen.zeros_like())
}

fn one_loss(logps: &PairLogps, loss_type: LossType, settings: &LossSettings) -> Tensor<1> {
    let LossSettings { beta, label_smoothing, simpo_gamma, .. } = *settings;
    let PairLogps { chosen, rejected, ref_chosen, ref_rejected, n_chosen, n_rejected } =
        logps.clone();
    let chosen_logratios = chosen.clone() - ref_chosen;
    let rejected_logratios = rejected.clone() - ref_rejected;
    let difference = chosen_logratios.clone() - rejected_logratios.clone();
    let mean_difference = || {
        chosen_logratios.clone() / n_chosen.clone()
            - rejected_logratios.clone() / n_rejected.clone()
    };
    match loss_type {
        LossType::Sigmoid => smoothed(difference * beta, label_smoothing, 1.0),
        LossType::Robust => {
            smoothed(difference * beta, label_smoothing, -1.0) / (1.0 - 2.0 * label_smoothing)
        }
        LossType::Hinge => relu(-(difference * beta) + 1.0),
        LossType::Ipo => (difference - 0.5 / beta).powi_scalar(2),
        LossType::IpoMean => (mean_difference() - 0.5 / beta).powi_scalar(2),
        LossType::SigmoidNorm => -log_sigmoid(mean_difference() * beta),
        LossType::Simpo => {
            -log_sigmoid((chosen / n_chosen - rejected / n_rejected) * beta - simpo_gamma)
        }
        LossType::Orpo => {
            -log_sigmoid(log_odds(chosen / n_chosen) - log_odds(rejected / n_rejected))
        }
        LossType::ApoZero => {
            -sigmoid(chosen_logratios * beta) + sigmoid(rejected_logratios * beta) + 1.0
        }
        LossType::ApoDown => sigmoid(chosen_logratios * beta) - sigmoid(difference * beta) + 1.0,
        LossType::Nll => -(chosen / n_chosen),
    }
}

/// `-(1 - e) log sigma(margin) - sign e log sigma(-margin)`.
fn smoothed(margins: Tensor<1>, label_smoothing: f64, sign: f64) -> Tensor<1> {
    let right = -log_sigmoid(margins.clone()) * (1.0 - label_smoothing);
    if label_smoothing == 0.0 {
        right
    } else {
        right - log_sigmoid(-margins) * (sign * label_smoothing)
    }
}

/// `log(p / (1 - p))` of the probabilities whose logarithms are given.
fn log_odds(mean_logps: Tensor<1>) -> Tensor<1> {
    // A response of certain tokens has p = 1; one step of f32 below keeps its odds finite.
    let mean_logps = mean_logps.clamp_max(-f64::from(f32::EPSILON));
    mean_logps.clone() - (-mean_logps.exp()).log1p()
}
