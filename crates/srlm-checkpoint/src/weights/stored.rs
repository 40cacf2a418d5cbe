//! A matrix kept in memory as its file stores it.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use rayon::prelude::*;

use super::{Element, Entry, dequantize};
use crate::error::Error;

/// A matrix whose rows are widened to f32 when they are asked for, in Hugging Face's row order.
#[derive(Clone, Debug)]
pub struct StoredMatrix {
    element: Element,
    rows: usize,
    cols: usize,
    interleaved: Option<usize>,
    bytes: Vec<u8>,
}

impl StoredMatrix {
    /// `None` when the tensor is no matrix.
    pub(crate) fn read(entry: &Entry) -> Result<Option<Self>, Error> {
        let [rows, cols] = entry.shape[..] else { return Ok(None) };
        let n_bytes = entry.n_bytes().ok_or_else(|| entry.bad_row())? as usize;
        let mut file = File::open(&entry.file).map_err(Error::io(&entry.file))?;
        file.seek(SeekFrom::Start(entry.offset)).map_err(Error::io(&entry.file))?;
        let mut bytes = vec![0; n_bytes];
        file.read_exact(&mut bytes).map_err(Error::io(&entry.file))?;
        Ok(Some(Self { element: entry.element, rows, cols, interleaved: entry.interleaved, bytes }))
    }

    /// `[rows, columns]`.
    pub fn shape(&self) -> [usize; 2] {
        [self.rows, self.cols]
    }

    /// Bytes that it takes.
    pub fn n_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Writes rows `range` in f32, row-major, to `out`.
    ///
    /// # Panics
    /// When the range reaches past the last row, or `out` is not `range.len() * columns` long.
    pub fn widen(&self, range: Range<usize>, out: &mut [f32]) {
        assert_eq!(out.len(), range.len() * self.cols, "values of the asked rows");
        let row_bytes = self.bytes.len() / self.rows.max(1);
        out.par_chunks_mut(self.cols.max(1)).with_min_len(16).zip(range).for_each(|(out, row)| {
            let from = super::stored_row(self.interleaved, row);
            dequantize(self.element, &self.bytes[from * row_bytes..][..row_bytes], out);
        });
    }
}
