//! A GGUF file's header: metadata and the table of tensors.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::reader::Reader;
use super::value::Value;
use crate::error::Error;

/// Most axes a tensor may have (`GGML_MAX_DIMS`).
const MAX_DIMS: u32 = 4;

/// A row of the tensor table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TensorInfo {
    /// Outermost axis first; the file stores them the other way round.
    pub(crate) shape: Vec<usize>,
    /// Number of the type, `enum ggml_type`.
    pub(crate) kind: u32,
    /// Byte where its values begin, counted from `Header::data_start`.
    pub(crate) offset: u64,
}

/// What stands before the weights.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Header {
    pub(crate) metadata: BTreeMap<String, Value>,
    pub(crate) tensors: BTreeMap<String, TensorInfo>,
    /// Byte of the file where the weights begin.
    pub(crate) data_start: u64,
}

impl Header {
    /// Reads versions 2 and 3, little-endian.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(Error::io(path))?;
        let len = file.metadata().map_err(Error::io(path))?.len();
        Self::read(BufReader::new(file), len).map_err(|e| match e.kind() {
            io::ErrorKind::UnexpectedEof => {
                Error::header(path, format!("the file ends inside it, after {len} bytes"))
            }
            io::ErrorKind::InvalidData => Error::header(path, e.to_string()),
            _ => Error::io(path)(e),
        })
    }

    /// Reads from a stream of `len` bytes.
    ///
    /// # Errors
    /// `InvalidData` with the reason, `UnexpectedEof`, or what reading gave.
    pub(crate) fn read(inner: impl Read, len: u64) -> io::Result<Self> {
        let mut reader = Reader::new(inner, len);
        if &reader.bytes::<4>()? != b"GGUF" {
            return Err(invalid("it does not begin with GGUF".to_owned()));
        }
        let version = reader.u32()?;
        if !(2..=3).contains(&version) {
            return Err(invalid(format!(
                "GGUF version {version}; read are 2 and 3, little-endian"
            )));
        }
        let n_tensors = reader.count(24, "tensors")?;
        let n_values = reader.count(13, "metadata values")?;
        let mut metadata = BTreeMap::new();
        for _ in 0..n_values {
            let key = reader.string()?;
            let value = Value::read(&mut reader)
                .map_err(|e| io::Error::new(e.kind(), format!("{key}: {e}")))?;
            if metadata.contains_key(&key) {
                return Err(invalid(format!("key {key} stands twice")));
            }
            metadata.insert(key, value);
        }
        let mut tensors = BTreeMap::new();
        for _ in 0..n_tensors {
            let name = reader.string()?;
            let info = read_info(&mut reader)
                .map_err(|e| io::Error::new(e.kind(), format!("tensor {name}: {e}")))?;
            if tensors.contains_key(&name) {
                return Err(invalid(format!("tensor {name} stands twice")));
            }
            tensors.insert(name, info);
        }
        let data_start = align(reader.position(), &metadata)?;
        Ok(Self { metadata, tensors, data_start })
    }
}

fn read_info<R: Read>(reader: &mut Reader<R>) -> io::Result<TensorInfo> {
    let n_dims = reader.u32()?;
    if n_dims == 0 || n_dims > MAX_DIMS {
        return Err(invalid(format!("{n_dims} axes; there may be 1 to {MAX_DIMS}")));
    }
    let mut shape = Vec::new();
    for _ in 0..n_dims {
        let size = reader.u64()?;
        shape.insert(0, usize::try_from(size).map_err(|_| invalid(format!("an axis of {size}")))?);
    }
    Ok(TensorInfo { shape, kind: reader.u32()?, offset: reader.u64()? })
}

fn align(position: u64, metadata: &BTreeMap<String, Value>) -> io::Result<u64> {
    let alignment = match metadata.get("general.alignment") {
        None => 32,
        Some(Value::Integer(n)) if (1..=1 << 20).contains(n) => *n as u64,
        Some(other) => return Err(invalid(format!("general.alignment is {other:?}"))),
    };
    Ok(position.next_multiple_of(alignment))
}

fn invalid(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
