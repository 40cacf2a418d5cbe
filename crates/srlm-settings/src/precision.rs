//! In which numbers training passes are computed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What activations and the weights that meet them are computed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits everywhere.
    #[default]
    F32,
    /// bfloat16 for activations and products; weights, norms, softmax, loss, gradients and the
    /// optimizer's state keep 32 bits. For GPUs: the CPU has no kernels for it and is slow.
    Bf16,
}
