//! llama.cpp's tensor names and Hugging Face's.

/// Parts of `blk.N.PART` and of `model.layers.N.PART`.
const LAYER: [(&str, &str); 11] = [
    ("attn_norm", "input_layernorm"),
    ("ffn_norm", "post_attention_layernorm"),
    ("attn_q", "self_attn.q_proj"),
    ("attn_k", "self_attn.k_proj"),
    ("attn_v", "self_attn.v_proj"),
    ("attn_output", "self_attn.o_proj"),
    ("attn_q_norm", "self_attn.q_norm"),
    ("attn_k_norm", "self_attn.k_norm"),
    ("ffn_gate", "mlp.gate_proj"),
    ("ffn_up", "mlp.up_proj"),
    ("ffn_down", "mlp.down_proj"),
];

/// Tensors outside the layers.
const OUTER: [(&str, &str); 3] = [
    ("token_embd.weight", "model.embed_tokens.weight"),
    ("output_norm.weight", "model.norm.weight"),
    ("output.weight", "lm_head.weight"),
];

/// The Hugging Face name of `name`; `None` when a decoder of these families has no such tensor.
pub(crate) fn hugging_face(name: &str) -> Option<String> {
    if let Some((_, ours)) = OUTER.iter().find(|(ggml, _)| *ggml == name) {
        return Some((*ours).to_owned());
    }
    let (layer, rest) = name.strip_prefix("blk.")?.split_once('.')?;
    let (part, suffix) = rest.split_once('.')?;
    let (_, part) = LAYER.iter().find(|(ggml, _)| *ggml == part)?;
    matches!(suffix, "weight" | "bias").then(|| format!("model.layers.{layer}.{part}.{suffix}"))
}

/// llama.cpp's name of the tensor that Hugging Face calls `name`; `None` when these families have
/// no such tensor.
pub(super) fn ggml(name: &str) -> Option<String> {
    if let Some((ggml, _)) = OUTER.iter().find(|(_, ours)| *ours == name) {
        return Some((*ggml).to_owned());
    }
    let (layer, rest) = name.strip_prefix("model.layers.")?.split_once('.')?;
    let (part, suffix) = rest.rsplit_once('.')?;
    let (ggml, _) = LAYER.iter().find(|(_, ours)| *ours == part)?;
    Some(format!("blk.{layer}.{ggml}.{suffix}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_there_and_back() {
        for part in LAYER.map(|(ggml, _)| format!("blk.7.{ggml}.weight")).iter().chain(&[
            "token_embd.weight".to_owned(),
            "output_norm.weight".to_owned(),
            "output.weight".to_owned(),
            "blk.0.attn_q.bias".to_owned(),
        ]) {
            assert_eq!(ggml(&hugging_face(part).unwrap()).as_ref(), Some(part));
        }
        assert_eq!(ggml("model.layers.0.self_attn.rotary.weight"), None);
    }
}
