//! Where each tensor lies on disk, and reading one at a time.

mod dequantize;
mod element;
mod stored;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

pub(crate) use self::dequantize::dequantize;
pub(crate) use self::element::Element;
pub use self::stored::StoredMatrix;
use crate::error::Error;

/// Bytes read at a time: beside the result, only this much of a tensor is in memory.
const CHUNK_BYTES: usize = 4 << 20;

/// A tensor's place in its file.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) file: Arc<Path>,
    pub(crate) element: Element,
    /// Outermost axis first.
    pub(crate) shape: Vec<usize>,
    /// Byte of the file where its values begin.
    pub(crate) offset: u64,
    /// Rows of a head whose rotary halves llama.cpp interleaves: row `2i + s` is row `s * n / 2 +
    /// i` of Hugging Face.
    pub(crate) interleaved: Option<usize>,
}

impl Entry {
    /// Bytes of all values; `None` when a row is no whole number of blocks, or the size overflows.
    pub(crate) fn n_bytes(&self) -> Option<u64> {
        let Some((row_len, rest)) = self.shape.split_last() else {
            return Some(self.element.row_bytes(1)? as u64);
        };
        let n_rows = rest.iter().try_fold(1u64, |n, &size| n.checked_mul(size as u64))?;
        n_rows.checked_mul(self.element.row_bytes(*row_len)? as u64)
    }

    /// The values in f32, row-major, in Hugging Face's row order.
    pub(crate) fn read(&self) -> Result<Vec<f32>, Error> {
        let n_values: usize = self.shape.iter().product();
        let last = self.shape.last().copied().unwrap_or(1);
        // A bias is a column when its values are rows of heads.
        let row_len = if self.shape.len() == 1 && self.interleaved.is_some() { 1 } else { last };
        let row_bytes = self.element.row_bytes(row_len).ok_or_else(|| self.bad_row())?;
        let unit = self.interleaved.unwrap_or(1);
        let chunk_rows = (CHUNK_BYTES / row_bytes.max(1) / unit).max(1) * unit;

        let mut file = File::open(&self.file).map_err(Error::io(&self.file))?;
        file.seek(SeekFrom::Start(self.offset)).map_err(Error::io(&self.file))?;
        let mut values = vec![0.0; n_values];
        let mut bytes = Vec::new();
        for chunk in values.chunks_mut(chunk_rows * row_len.max(1)) {
            bytes.resize(chunk.len() / row_len * row_bytes, 0);
            file.read_exact(&mut bytes).map_err(Error::io(&self.file))?;
            chunk.par_chunks_mut(row_len).with_min_len(16).enumerate().for_each(|(row, out)| {
                let from = stored_row(self.interleaved, row);
                dequantize(self.element, &bytes[from * row_bytes..][..row_bytes], out);
            });
        }
        Ok(values)
    }

    fn bad_row(&self) -> Error {
        Error::header(
            &self.file,
            format!("{:?} rows of {:?} are no whole number of blocks", self.shape, self.element),
        )
    }
}

/// Where a row of whole heads is stored.
fn stored_row(interleaved: Option<usize>, row: usize) -> usize {
    let Some(n) = interleaved else { return row };
    let (head, within) = (row / n * n, row % n);
    let (s, i) = (within / (n / 2), within % (n / 2));
    head + 2 * i + s
}

/// The tensors of a model by Hugging Face name.
#[derive(Clone, Debug)]
pub(crate) struct Weights {
    /// The weights file, or the folder of several; for messages.
    pub(crate) path: PathBuf,
    pub(crate) entries: BTreeMap<String, Entry>,
}

impl Weights {
    /// The entry of `name`, when its shape is `expected`.
    pub(crate) fn entry(&self, name: &str, expected: &[usize]) -> Result<&Entry, Error> {
        let missing = || Error::MissingTensor { path: self.path.clone(), name: name.to_owned() };
        let entry = self.entries.get(name).ok_or_else(missing)?;
        if entry.shape != expected {
            let (path, name) = (entry.file.to_path_buf(), name.to_owned());
            return Err(Error::TensorShape {
                path,
                name,
                found: entry.shape.clone(),
                expected: expected.to_vec(),
            });
        }
        Ok(entry)
    }
}
