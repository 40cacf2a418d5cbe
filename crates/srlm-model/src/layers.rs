//! The parts of a decoder layer, named as Hugging Face names them, so that a parameter's path is
//! its tensor's name.

use std::sync::Arc;

use burn::module::{Module, Param};
use burn::tensor::{DType, Device, Tensor};
use srlm_kernels::{Heads, PackedMatrix};

use crate::dropout::Dropout;
use crate::lora::LoraAdapter;
use crate::ops::{self, AttentionPlan, Rotation};
use crate::quantized::QuantizedMatrix;

/// `y = x weight^T + bias`, plus the adapter's part where there is one.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[output, input]`.
    pub weight: Param<Tensor<2>>,
    /// `[output]`.
    pub bias: Option<Param<Tensor<1>>>,
    /// Low-rank update, see [`crate::lora`].
    pub adapter: Option<LoraAdapter>,
    /// The weight as the CPU's kernels take it, in place of `weight`; see [`Model::for_inference`].
    ///
    /// [`Model::for_inference`]: crate::Model::for_inference
    #[module(skip)]
    pub(crate) packed: Option<Arc<PackedMatrix>>,
    /// The weight as its file stores it, in place of `weight`; see [`Model::load_quantized`].
    ///
    /// [`Model::load_quantized`]: crate::Model::load_quantized
    #[module(skip)]
    pub(crate) quantized: Option<Arc<QuantizedMatrix>>,
}

impl Linear {
    pub(crate) fn zeros(output: usize, input: usize, bias: bool, device: &Device) -> Self {
        Self {
            weight: Param::from_tensor(Tensor::zeros([output, input], device)),
            bias: bias.then(|| Param::from_tensor(Tensor::zeros([output], device))),
            adapter: None,
            packed: None,
            quantized: None,
        }
    }

    /// `[output, input]`, whatever form the weight has.
    pub(crate) fn shape(&self) -> [usize; 2] {
        match &self.quantized {
            Some(quantized) => quantized.shape(),
            None => self.weight.dims(),
        }
    }

    /// The weight in f32, outside any graph.
    pub(crate) fn dense(&self) -> Tensor<2> {
        match &self.quantized {
            Some(quantized) => quantized.dense(&self.weight.val().device()),
            None => self.weight.val().detach(),
        }
    }

    /// The weight, where it is all there is to this layer.
    fn plain(&self) -> Option<Tensor<2>> {
        let has_more = self.bias.is_some()
            || self.adapter.is_some()
            || self.packed.is_some()
            || self.quantized.is_some();
        (!has_more).then(|| self.weight.val())
    }

    /// Lays the weight out for products without gradients, where the device can, and gives up the
    /// plain copy.
    pub(crate) fn pack(&mut self) {
        if self.packed.is_none() {
            self.packed = ops::pack(self.weight.val());
        }
        if self.packed.is_some() {
            self.weight = Param::from_tensor(Tensor::zeros([0, 0], &self.weight.val().device()));
        }
    }

    /// `x weight^T`.
    pub(crate) fn product(&self, x: Tensor<2>) -> Tensor<2> {
        match (&self.packed, &self.quantized) {
            (Some(packed), _) => ops::linear_packed(x, packed),
            (None, Some(quantized)) => ops::linear_quantized(x, quantized),
            (None, None) => ops::linear(x, self.weight.val()),
        }
    }

    pub(crate) fn forward(&self, x: Tensor<2>, dropout: &Dropout, site: u64) -> Tensor<2> {
        let y = match &self.adapter {
            Some(adapter) => adapter.forward(x, self, dropout, site),
            None => self.product(x),
        };
        match &self.bias {
            Some(bias) => {
                let dtype = y.dtype();
                y + bias.val().unsqueeze().cast(dtype)
            }
            None => y,
        }
    }
}

/// Root-mean-square normalization over the last dimension.
#[derive(Module, Debug)]
pub struct RmsNorm {
    /// `[width]`.
    pub weight: Param<Tensor<1>>,
}

impl RmsNorm {
    pub(crate) fn zeros(width: usize, device: &Device) -> Self {
        Self { weight: Param::from_tensor(Tensor::zeros([width], device)) }
    }

    /// In f32, whatever the rows are in.
    pub(crate) fn forward(&self, x: Tensor<2>, epsilon: f64) -> Tensor<2> {
        let dtype = x.dtype();
        ops::rms_norm(x.cast(DType::F32), self.weight.val(), epsilon).cast(dtype)
    }

    /// Normalizes every head of every row.
    fn forward_heads(&self, x: Tensor<2>, epsilon: f64) -> Tensor<2> {
        let [n, width] = x.dims();
        let [head_dim] = self.weight.dims();
        self.forward(x.reshape([n * width / head_dim, head_dim]), epsilon).reshape([n, width])
    }
}

/// Keys and values of a layer, `[slots, n_kv_heads * head_dim]`.
#[derive(Debug)]
pub(crate) struct LayerCache {
    pub(crate) keys: Tensor<2>,
    pub(crate) values: Tensor<2>,
}

/// What every layer of one pass shares.
pub(crate) struct Pass {
    pub(crate) rotation: Arc<Rotation>,
    pub(crate) plan: Arc<AttentionPlan>,
    /// Where the rows' keys go in the cache.
    pub(crate) slots: Arc<Vec<usize>>,
    pub(crate) epsilon: f64,
    pub(crate) dropout: Dropout,
}

