//! Preference losses: pure functions of log-probabilities.

use burn::tensor::Tensor;
use burn::tensor::activation::{log_sigmoid, relu};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LossType {
    /// DPO, Rafailov et al. 2023, eq. 7; with label smoothing conservative DPO, Mitchell 2023, eq. 3.
    Sigmoid,
    /// Hinge on the margin, Zhao et al. 2023 (SLiC).
    Hinge,
    /// Squared distance to `1 / (2 beta)`, Azar et al. 2023, eq. 17, on summed log-probabilities.
    Ipo,
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

/// The loss of each pair; for [`LossType::Sigmoid`]
/// `-(1 - e) log sigma(beta h) - e log sigma(-beta h)` with `h = chosen_logratio - rejected_logratio` and
/// `e = label_smoothing`.
///
/// # Shapes
/// All tensors are `[batch]`.
///
/// # Source
/// The papers named at [`LossType`]. Checked against TRL's values.
pub fn preference_loss(logps: PairLogps, loss_type: LossType, beta: f64, label_smoothing: f64) -> PreferenceLoss {
    let chosen_logratios = logps.chosen - logps.ref_chosen;
    let rejected_logratios = logps.rejected - logps.ref_rejected;
    let difference = chosen_logratios.clone() - rejected_logratios.clone();
    let losses = match loss_type {
        LossType::Sigmoid => {
            let margins = difference * beta;
            let right = -log_sigmoid(margins.clone()) * (1.0 - label_smoothing);
            if label_smoothing == 0.0 { right } else { right - log_sigmoid(-margins) * label_smoothing }
        }
        LossType::Hinge => relu(-(difference * beta) + 1.0),
        LossType::Ipo => (difference - 0.5 / beta).powi_scalar(2),
    };
    PreferenceLoss {
        losses,
        chosen_rewards: chosen_logratios.detach() * beta,
        rejected_rewards: rejected_logratios.detach() * beta,
    }
}
