//! Weights below adapters in the form that their file has, widened a block of rows at a time.

use std::ops::Range;

use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};
use srlm_checkpoint::{Checkpoint, StoredMatrix};

use crate::error::Error;
use crate::model::Model;

/// Rows of a weight that are in f32 at a time.
const ROWS: usize = 512;

/// A weight `[output, input]` of 4, 5, 6, 8 or 16 bits a value, without a gradient.
#[derive(Debug)]
pub struct QuantizedMatrix(StoredMatrix);

impl QuantizedMatrix {
    /// `[output, input]`.
    pub fn shape(&self) -> [usize; 2] {
        self.0.shape()
    }

    /// The whole weight in f32.
    pub fn dense(&self, device: &Device) -> Tensor<2> {
        let [output, input] = self.shape();
        let mut values = vec![0.0; output * input];
        self.0.widen(0..output, &mut values);
        Tensor::from_data(TensorData::new(values, [output, input]), device)
    }

    /// Calls `f` with blocks of rows in f32, row-major.
    pub(crate) fn for_each_block(&self, mut f: impl FnMut(Range<usize>, &[f32])) {
        let [output, input] = self.shape();
        let mut values = vec![0.0; ROWS.min(output) * input];
        for start in (0..output).step_by(ROWS) {
            let rows = start..(start + ROWS).min(output);
            let values = &mut values[..rows.len() * input];
            self.0.widen(rows.clone(), values);
            f(rows, values);
        }
    }
}

impl Model {
    /// Reads a checkpoint as [`Model::load`] does, but keeps the projections of the layers as the
    /// file stores them, where the device's kernels can compute with that; they are frozen.
    /// Embeddings, head and norms are in f32.
    ///
    /// # Errors
    /// Those of [`Model::load`].
    pub fn load_quantized(checkpoint: &Checkpoint, device: &Device) -> Result<Self, Error> {
        let kept = |name: &str| crate::ops::has_native(device) && name.contains("_proj.weight");
        let mut model = crate::weights::load(checkpoint, device, &kept)?;
        if !crate::ops::has_native(device) {
            return Ok(model);
        }
        for (index, layer) in model.layers.iter_mut().enumerate() {
            for (name, linear) in layer.linears_mut() {
                let block = if ["gate_proj", "up_proj", "down_proj"].contains(&name) {
                    "mlp"
                } else {
                    "self_attn"
                };
                let stored =
                    checkpoint.stored(&format!("model.layers.{index}.{block}.{name}.weight"))?;
                linear.quantized = stored.map(|stored| QuantizedMatrix(stored).into());
                linear.weight = Param::from_tensor(Tensor::zeros([0, 0], device));
            }
        }
        Ok(model)
    }
}