/// Places of masks in a layer: its seven projections, then its two blocks.
const SITES: u64 = 9;

/// Grouped-query attention with rotary positions.
#[derive(Module, Debug)]
pub struct Attention {
    /// `[n_heads * head_dim, hidden]`.
    pub q_proj: Linear,
    /// `[n_kv_heads * head_dim, hidden]`.
    pub k_proj: Linear,
    /// `[n_kv_heads * head_dim, hidden]`.
    pub v_proj: Linear,
    /// `[hidden, n_heads * head_dim]`.
    pub o_proj: Linear,
    /// Over each query head, `[head_dim]` (Qwen3).
    pub q_norm: Option<RmsNorm>,
    /// Over each key head, `[head_dim]` (Qwen3).
    pub k_norm: Option<RmsNorm>,
}

impl Attention {
    fn forward(
        &self,
        x: Tensor<2>,
        pass: &Pass,
        site: u64,
        cache: Option<&mut Option<LayerCache>>,
    ) -> Tensor<2> {
        let dropout = &pass.dropout;
        let normalized = |x: Tensor<2>, norm: &Option<RmsNorm>| match norm {
            Some(norm) => norm.forward_heads(x, pass.epsilon),
            None => x,
        };
        let q = ops::rope(
            normalized(self.q_proj.forward(x.clone(), dropout, site), &self.q_norm),
            &pass.rotation,
        );
        let k = ops::rope(
            normalized(self.k_proj.forward(x.clone(), dropout, site + 1), &self.k_norm),
            &pass.rotation,
        );
        let v = self.v_proj.forward(x, dropout, site + 2);
        let (k, v) = match cache {
            None => (k, v),
            Some(slot) => {
                // Taken out of its place so that nobody else holds the tensors and they are written
                // in place.
                let LayerCache { keys, values } =
                    slot.take().expect("a cache is put back after every pass");
                let keys = ops::write_rows(keys, k, &pass.slots);
                let values = ops::write_rows(values, v, &pass.slots);
                *slot = Some(LayerCache { keys: keys.clone(), values: values.clone() });
                (keys, values)
            }
        };
        self.o_proj.forward(ops::attention(q, k, v, &pass.plan), dropout, site + 3)
    }
}

/// Gated feed-forward layer.
#[derive(Module, Debug)]
pub struct Mlp {
    /// `[intermediate, hidden]`.
    pub gate_proj: Linear,
    /// `[intermediate, hidden]`.
    pub up_proj: Linear,
    /// `[hidden, intermediate]`.
    pub down_proj: Linear,
}

impl Mlp {
    /// `norm` goes before.
    fn forward(&self, x: Tensor<2>, norm: &RmsNorm, pass: &Pass, site: u64) -> Tensor<2> {
        if let (Some(gate), Some(up), Some(down)) =
            (self.gate_proj.plain(), self.up_proj.plain(), self.down_proj.plain())
        {
            return ops::feed_forward(x, norm.weight.val(), [gate, up, down], pass.epsilon);
        }
        let (x, dropout) = (norm.forward(x, pass.epsilon), &pass.dropout);
        let gate = self.gate_proj.forward(x.clone(), dropout, site + 4);
        let up = self.up_proj.forward(x, dropout, site + 5);
        self.down_proj.forward(ops::swiglu(gate, up), dropout, site + 6)
    }
}

/// One decoder layer.
#[derive(Module, Debug)]
pub struct Layer {
    /// Before attention.
    pub input_layernorm: RmsNorm,
    /// Attention.
    pub self_attn: Attention,
    /// Before the feed-forward layer.
    pub post_attention_layernorm: RmsNorm,
    /// Feed-forward layer.
    pub mlp: Mlp,
}

impl Layer {
    /// The projections by the names that configurations give them.
    pub(crate) fn linears_mut(&mut self) -> [(&'static str, &mut Linear); 7] {
        let (attention, mlp) = (&mut self.self_attn, &mut self.mlp);
        [
            ("q_proj", &mut attention.q_proj),
            ("k_proj", &mut attention.k_proj),
            ("v_proj", &mut attention.v_proj),
            ("o_proj", &mut attention.o_proj),
            ("gate_proj", &mut mlp.gate_proj),
            ("up_proj", &mut mlp.up_proj),
            ("down_proj", &mut mlp.down_proj),
        ]
    }

    /// Layer number `index` of the model; the number tells its masks from other layers'.
    pub(crate) fn forward(
        &self,
        x: Tensor<2>,
        pass: &Pass,
        index: usize,
        cache: Option<&mut Option<LayerCache>>,
    ) -> Tensor<2> {
        let (site, dropout) = (index as u64 * SITES, &pass.dropout);
        let attended = self.self_attn.forward(
            self.input_layernorm.forward(x.clone(), pass.epsilon),
            pass,
            site,
            cache,
        );
        let x = x + dropout.of_block(attended, site + 7);
        let fed = self.mlp.forward(x.clone(), &self.post_attention_layernorm, pass, site);
        x + dropout.of_block(fed, site + 8)
    }
}

/// The head counts as the kernels take them.
pub(crate) fn heads(config: &srlm_checkpoint::ModelConfig) -> Heads {
    Heads { n_heads: config.n_heads, n_kv_heads: config.n_kv_heads, head_dim: config.head_dim }
}
