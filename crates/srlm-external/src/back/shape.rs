//! Whether a model is of the shape, and speaks the tokens, of another.

use std::path::Path;

use srlm_checkpoint::{Checkpoint, ModelConfig, Tokenizer};

use crate::error::Error;

/// Everything that decides what the weights compute. Which tokens begin, end and fill sequences is
/// not looked at: trainers rewrite it, and the model keeps what was handed over.
pub(super) fn check_config(
    path: &Path,
    found: &ModelConfig,
    expected: &ModelConfig,
) -> Result<(), Error> {
    macro_rules! fields {
        ($($field:ident),* $(,)?) => {
            [$((stringify!($field), format!("{:?}", found.$field), format!("{:?}", expected.$field))),*]
        };
    }
    let fields = fields![
        architecture,
        vocab_size,
        hidden_size,
        intermediate_size,
        n_layers,
        n_heads,
        n_kv_heads,
        head_dim,
        rms_norm_eps,
        rope_theta,
        rope_scaling,
        max_positions,
        tie_word_embeddings,
        attention_bias,
        attention_out_bias,
        mlp_bias,
        qk_norm,
        sliding_window,
    ];
    match fields.into_iter().find(|(_, found, expected)| found != expected) {
        None => Ok(()),
        Some((key, found, expected)) => {
            Err(Error::OtherConfig { path: path.to_owned(), key, found, expected })
        }
    }
}

/// The same text becomes the same tokens, and the same conversation the same text.
pub(super) fn check_tokenizer(
    path: &Path,
    found: &Tokenizer,
    expected: &Tokenizer,
) -> Result<(), Error> {
    let (found, expected) = (found.content_hash()?, expected.content_hash()?);
    if found == expected {
        Ok(())
    } else {
        Err(Error::OtherTokenizer { path: path.to_owned(), found, expected })
    }
}

/// An adapter's folder may have a tokenizer or not.
pub(super) fn check_tokenizer_of_adapter(path: &Path, base: &Checkpoint) -> Result<(), Error> {
    if !path.join("tokenizer.json").exists() {
        return Ok(());
    }
    check_tokenizer(
        path,
        &Tokenizer::from_folder(path, &base.config.eos_token_ids)?,
        &base.tokenizer,
    )
}
