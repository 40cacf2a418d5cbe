//! Writing safetensors files, one tensor at a time.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use serde_json::{Map, Value, json};

use super::read::NamedTensor;
use crate::error::Error;

/// Values converted at a time, so that a large tensor is not in memory twice.
const CHUNK: usize = 1 << 16;

/// A number format that weights are saved in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dtype {
    /// 32-bit floats: exact.
    #[default]
    F32,
    /// 16-bit floats, rounded to nearest.
    F16,
    /// Floats of 8 exponent and 7 fraction bits, rounded to nearest.
    Bf16,
}

impl Dtype {
    /// As transformers calls it.
    pub(crate) fn torch_name(self) -> &'static str {
        match self {
            Self::F32 => "float32",
            Self::F16 => "float16",
            Self::Bf16 => "bfloat16",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
        }
    }

    /// Bytes of a value.
    pub(crate) fn n_bytes(self) -> u64 {
        if self == Self::F32 { 4 } else { 2 }
    }

    fn push(self, value: f32, bytes: &mut Vec<u8>) {
        match self {
            Self::F32 => bytes.extend(value.to_le_bytes()),
            Self::F16 => bytes.extend(f16::from_f32(value).to_le_bytes()),
            Self::Bf16 => bytes.extend(bf16::from_f32(value).to_le_bytes()),
        }
    }

    /// Whether `value` is finite but too large for this format.
    fn overflows(self, value: f32) -> bool {
        let stored = match self {
            Self::F32 => value,
            Self::F16 => f16::from_f32(value).to_f32(),
            Self::Bf16 => bf16::from_f32(value).to_f32(),
        };
        value.is_finite() && !stored.is_finite()
    }
}

/// The tensors of one file, in order.
pub(crate) struct Layout<'a> {
    pub(crate) tensors: &'a [(String, Vec<usize>)],
    pub(crate) dtype: Dtype,
    pub(crate) metadata: &'a BTreeMap<String, String>,
}

impl Layout<'_> {
    /// The file's beginning: the table's length, the table, and spaces up to a multiple of eight
    /// bytes.
    fn header(&self) -> Vec<u8> {
        let mut table = Map::new();
        if !self.metadata.is_empty() {
            table.insert("__metadata__".to_owned(), json!(self.metadata));
        }
        let mut begin = 0;
        for (name, shape) in self.tensors {
            let end = begin + n_values(shape) as u64 * self.dtype.n_bytes();
            let row =
                json!({ "dtype": self.dtype.name(), "shape": shape, "data_offsets": [begin, end] });
            table.insert(name.clone(), row);
            begin = end;
        }
        let mut json = Value::Object(table).to_string().into_bytes();
        json.resize(json.len().next_multiple_of(8), b' ');
        let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
        bytes.append(&mut json);
        bytes
    }
}

pub(crate) fn n_values(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// A file whose table is written and whose values follow.
#[derive(Debug)]
pub(crate) struct FileWriter {
    path: PathBuf,
    file: BufWriter<File>,
    dtype: Dtype,
}

impl FileWriter {
    pub(crate) fn create(path: &Path, layout: &Layout<'_>) -> Result<Self, Error> {
        let file = File::create(path).map_err(Error::io(path))?;
        let mut file = BufWriter::new(file);
        file.write_all(&layout.header()).map_err(Error::io(path))?;
        Ok(Self { path: path.to_owned(), file, dtype: layout.dtype })
    }

    /// Appends the next tensor's values.
    pub(crate) fn values(&mut self, name: &str, values: &[f32]) -> Result<(), Error> {
        let mut bytes = Vec::with_capacity(CHUNK * 4);
        for chunk in values.chunks(CHUNK) {
            bytes.clear();
            for &value in chunk {
                if self.dtype.overflows(value) {
                    let (path, name) = (self.path.clone(), name.to_owned());
                    return Err(Error::TensorRange { path, name, value, dtype: self.dtype.name() });
                }
                self.dtype.push(value, &mut bytes);
            }
            self.file.write_all(&bytes).map_err(Error::io(&self.path))?;
        }
        Ok(())
    }

    /// Waits until all is on the disk.
    pub(crate) fn finish(self) -> Result<(), Error> {
        let file = self.file.into_inner().map_err(|e| Error::io(&self.path)(e.into_error()))?;
        file.sync_all().map_err(Error::io(&self.path))
    }
}

/// Writes tensors (name, shape, values) as F32, in the order given, under a temporary name that is
/// then renamed.
///
/// # Errors
/// `Error::Io`.
///
/// # Panics
/// When a tensor has not as many values as its shape calls for.
pub fn write_safetensors(
    path: &Path,
    tensors: &[NamedTensor],
    metadata: &BTreeMap<String, String>,
) -> Result<(), Error> {
    let shapes: Vec<_> =
        tensors.iter().map(|(name, shape, _)| (name.clone(), shape.clone())).collect();
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let layout = Layout { tensors: &shapes, dtype: Dtype::F32, metadata };
    let mut writer = FileWriter::create(&part, &layout)?;
    for (name, shape, values) in tensors {
        assert_eq!(values.len(), n_values(shape), "values of tensor {name} of shape {shape:?}");
        writer.values(name, values)?;
    }
    writer.finish()?;
    std::fs::rename(&part, path).map_err(Error::io(path))
}
