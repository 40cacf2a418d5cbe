//! Low-rank adapters in activation space: `y += scale * (x A^T) B^T`, with no weight-shaped gradient.

use burn::module::{Module, Param};
use burn::tensor::{Distribution, Tensor};
use serde::{Deserialize, Serialize};

use crate::layers::Linear;
use crate::model::Model;
use crate::ops;

/// Which layers get adapters, and of what size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoraConfig {
    /// Rank of the update.
    pub rank: usize,
    /// The update is scaled by `alpha / rank`.
    pub alpha: f64,
    /// Projections that get an adapter: `q_proj k_proj v_proj o_proj gate_proj up_proj down_proj`.
    pub target_modules: Vec<String>,
}

impl Default for LoraConfig {
    fn default() -> Self {
        let all = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];
        Self { rank: 16, alpha: 32.0, target_modules: all.map(String::from).to_vec() }
    }
}

/// The low-rank update of one [`Linear`].
///
/// # Source
/// Hu et al. 2021, "LoRA"; names as PEFT saves them.
#[derive(Module, Debug)]
pub struct LoraAdapter {
    /// `[rank, input]`.
    pub lora_a: Param<Tensor<2>>,
    /// `[output, rank]`, zero at first.
    pub lora_b: Param<Tensor<2>>,
    /// `alpha / rank`.
    #[module(skip)]
    pub scale: f64,
}

impl LoraAdapter {
    pub(crate) fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        ops::linear(ops::linear(x, self.lora_a.val()), self.lora_b.val()) * self.scale
    }
}

impl Model {
    /// Adds fresh adapters and freezes everything else; the model computes what it did before.
    ///
    /// `A` is drawn from a uniform distribution as PEFT draws it, by the device's generator: seed it first.
    pub fn with_lora(self, config: &LoraConfig) -> Self {
        let mut model = self.no_grad();
        for_each_target(&mut model, config, |linear| {
            let [output, input] = linear.weight.dims();
            let device = linear.weight.device();
            // Kaiming's uniform bound with a = sqrt(5), as in torch.nn.Linear.
            let bound = (input as f64).sqrt().recip();
            let a = Tensor::random([config.rank, input], Distribution::Uniform(-bound, bound), &device);
            linear.adapter = Some(LoraAdapter {
                lora_a: Param::from_tensor(a.detach()),
                lora_b: Param::from_tensor(Tensor::zeros([output, config.rank], &device)),
                scale: config.alpha / config.rank as f64,
            });
        });
        model
    }

    /// Adds each adapter's update to its weight and drops the adapter.
    pub fn merge_lora(mut self) -> Self {
        for layer in &mut self.layers {
            layer.linears_mut().into_iter().for_each(|(_, linear)| merge(linear));
        }
        self
    }
}

fn merge(linear: &mut Linear) {
    if let Some(adapter) = linear.adapter.take() {
        let update = adapter.lora_b.val().matmul(adapter.lora_a.val()) * adapter.scale;
        let weight = linear.weight.val() + update;
        linear.weight = Param::from_tensor(weight.detach());
    }
}

fn for_each_target(model: &mut Model, config: &LoraConfig, mut f: impl FnMut(&mut Linear)) {
    for layer in &mut model.layers {
        for (name, linear) in layer.linears_mut() {
            if config.target_modules.iter().any(|target| target == name) {
                f(linear);
            }
        }
    }
}
