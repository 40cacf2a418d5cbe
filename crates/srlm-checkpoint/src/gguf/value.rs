//! Metadata values.

use std::io::{self, Read};

use super::reader::Reader;

/// A metadata value; integers of every width and booleans are `Integer`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Integer(i64),
    Float(f64),
    Bool(bool),
    String(String),
    Integers(Vec<i64>),
    Floats(Vec<f32>),
    Strings(Vec<String>),
}

/// Numbers of GGUF's value types (`enum gguf_type` in `gguf.h`) and their least size in bytes.
const ARRAY: u32 = 9;
const STRING: u32 = 8;
const BOOL: u32 = 7;

fn least_bytes(kind: u32) -> io::Result<u64> {
    match kind {
        0 | 1 | BOOL => Ok(1),
        2 | 3 => Ok(2),
        4..=6 => Ok(4),
        STRING | 10..=12 => Ok(8),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("value type {kind} does not exist in an array"),
        )),
    }
}

impl Value {
    pub(crate) fn read<R: Read>(reader: &mut Reader<R>) -> io::Result<Self> {
        match reader.u32()? {
            ARRAY => Self::read_array(reader),
            STRING => reader.string().map(Self::String),
            BOOL => Ok(Self::Bool(reader.bytes::<1>()? != [0])),
            kind @ (6 | 12) => read_float(reader, kind).map(Self::Float),
            kind => read_integer(reader, kind).map(Self::Integer),
        }
    }

    fn read_array<R: Read>(reader: &mut Reader<R>) -> io::Result<Self> {
        let kind = reader.u32()?;
        let n = reader.count(least_bytes(kind)?, "array items")?;
        match kind {
            STRING => (0..n).map(|_| reader.string()).collect::<io::Result<_>>().map(Self::Strings),
            6 | 12 => (0..n)
                .map(|_| Ok(read_float(reader, kind)? as f32))
                .collect::<io::Result<_>>()
                .map(Self::Floats),
            _ => (0..n)
                .map(|_| read_integer(reader, kind))
                .collect::<io::Result<_>>()
                .map(Self::Integers),
        }
    }
}

impl Value {
    /// Appends the type's number and the value: integers as u32, lists of them as i32, floats as
    /// f32.
    ///
    /// # Panics
    /// When an integer does not fit.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Integer(n) => {
                out.extend(4u32.to_le_bytes());
                out.extend(
                    u32::try_from(*n).expect("scalars are counts and token ids").to_le_bytes(),
                );
            }
            Self::Float(x) => {
                out.extend(6u32.to_le_bytes());
                out.extend((*x as f32).to_le_bytes());
            }
            Self::Bool(b) => {
                out.extend(BOOL.to_le_bytes());
                out.push(u8::from(*b));
            }
            Self::String(text) => {
                out.extend(STRING.to_le_bytes());
                write_string(text, out);
            }
            Self::Integers(list) => write_array(5, list, out, |n, out| {
                out.extend(i32::try_from(*n).expect("lists are of token types").to_le_bytes());
            }),
            Self::Floats(list) => write_array(6, list, out, |x, out| out.extend(x.to_le_bytes())),
            Self::Strings(list) => {
                write_array(STRING, list, out, |text, out| write_string(text, out))
            }
        }
    }
}

/// Appends a 64-bit length and the text.
pub(super) fn write_string(text: &str, out: &mut Vec<u8>) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

fn write_array<T>(kind: u32, list: &[T], out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
    out.extend(ARRAY.to_le_bytes());
    out.extend(kind.to_le_bytes());
    out.extend((list.len() as u64).to_le_bytes());
    list.iter().for_each(|item| write(item, out));
}

fn read_integer<R: Read>(reader: &mut Reader<R>, kind: u32) -> io::Result<i64> {
    Ok(match kind {
        0 | BOOL => i64::from(u8::from_le_bytes(reader.bytes()?)),
        1 => i64::from(i8::from_le_bytes(reader.bytes()?)),
        2 => i64::from(u16::from_le_bytes(reader.bytes()?)),
        3 => i64::from(i16::from_le_bytes(reader.bytes()?)),
        4 => i64::from(u32::from_le_bytes(reader.bytes()?)),
        5 => i64::from(i32::from_le_bytes(reader.bytes()?)),
        10 => i64::try_from(reader.u64()?).unwrap_or(i64::MAX),
        11 => i64::from_le_bytes(reader.bytes()?),
        _ => {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("value type {kind} does not exist"),
            ));
        }
    })
}

/// Type 6 is f32, widened by its shortest decimal form so that 1e-5 stays 1e-5; type 12 is f64.
fn read_float<R: Read>(reader: &mut Reader<R>, kind: u32) -> io::Result<f64> {
    if kind == 12 {
        return reader.bytes().map(f64::from_le_bytes);
    }
    let value = f32::from_le_bytes(reader.bytes()?);
    Ok(value.to_string().parse().unwrap_or(f64::from(value)))
}
