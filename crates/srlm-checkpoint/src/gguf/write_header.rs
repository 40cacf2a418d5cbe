//! A GGUF file's header as bytes: metadata and the table of tensors.

use super::format::GgufFormat;
use super::value::{self, Value};

/// Boundary on which every tensor begins, GGUF's default.
pub(super) const ALIGNMENT: u64 = 32;
const VERSION: u32 = 3;

/// A tensor as it will be stored.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stored {
    /// llama.cpp's name.
    pub(super) name: String,
    /// Outermost axis first.
    pub(super) shape: Vec<usize>,
    pub(super) format: GgufFormat,
}

impl Stored {
    /// Bytes of its values, without what fills up to the next boundary.
    pub(super) fn n_bytes(&self) -> u64 {
        let n_values: usize = self.shape.iter().product();
        let element = self.format.element();
        (n_values / element.block_len()) as u64 * element.block_bytes() as u64
    }
}

/// Everything before the values, filled up to the boundary.
pub(super) fn header(metadata: &[(String, Value)], tensors: &[Stored]) -> Vec<u8> {
    let mut out = b"GGUF".to_vec();
    out.extend(VERSION.to_le_bytes());
    out.extend((tensors.len() as u64).to_le_bytes());
    out.extend((metadata.len() as u64).to_le_bytes());
    for (key, value) in metadata {
        value::write_string(key, &mut out);
        value.write(&mut out);
    }
    let mut offset = 0u64;
    for tensor in tensors {
        value::write_string(&tensor.name, &mut out);
        out.extend((tensor.shape.len() as u32).to_le_bytes());
        tensor.shape.iter().rev().for_each(|size| out.extend((*size as u64).to_le_bytes()));
        out.extend(tensor.format.ggml().to_le_bytes());
        out.extend(offset.to_le_bytes());
        offset += tensor.n_bytes().next_multiple_of(ALIGNMENT);
    }
    out.resize(out.len().next_multiple_of(ALIGNMENT as usize), 0);
    out
}
