//! Low-rank adapters in activation space: `y += scale * (x A^T) B^T`, with no weight-shaped
//! gradient.
//!
//! DoRA also gives every output a magnitude of its own: `y = m / |W + scale B A| (W + scale B A)
//! x`, the norm taken by row and held constant in the gradient (Liu et al. 2024, section 4.3, as
//! PEFT does).

use std::sync::Arc;

use burn::module::{Module, Param};
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use srlm_checkpoint::Checkpoint;
use srlm_settings::LoraConfig;

use crate::dropout::Dropout;
use crate::error::Error;
use crate::layers::Linear;
use crate::model::Model;
use crate::ops;

/// The low-rank update of one [`Linear`].
///
/// # Source
/// Hu et al. 2021, "LoRA"; Liu et al. 2024, "DoRA"; names as PEFT saves them.
#[derive(Module, Debug)]
pub struct LoraAdapter {
    /// `[rank, input]`.
    pub lora_a: Param<Tensor<2>>,
    /// `[output, rank]`, zero at first.
    pub lora_b: Param<Tensor<2>>,
    /// `[output]`, at first the norms of the weight's rows (DoRA).
    pub lora_magnitude_vector: Option<Param<Tensor<1>>>,
    /// `alpha / rank`.
    #[module(skip)]
    pub scale: f64,
    /// Squared norms of the weight's rows (DoRA).
    #[module(skip)]
    row_squares: Arc<Vec<f32>>,
}

impl LoraAdapter {
    /// `A` is drawn from a uniform distribution as PEFT draws it, by the device's generator.
    fn new(linear: &Linear, config: &LoraConfig) -> Self {
        let [output, input] = linear.shape();
        let device = linear.weight.device();
        // Kaiming's uniform bound with a = sqrt(5), as in torch.nn.Linear.
        let bound = (input as f64).sqrt().recip();
        let a = Tensor::random([config.rank, input], Distribution::Uniform(-bound, bound), &device);
        let squares: Vec<f32> = if config.dora {
            linear
                .dense()
                .powi_scalar(2)
                .sum_dim(1)
                .into_data()
                .try_into_vec()
                .expect("parameters are f32")
        } else {
            Vec::new()
        };
        let norms: Vec<f32> = squares.iter().map(|square| square.sqrt()).collect();
        let magnitude =
            || Param::from_tensor(Tensor::from_data(TensorData::new(norms, [output]), &device));
        Self {
            lora_a: Param::from_tensor(a.detach()),
            lora_b: Param::from_tensor(Tensor::zeros([output, config.rank], &device)),
            lora_magnitude_vector: config.dora.then(magnitude),
            scale: config.alpha / config.rank as f64,
            row_squares: Arc::new(squares),
        }
    }

    /// `linear`'s product with `x` and the update's.
    pub(crate) fn forward(
        &self,
        x: Tensor<2>,
        linear: &Linear,
        dropout: &Dropout,
        site: u64,
    ) -> Tensor<2> {
        let (a, b) = (self.lora_a.val().cast(x.dtype()), self.lora_b.val().cast(x.dtype()));
        let base = linear.product(x.clone());
        let update = ops::linear(ops::linear(dropout.of_adapter(x, site), a), b) * self.scale;
        let sum = base + update;
        let dtype = sum.dtype();
        match self.row_scales(linear) {
            Some(scales) => sum * scales.unsqueeze().cast(dtype),
            None => sum,
        }
    }

    /// `m / |W + scale B A|` for every output, `[output]`; the norm is a constant to the gradient.
    ///
    /// `|w + s b A|^2 = |w|^2 + 2 s b (A w) + s^2 b (A A^T) b^T` for a row `w` and its `b`: no
    /// weight-shaped tensor.
    fn row_scales(&self, linear: &Linear) -> Option<Tensor<1>> {
        let magnitude = self.lora_magnitude_vector.as_ref()?;
        let (a, b) = (self.lora_a.val().detach(), self.lora_b.val().detach());
        let [output, _] = b.dims();
        let squares = TensorData::new(self.row_squares.to_vec(), [output, 1]);
        let squares = Tensor::<2>::from_data(squares, &b.device());
        let crossed = linear.product(a.clone()).detach().transpose();
        let gram = a.clone().matmul(a.transpose());
        let terms = crossed * (2.0 * self.scale) + b.clone().matmul(gram) * self.scale.powi(2);
        let norms = (squares + (b * terms).sum_dim(1)).sqrt().reshape([output]);
        Some(magnitude.val() / norms)
    }
}

impl Model {
    /// Reads a checkpoint to be trained: all of it, or fresh adapters on it, drawn from `seed`.
    ///
    /// # Errors
    /// Those of [`Model::load`].
    pub fn load_trainable(
        checkpoint: &Checkpoint,
        lora: Option<&LoraConfig>,
        device: &Device,
        seed: u64,
    ) -> Result<Self, Error> {
        let autodiff = device.clone().autodiff();
        let Some(lora) = lora else { return Self::load(checkpoint, &autodiff) };
        let base = if lora.stored_base {
            Self::load_quantized(checkpoint, &autodiff)?
        } else {
            Self::load(checkpoint, &autodiff)?
        };
        device.seed(seed);
        Ok(base.with_lora(lora))
    }

    /// Adds fresh adapters and freezes everything else; the model computes what it did before.
    ///
    /// `A` is drawn by the device's generator: seed it first.
    pub fn with_lora(self, config: &LoraConfig) -> Self {
        let mut model = self.no_grad();
        for layer in &mut model.layers {
            for (name, linear) in layer.linears_mut() {
                if config.target_modules.iter().any(|target| target == name) {
                    linear.adapter = Some(LoraAdapter::new(linear, config));
                }
            }
        }
        model
    }

    /// Adds each adapter's update to its weight and drops the adapter; every weight is in f32 then.
    pub fn merge_lora(mut self) -> Self {
        for layer in &mut self.layers {
            layer.linears_mut().into_iter().for_each(|(_, linear)| merge(linear));
        }
        self
    }
}

fn merge(linear: &mut Linear) {
    let weight = linear.dense();
    let merged = match linear.adapter.take() {
        Some(adapter) => {
            let update = adapter.lora_b.val().matmul(adapter.lora_a.val()) * adapter.scale;
            let sum = weight + update;
            match adapter.row_scales(linear) {
                Some(scales) => sum * scales.unsqueeze_dim(1),
                None => sum,
            }
        }
        None if linear.quantized.is_some() => weight,
        None => return,
    };
    linear.quantized = None;
    linear.weight = Param::from_tensor(merged.detach());
}
