//! The tensors that a configuration calls for.

use super::ModelConfig;

impl ModelConfig {
    /// Hugging Face name and shape of every tensor: the embedding, the layers in order, the last
    /// norm and, when it is not the embedding, the output projection. Matrices are `[out, in]`.
    pub fn tensors(&self) -> impl Iterator<Item = (String, Vec<usize>)> + '_ {
        let embedding =
            ("model.embed_tokens.weight".to_owned(), vec![self.vocab_size, self.hidden_size]);
        let layers = (0..self.n_layers).flat_map(|layer| {
            self.layer_tensors()
                .into_iter()
                .map(move |(name, shape)| (format!("model.layers.{layer}.{name}"), shape))
        });
        let norm = ("model.norm.weight".to_owned(), vec![self.hidden_size]);
        let head = ("lm_head.weight".to_owned(), vec![self.vocab_size, self.hidden_size]);
        let head = (!self.tie_word_embeddings).then_some(head);
        std::iter::once(embedding).chain(layers).chain([norm]).chain(head)
    }

    /// Shape of the tensor that is called `name`; `None` when this configuration has no such
    /// tensor.
    pub fn tensor_shape(&self, name: &str) -> Option<Vec<usize>> {
        match name {
            "model.embed_tokens.weight" => Some(vec![self.vocab_size, self.hidden_size]),
            "model.norm.weight" => Some(vec![self.hidden_size]),
            "lm_head.weight" => {
                (!self.tie_word_embeddings).then(|| vec![self.vocab_size, self.hidden_size])
            }
            _ => {
                let (layer, part) = name.strip_prefix("model.layers.")?.split_once('.')?;
                (layer.parse::<usize>().ok()? < self.n_layers).then_some(())?;
                self.layer_tensors()
                    .into_iter()
                    .find(|(name, _)| *name == part)
                    .map(|(_, shape)| shape)
            }
        }
    }

    fn layer_tensors(&self) -> Vec<(&'static str, Vec<usize>)> {
        let (hidden, inner) = (self.hidden_size, self.intermediate_size);
        let (q, kv) = (self.n_heads * self.head_dim, self.n_kv_heads * self.head_dim);
        let mut tensors = vec![("input_layernorm.weight", vec![hidden])];
        tensors.push(("self_attn.q_proj.weight", vec![q, hidden]));
        tensors.push(("self_attn.k_proj.weight", vec![kv, hidden]));
        tensors.push(("self_attn.v_proj.weight", vec![kv, hidden]));
        tensors.push(("self_attn.o_proj.weight", vec![hidden, q]));
        if self.attention_bias {
            tensors.push(("self_attn.q_proj.bias", vec![q]));
            tensors.push(("self_attn.k_proj.bias", vec![kv]));
            tensors.push(("self_attn.v_proj.bias", vec![kv]));
        }
        if self.attention_out_bias {
            tensors.push(("self_attn.o_proj.bias", vec![hidden]));
        }
        if self.qk_norm {
            tensors.push(("self_attn.q_norm.weight", vec![self.head_dim]));
            tensors.push(("self_attn.k_norm.weight", vec![self.head_dim]));
        }
        tensors.push(("post_attention_layernorm.weight", vec![hidden]));
        tensors.push(("mlp.gate_proj.weight", vec![inner, hidden]));
        tensors.push(("mlp.up_proj.weight", vec![inner, hidden]));
        tensors.push(("mlp.down_proj.weight", vec![hidden, inner]));
        if self.mlp_bias {
            tensors.push(("mlp.gate_proj.bias", vec![inner]));
            tensors.push(("mlp.up_proj.bias", vec![inner]));
            tensors.push(("mlp.down_proj.bias", vec![hidden]));
        }
        tensors
    }
}
