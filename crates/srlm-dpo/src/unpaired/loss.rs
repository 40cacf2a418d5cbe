//! Losses of single responses: pure functions of log-probabilities.

use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;

/// The numbers of a loss of single responses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unpaired {
    /// Strength of the pull toward the reference.
    pub beta: f64,
    /// KTO's reference point, in nats: an estimate of the divergence of policy and reference; 0 for
    /// APO-zero.
    pub kl: f64,
    /// Weight of the desirable responses.
    pub desirable_weight: f64,
    /// Weight of the undesirable responses.
    pub undesirable_weight: f64,
}

/// Log-probabilities of a batch of responses, each `[batch]`: sums over response tokens, in nats.
#[derive(Clone, Debug)]
pub struct UnpairedLogps {
    /// Under the policy.
    pub policy: Tensor<1>,
    /// Under the reference.
    pub reference: Tensor<1>,
    /// 1 for a desirable response, 0 for an undesirable one.
    pub desirable: Tensor<1>,
}

/// What a loss of single responses gives, each `[batch]`.
#[derive(Clone, Debug)]
pub struct UnpairedLosses {
    /// The losses.
    pub losses: Tensor<1>,
    /// `beta` times the log-ratio, outside the graph.
    pub rewards: Tensor<1>,
}

/// `w (1 - sigma(beta (logratio - kl)))` for desirable responses, `w (1 - sigma(beta (kl -
/// logratio)))` for others.
///
/// # Shapes
/// All tensors are `[batch]`.
///
/// # Source
/// Ethayarajh et al. 2024, eqs. 7 and 8, less the constant `w`s that TRL leaves out too; with `kl =
/// 0` the unpaired form of APO-zero (D'Oosterlinck et al. 2024, eq. 7). Values and gradients are
/// checked against TRL's.
pub fn unpaired_loss(logps: UnpairedLogps, settings: &Unpaired) -> UnpairedLosses {
    let UnpairedLogps { policy, reference, desirable } = logps;
    let logratios = policy - reference;
    let margins = logratios.clone() * settings.beta - settings.beta * settings.kl;
    // 1 for a desirable response, -1 for an undesirable one.
    let signs = desirable.clone() * 2.0 - 1.0;
    let weights = desirable * (settings.desirable_weight - settings.undesirable_weight)
        + settings.undesirable_weight;
    UnpairedLosses {
        losses: weights * (-sigmoid(signs * margins) + 1.0),
        rewards: logratios.detach() * settings.beta,
    }
}
