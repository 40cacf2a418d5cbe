//! Metadata by key and type.

use std::path::Path;

use super::header::Header;
use super::value::Value;
use crate::error::Error;

/// A header and the file that it was read from, for messages.
#[derive(Clone, Copy)]
pub(crate) struct Metadata<'a> {
    pub(crate) header: &'a Header,
    pub(crate) path: &'a Path,
}

impl<'a> Metadata<'a> {
    fn get<T>(
        self,
        key: &str,
        wanted: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        let Some(value) = self.header.metadata.get(key) else { return Ok(None) };
        match read(value) {
            Some(value) => Ok(Some(value)),
            None => Err(Error::config(self.path, key, format!("must be {wanted}"))),
        }
    }

    pub(crate) fn size(self, key: &str) -> Result<Option<usize>, Error> {
        self.get(key, "one whole number, the same for every layer", |value| match value {
            Value::Integer(n) => usize::try_from(*n).ok(),
            Value::Integers(each) => {
                let first = each.first()?;
                each.iter().all(|n| n == first).then(|| usize::try_from(*first).ok())?
            }
            _ => None,
        })
    }

    pub(crate) fn token(self, key: &str) -> Result<Option<u32>, Error> {
        self.get(key, "a token's number", |value| match value {
            Value::Integer(n) => u32::try_from(*n).ok(),
            _ => None,
        })
    }

    pub(crate) fn float(self, key: &str) -> Result<Option<f64>, Error> {
        self.get(key, "a number", |value| match value {
            Value::Float(x) => Some(*x),
            Value::Integer(n) => Some(*n as f64),
            _ => None,
        })
    }

    pub(crate) fn bool(self, key: &str) -> Result<Option<bool>, Error> {
        self.get(
            key,
            "true or false",
            |value| if let Value::Bool(b) = value { Some(*b) } else { None },
        )
    }

    pub(crate) fn string(self, key: &str) -> Result<Option<&'a str>, Error> {
        self.get(
            key,
            "text",
            |value| if let Value::String(s) = value { Some(s.as_str()) } else { None },
        )
    }

    pub(crate) fn strings(self, key: &str) -> Result<Option<&'a [String]>, Error> {
        self.get(key, "a list of texts", |value| {
            if let Value::Strings(s) = value { Some(s.as_slice()) } else { None }
        })
    }

    pub(crate) fn integers(self, key: &str) -> Result<Option<&'a [i64]>, Error> {
        self.get(key, "a list of whole numbers", |value| match value {
            Value::Integers(n) => Some(n.as_slice()),
            _ => None,
        })
    }

    pub(crate) fn floats(self, key: &str) -> Result<Option<&'a [f32]>, Error> {
        self.get(key, "a list of numbers", |value| {
            if let Value::Floats(x) = value { Some(x.as_slice()) } else { None }
        })
    }

    /// The value, or an error that names the key.
    pub(crate) fn required<T>(self, key: &str, value: Option<T>) -> Result<T, Error> {
        value.ok_or_else(|| Error::config(self.path, key, "is missing"))
    }
}
