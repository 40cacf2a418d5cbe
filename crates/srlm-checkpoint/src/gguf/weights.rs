//! The tensor table as Hugging Face tensors.

use std::collections::BTreeMap;
use std::fs;

use super::header::TensorInfo;
use super::metadata::Metadata;
use super::names;
use crate::config::{Architecture, ModelConfig};
use crate::error::Error;
use crate::weights::{Element, Entry, Weights};

/// Every tensor that a decoder of these families has; others, such as `rope_freqs.weight`, are left
/// out.
pub(crate) fn read(metadata: Metadata<'_>, config: &ModelConfig) -> Result<Weights, Error> {
    // llama.cpp turns halves of a head's rows into pairs for its rotary layout, in `llama` files
    // only.
    let pairs = matches!(config.architecture, Architecture::Llama | Architecture::Mistral);
    let mut entries = BTreeMap::new();
    for (name, info) in &metadata.header.tensors {
        let Some(ours) = names::hugging_face(name) else { continue };
        let rotary = ours.contains(".q_proj.") || ours.contains(".k_proj.");
        let entry = entry(metadata, name, info, (pairs && rotary).then_some(config.head_dim))?;
        entries.insert(ours, entry);
    }
    Ok(Weights { path: metadata.path.to_owned(), entries })
}

/// A tensor's entry, once its bytes are known to lie inside the file.
pub(crate) fn entry(
    metadata: Metadata<'_>,
    name: &str,
    info: &TensorInfo,
    interleaved: Option<usize>,
) -> Result<Entry, Error> {
    let path = metadata.path;
    let unread = || Error::TensorType {
        path: path.to_owned(),
        name: name.to_owned(),
        found: format!("GGML type {}", info.kind),
    };
    let element = Element::from_ggml(info.kind).ok_or_else(unread)?;
    let malformed = |what: String| Error::header(path, format!("tensor {name}: {what}"));
    let offset = metadata.header.data_start.checked_add(info.offset);
    let offset = offset.ok_or_else(|| malformed(format!("offset {}", info.offset)))?;
    let entry =
        Entry { file: path.into(), element, shape: info.shape.clone(), offset, interleaved };
    let n_bytes = entry
        .n_bytes()
        .ok_or_else(|| malformed(format!("shape {:?} of {element:?}", info.shape)))?;
    let len = fs::metadata(path).map_err(Error::io(path))?.len();
    match offset.checked_add(n_bytes) {
        Some(end) if end <= len => Ok(entry),
        _ => Err(malformed(format!(
            "{n_bytes} bytes from byte {offset}, but the file has {len}; it is cut short"
        ))),
    }
}
