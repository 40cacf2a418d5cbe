//! Safetensors files: a JSON table, then the values.

mod header;
mod read;
mod write;

pub(crate) use self::header::{Header, Placed};
pub use self::read::{NamedTensor, read_safetensors};
pub use self::write::{Dtype, write_safetensors};
pub(crate) use self::write::{FileWriter, Layout};
