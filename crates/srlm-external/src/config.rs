//! Settings of training by another program.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The `[external]` table: how another program trains where `[sft] engine` or `[dpo] engine` is
/// `"external"`.
///
/// `tool` decides the result and is part of the model's key; the rest may change between two
/// attempts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExternalConfig {
    /// Whose settings file is written.
    pub tool: Tool,
    /// Command line, run by the system's shell in the hand-over's folder, with `{stage}` (`sft` or
    /// `dpo`), `{config}`, `{data}`, `{model}`, `{output}` and `{resume}` replaced; empty: the
    /// command is printed and the run stops, to go on when the trained folder is there.
    pub command: String,
    /// Where it trains.
    pub device: Device,
    /// Processes, one a device.
    pub num_processes: usize,
    /// How several processes share the model.
    pub sharding: Sharding,
    /// Examples (pairs, for preference training) that one process takes in one pass. With
    /// `num_processes` it must divide the stage's `batch_size`.
    pub micro_batch_size: usize,
    /// Recompute each layer in the backward pass instead of keeping what it computed: less memory,
    /// a third more time.
    pub gradient_checkpointing: bool,
}

/// A program that trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tool {
    /// Hugging Face's TRL, by its command line.
    Trl,
    /// axolotl, which needs a GPU.
    Axolotl,
}

impl Tool {
    /// The name in settings and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trl => "trl",
            Self::Axolotl => "axolotl",
        }
    }

    /// The settings file that is written for it.
    pub(crate) fn file(self) -> &'static str {
        match self {
            Self::Trl => "trl.yaml",
            Self::Axolotl => "axolotl.yaml",
        }
    }
}

/// Where it trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Device {
    /// GPUs.
    Gpu,
    /// The processor.
    Cpu,
}

/// How several processes share the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sharding {
    /// Each has all of it.
    None,
    /// Weights, gradients and optimizer are split by PyTorch's FSDP 2.
    Fsdp,
    /// They are split by DeepSpeed's ZeRO stage 3.
    Zero3,
}

impl Default for ExternalConfig {
    fn default() -> Self {
        Self {
            tool: Tool::Trl,
            command: String::new(),
            device: Device::Gpu,
            num_processes: 1,
            sharding: Sharding::None,
            micro_batch_size: 1,
            gradient_checkpointing: true,
        }
    }
}

impl ExternalConfig {
    /// # Errors
    /// Names the first key that cannot be, and what it must be.
    pub fn validate(&self) -> Result<(), Error> {
        let refuse = |key, must| Err(Error::Config { key, must });
        match self {
            c if c.num_processes == 0 => refuse("num_processes", "be at least 1"),
            c if c.micro_batch_size == 0 => refuse("micro_batch_size", "be at least 1"),
            c if c.tool == Tool::Axolotl && c.device == Device::Cpu => {
                refuse("device", "be \"gpu\" with tool = \"axolotl\", which trains on GPUs only")
            }
            c if c.sharding != Sharding::None && c.device == Device::Cpu => {
                refuse("sharding", "be \"none\" with device = \"cpu\"")
            }
            c => crate::command::check(&c.command),
        }
    }
}
