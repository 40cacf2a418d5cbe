//! A whole safetensors file at once, for small ones such as adapters.

use std::path::Path;

use super::header::{Header, Placed};
use crate::error::Error;

/// Name, shape and values, row-major.
pub type NamedTensor = (String, Vec<usize>, Vec<f32>);

/// Name, shape and values of every tensor of a file, in the order in which they lie there; F32, F16
/// and BF16 become f32.
///
/// # Errors
/// `Error::Header` for a malformed or truncated file, `Error::TensorType` for another number
/// format, `Error::Io`.
pub fn read_safetensors(path: &Path) -> Result<Vec<NamedTensor>, Error> {
    let header = Header::open(path)?;
    let mut tensors = Vec::new();
    for name in header.names() {
        match header.get(path, name) {
            None => {}
            Some(Placed::Read(entry)) => {
                tensors.push((name.to_owned(), entry.shape.clone(), entry.read()?))
            }
            Some(Placed::Unread(found)) => {
                return Err(Error::TensorType {
                    path: path.to_owned(),
                    name: name.to_owned(),
                    found,
                });
            }
        }
    }
    Ok(tensors)
}
