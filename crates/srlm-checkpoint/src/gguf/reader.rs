//! Little-endian values from a file whose every length is checked against what is left of it.

use std::io::{self, Read};

/// Reads and counts; no length is believed that the rest of the file cannot hold.
pub(crate) struct Reader<R> {
    inner: R,
    position: u64,
    len: u64,
}

impl<R: Read> Reader<R> {
    pub(crate) fn new(inner: R, len: u64) -> Self {
        Self { inner, position: 0, len }
    }

    /// Bytes read so far.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.inner.read_exact(&mut bytes)?;
        self.position += N as u64;
        Ok(bytes)
    }

    pub(crate) fn u32(&mut self) -> io::Result<u32> {
        self.bytes().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> io::Result<u64> {
        self.bytes().map(u64::from_le_bytes)
    }

    /// A 64-bit count of things of at least `min_bytes` each.
    pub(crate) fn count(&mut self, min_bytes: u64, what: &str) -> io::Result<usize> {
        let n = self.u64()?;
        let left = self.len.saturating_sub(self.position);
        match n.checked_mul(min_bytes) {
            Some(bytes) if bytes <= left => Ok(n as usize),
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "{n} {what} at byte {}, but the file has {left} bytes left",
                    self.position - 8
                ),
            )),
        }
    }

    /// A 64-bit length, then that many bytes of UTF-8; bytes that are not are replaced.
    pub(crate) fn string(&mut self) -> io::Result<String> {
        let n = self.count(1, "bytes of text")?;
        let mut bytes = vec![0; n];
        self.inner.read_exact(&mut bytes)?;
        self.position += n as u64;
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
    }
}
