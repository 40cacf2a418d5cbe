//! Losses by name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which loss of a pair. `h` is the difference of the log-ratios of chosen and rejected to the reference, `c`
/// and `r` are log-probabilities, `|c|` and `|r|` tokens of the responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LossType {
    /// DPO: `-log sigma(beta h)`, Rafailov et al. 2023, eq. 7; with label smoothing `e`
    /// conservative DPO, `-(1 - e) log sigma(beta h) - e log sigma(-beta h)`, Mitchell 2023, eq. 3
    /// (TRL 1.x leaves `e` out here).
    Sigmoid,
    /// Robust DPO, unbiased under labels that are wrong at rate `e`:
    /// `(-(1 - e) log sigma(beta h) + e log sigma(-beta h)) / (1 - 2e)`, Chowdhury et al. 2024, eq.
    /// 12.
    Robust,
    /// `max(0, 1 - beta h)`, Zhao et al. 2023 (SLiC-HF).
    Hinge,
    /// `(h - 1 / (2 beta))^2` on summed log-probabilities, Azar et al. 2023, eq. 17.
    Ipo,
    /// The same with each log-ratio divided by its response's tokens, as TRL 1.x has it.
    IpoMean,
    /// `-log sigma(beta h)` with each log-ratio divided by its response's tokens, as TRL 1.x has
    /// it.
    SigmoidNorm,
    /// SimPO, without a reference: `-log sigma(beta (c / |c| - r / |r|) - gamma)`, Meng et al.
    /// 2024, eq. 6.
    Simpo,
    /// The odds-ratio term of ORPO, without a reference: `-log sigma(log odds(c / |c|) - log odds(r
    /// / |r|))`, Hong et al. 2024, eq. 7. ORPO is this, weighted, beside `nll`.
    Orpo,
    /// APO-zero: `1 - sigma(beta logratio(c)) + sigma(beta logratio(r))`, D'Oosterlinck et al.
    /// 2024, eq. 7.
    ApoZero,
    /// APO-down: `sigma(beta logratio(c)) + 1 - sigma(beta h)`, D'Oosterlinck et al. 2024, eq. 8.
    ApoDown,
    /// The chosen response's loss a token, `-c / |c|`: the term that iterative RPO adds to DPO,
    /// Pang et al. 2024, eq. 1.
    Nll,
}

impl LossType {
    /// Whether it reads lengths, which log-probabilities weighted by place do not go with.
    pub(crate) fn reads_lengths(self) -> bool {
        matches!(self, Self::IpoMean | Self::SigmoidNorm | Self::Simpo | Self::Orpo | Self::Nll)
    }

    /// Whether label smoothing means something to it.
    pub(crate) fn smooths(self) -> bool {
        matches!(self, Self::Sigmoid | Self::Robust)
    }
}

/// Which loss of single responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnpairedLoss {
    /// KTO: `w (1 - sigma(beta (logratio - z)))` for a desirable response, `w (1 - sigma(beta (z -
    /// logratio)))` for an undesirable one, `z` the divergence of policy and reference, Ethayarajh
    /// et al. 2024, eq. 8.
    Kto,
    /// APO-zero from single responses: as KTO with `z = 0`.
    ApoZeroUnpaired,
}
