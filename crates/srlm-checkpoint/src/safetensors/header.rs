//! The table of a safetensors file, checked against the file's length.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::error::Error;
use crate::weights::{Element, Entry};

/// Longest table that is believed, as in the reference implementation.
const MAX_HEADER: u64 = 100_000_000;
/// Most axes that a tensor may have.
const MAX_AXES: usize = 8;

/// Where a file's tensors lie.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    tensors: BTreeMap<String, Row>,
    /// Byte of the file where the values begin.
    data_start: u64,
}

/// A tensor as the table has it.
#[derive(Clone, Debug)]
pub(crate) enum Placed {
    /// In a number format that is read.
    Read(Entry),
    /// In another; its name.
    Unread(String),
}

/// A row of the table.
#[derive(Clone, Debug, Deserialize)]
struct Row {
    dtype: String,
    #[serde(deserialize_with = "axes")]
    shape: Vec<usize>,
    data_offsets: (u64, u64),
}

impl Header {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let mut file = File::open(path).map_err(Error::io(path))?;
        let len = file.metadata().map_err(Error::io(path))?.len();
        let malformed = |reason: String| Error::header(path, reason);
        if len < 8 {
            return Err(malformed(format!("the file has {len} bytes; it is cut short")));
        }
        let mut bytes = [0; 8];
        file.read_exact(&mut bytes).map_err(Error::io(path))?;
        let n = u64::from_le_bytes(bytes);
        if n > (len - 8).min(MAX_HEADER) {
            return Err(malformed(format!("it says it has {n} bytes, but the file has {len}")));
        }
        let mut json = vec![0; n as usize];
        file.read_exact(&mut json).map_err(Error::io(path))?;
        let rows: Rows = serde_json::from_slice(&json).map_err(|e| malformed(e.to_string()))?;
        let header = Self { tensors: rows.0, data_start: 8 + n };
        for (name, row) in &header.tensors {
            header.check(name, row, len - header.data_start).map_err(malformed)?;
        }
        Ok(header)
    }

    /// The row's bytes lie inside the `len` that follow the table, and are as many as its shape
    /// calls for.
    fn check(&self, name: &str, row: &Row, len: u64) -> Result<(), String> {
        let (begin, end) = row.data_offsets;
        if begin > end {
            return Err(format!(
                "tensor {name}: it ends at byte {end}, before it begins at {begin}"
            ));
        }
        if end > len {
            return Err(format!(
                "tensor {name}: bytes {begin} to {end}, but the file has {len} of values; it is cut short"
            ));
        }
        let Some(element) = Element::from_safetensors(&row.dtype) else { return Ok(()) };
        let n_bytes = row
            .shape
            .iter()
            .try_fold(element.block_bytes() as u64, |n, &size| n.checked_mul(size as u64));
        if n_bytes == Some(end - begin) {
            return Ok(());
        }
        Err(format!(
            "tensor {name}: {} bytes for shape {:?} of {}",
            end - begin,
            row.shape,
            row.dtype
        ))
    }

    /// Names, by where their values lie.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut rows: Vec<_> = self.tensors.iter().collect();
        rows.sort_by_key(|(_, row)| row.data_offsets);
        rows.into_iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The tensor called `name` in the file `path`, whose table this is.
    pub(crate) fn get(&self, path: &Path, name: &str) -> Option<Placed> {
        let row = self.tensors.get(name)?;
        let Some(element) = Element::from_safetensors(&row.dtype) else {
            return Some(Placed::Unread(row.dtype.clone()));
        };
        let offset = self.data_start + row.data_offsets.0;
        let shape = row.shape.clone();
        Some(Placed::Read(Entry { file: path.into(), element, shape, offset, interleaved: None }))
    }
}

/// The rows by name; a name that stands twice is refused.
struct Rows(BTreeMap<String, Row>);

impl<'de> Deserialize<'de> for Rows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Table;
        impl<'de> Visitor<'de> for Table {
            type Value = Rows;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of tensors")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Rows, A::Error> {
                let mut rows = BTreeMap::new();
                while let Some(name) = map.next_key::<String>()? {
                    if name == "__metadata__" {
                        map.next_value::<BTreeMap<String, String>>()?;
                        continue;
                    }
                    let row = map.next_value::<Row>()?;
                    if rows.contains_key(&name) {
                        return Err(A::Error::custom(format!("tensor {name} stands twice")));
                    }
                    rows.insert(name, row);
                }
                Ok(Rows(rows))
            }
        }
        deserializer.deserialize_map(Table)
    }
}

fn axes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<usize>, D::Error> {
    struct Axes;
    impl<'de> Visitor<'de> for Axes {
        type Value = Vec<usize>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a list of at most {MAX_AXES} sizes")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut sizes: A) -> Result<Vec<usize>, A::Error> {
            let mut shape = Vec::new();
            while let Some(size) = sizes.next_element()? {
                if shape.len() == MAX_AXES {
                    return Err(A::Error::custom(format!("more than {MAX_AXES} axes")));
                }
                shape.push(size);
            }
            Ok(shape)
        }
    }
    deserializer.deserialize_seq(Axes)
}
