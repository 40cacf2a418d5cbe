//! The decoder.

use std::sync::Arc;

use burn::module::{Module, Param};
use burn::tensor::{Device, Int, Tensor, TensorData};
use srlm_checkpoint::{Checkpoint, ModelConfig};
use srlm_kernels::{Layout, PackedMatrix, RopeTable};

use crate::dropout::Dropout;
use crate::error::Error;
use crate::layers::{self, Attention, Layer, LayerCache, Linear, Mlp, Pass, RmsNorm};
use crate::ops::{self, AttentionPlan, Rotation};
use crate::packed::{PackedSequences, Scored};
use crate::rope::inverse_frequencies;

/// Token embeddings.
#[derive(Module, Debug)]
pub struct Embedding {
    /// `[vocabulary, hidden]`.
    pub weight: Param<Tensor<2>>,
    /// As [`Linear`]'s.
    #[module(skip)]
    packed: Option<Arc<PackedMatrix>>,
}

/// The matrix that turns states into logits.
enum Head<'a> {
    Plain(&'a Param<Tensor<2>>),
    Packed(&'a Arc<PackedMatrix>),
}

/// A decoder language model of the Llama family.
///
/// It works on packed rows: `[rows, hidden]` with a [`Layout`] that says what each row sees.
#[derive(Module, Debug)]
pub struct Model {
    /// Token embeddings; also the head, when tied.
    pub embed_tokens: Embedding,
    /// The layers.
    pub layers: Vec<Layer>,
    /// Before the head.
    pub norm: RmsNorm,
    /// The head of untied models, `[vocabulary, hidden]`.
    pub lm_head: Option<Linear>,
    #[module(skip)]
    config: Arc<ModelConfig>,
    #[module(skip)]
    rope: Arc<RopeTable>,
}

impl Model {
    /// A model of zeros on `device`.
    pub fn zeros(config: &ModelConfig, device: &Device) -> Self {
        let (hidden, inner) = (config.hidden_size, config.intermediate_size);
        let (q, kv) = (config.n_heads * config.head_dim, config.n_kv_heads * config.head_dim);
        let (bias, mlp_bias) = (config.attention_bias, config.mlp_bias);
        let layer = || Layer {
            input_layernorm: RmsNorm::zeros(hidden, device),
            self_attn: Attention {
                q_proj: Linear::zeros(q, hidden, bias, device),
                k_proj: Linear::zeros(kv, hidden, bias, device),
                v_proj: Linear::zeros(kv, hidden, bias, device),
                o_proj: Linear::zeros(hidden, q, config.attention_out_bias, device),
                q_norm: config.qk_norm.then(|| RmsNorm::zeros(config.head_dim, device)),
                k_norm: config.qk_norm.then(|| RmsNorm::zeros(config.head_dim, device)),
            },
            post_attention_layernorm: RmsNorm::zeros(hidden, device),
            mlp: Mlp {
                gate_proj: Linear::zeros(inner, hidden, mlp_bias, device),
                up_proj: Linear::zeros(inner, hidden, mlp_bias, device),
                down_proj: Linear::zeros(hidden, inner, mlp_bias, device),
            },
        };
        let vocabulary = config.vocab_size;
        Self {
            embed_tokens: Embedding {
                weight: Param::from_tensor(Tensor::zeros([vocabulary, hidden], device)),
                packed: None,
            },
            layers: (0..config.n_layers).map(|_| layer()).collect(),
            norm: RmsNorm::zeros(hidden, device),
            lm_head: (!config.tie_word_embeddings)
                .then(|| Linear::zeros(vocabulary, hidden, false, device)),
            config: Arc::new(config.clone()),
            rope: Arc::new(RopeTable::new(&inverse_frequencies(config), config.context())),
        }
    }

    /// Reads the weights of a checkpoint onto `device`.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] names a missing or misshapen tensor and its file.
    pub fn load(checkpoint: &Checkpoint, device: &Device) -> Result<Self, Error> {
        crate::weights::load(checkpoint, device, &|_| false)
    }

    /// The architecture.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// Where the parameters live.
    pub fn device(&self) -> Device {
        self.norm.weight.val().device()
    }

    /// The same model for passes without gradients: on the CPU its matrices are laid out anew for
    /// the kernels, and the plain copies go. It cannot be trained, merged or saved any more.
    pub fn for_inference(mut self) -> Self {
        for layer in &mut self.layers {
            layer.linears_mut().into_iter().for_each(|(_, linear)| linear.pack());
        }
        match &mut self.lm_head {
            Some(head) => head.pack(),
            None => {
                let embedding = &mut self.embed_tokens;
                embedding.packed = ops::pack(embedding.weight.val());
                if embedding.packed.is_some() {
                    embedding.weight =
                        Param::from_tensor(Tensor::zeros([0, 0], &embedding.weight.val().device()));
                }
            }
        }
        self
    }

    /// The head, `[vocabulary, hidden]`; plain, or packed by [`Model::for_inference`].
    fn head(&self) -> Head<'_> {
        let (weight, packed) = match &self.lm_head {
            Some(head) => (&head.weight, &head.packed),
            None => (&self.embed_tokens.weight, &self.embed_tokens.packed),
        };
        packed.as_ref().map_or(Head::Plain(weight), Head::Packed)
    }

    /// Embeddings of tokens, `[rows, hidden]`.
    pub(crate) fn embed(&self, ids: &[u32]) -> Tensor<2> {
        let device = self.device();
        if let Some(packed) = &self.embed_tokens.packed {
            let width = packed.input();
            let mut rows = vec![0.0; ids.len() * width];
            rows.chunks_exact_mut(width)
                .zip(ids)
                .for_each(|(row, &id)| packed.copy_row(id as usize, row));
            return Tensor::from_data(TensorData::new(rows, [ids.len(), width]), &device);
        }
        let ids: Vec<i32> = ids.iter().map(|&id| id as i32).collect();
        self.embed_tokens
            .weight
            .val()
            .select(0, Tensor::<1, Int>::from_data(TensorData::from(ids.as_slice()), &device))
    }

    /// Final states of packed rows, `[rows, hidden]`, ready for the head.
    ///
    /// # Panics
    /// When a position lies beyond the model's context.
    pub fn hidden(&self, ids: &[u32], layout: &Arc<Layout>) -> Tensor<2> {
        self.forward(ids, layout, None)
    }

    /// What every layer shares in a pass over these rows.
    pub(crate) fn pass(&self, ids: &[u32], layout: &Arc<Layout>, dropout: Dropout) -> Pass {
        assert_eq!(ids.len(), layout.n_rows(), "a token for every row");
        let positions = layout.positions();
        let longest = positions.iter().copied().max().map_or(0, |p| p as usize + 1);
        assert!(
            longest <= self.rope.n_positions(),
            "position {longest} is beyond the model's context"
        );
        Pass {
            rotation: Arc::new(Rotation { positions, table: self.rope.clone() }),
            plan: Arc::new(AttentionPlan {
                heads: layers::heads(&self.config),
                layout: layout.clone(),
            }),
            slots: Arc::new(layout.slots()),
            epsilon: self.config.rms_norm_eps,
            dropout,
        }
    }

    pub(crate) fn forward(
        &self,
        ids: &[u32],
        layout: &Arc<Layout>,
        mut cache: Option<&mut Vec<Option<LayerCache>>>,
    ) -> Tensor<2> {
        let pass = self.pass(ids, layout, Dropout::default());
        let mut x = self.embed(ids);
        for (i, layer) in self.layers.iter().enumerate() {
            x = layer.forward(x, &pass, i, cache.as_deref_mut().map(|cache| &mut cache[i]));
        }
        self.norm.forward(x, self.config.rms_norm_eps)
    }

    /// Logits of the given states, `[rows, vocabulary]`: for a few rows; training takes
    /// [`Model::token_logps`].
    pub fn logits(&self, hidden: Tensor<2>) -> Tensor<2> {
        match self.head() {
            Head::Plain(weight) => ops::linear(hidden, weight.val()),
            Head::Packed(packed) => ops::linear_packed(hidden, packed),
        }
    }

    /// Log-probability of each scored token, in nats, `[scored]`; logits are held for a few rows at
    /// a time.
    pub fn token_logps(&self, packed: &PackedSequences, scored: &Scored) -> Tensor<1> {
        self.head_logps(self.hidden(&packed.ids, &Arc::new(packed.layout.clone())), scored)
    }

    /// Log-probability of each scored token, given the final states of all rows.
    pub(crate) fn head_logps(&self, hidden: Tensor<2>, scored: &Scored) -> Tensor<1> {
        let rows: Vec<i32> = scored.rows.iter().map(|&row| row as i32).collect();
        let rows = Tensor::<1, Int>::from_data(TensorData::from(rows.as_slice()), &hidden.device());
        let hidden = hidden.select(0, rows);
        match self.head() {
            Head::Plain(weight) => {
                ops::token_logps(hidden, weight.val(), &Arc::new(scored.targets.clone()))
            }
            Head::Packed(packed) => {
                let device = hidden.device();
                let hidden =
                    hidden.into_data().try_into_vec::<f32>().expect("the model computes in f32");
                let logps = srlm_kernels::token_logps_packed(&hidden, packed, &scored.targets);
                Tensor::from_data(TensorData::from(logps.as_slice()), &device)
            }
        }
    }

    /// Sum of the log-probabilities of each sequence's tokens `from[i]..`, in nats.
    ///
    /// # Panics
    /// When a sequence is empty or a `from` is 0.
    pub fn response_logps(&self, sequences: &[&[u32]], from: &[usize]) -> Vec<f64> {
        let packed = PackedSequences::inputs_of(sequences);
        let scored = packed.scored(sequences, from);
        let logps = self
            .token_logps(&packed, &scored)
            .into_data()
            .try_to_vec::<f32>()
            .expect("log-probabilities are f32");
        scored.sums(&logps, sequences.len())
    }
}
