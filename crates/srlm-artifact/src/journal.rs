//! A file of finished work that survives its process: JSON Lines, each with a checksum.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::begin::within_run;
use crate::error::io;
use crate::files::{parent, read_file, sync_dir};
use crate::{Error, RowProblem, sha256, to_line};

/// Hexadecimal digits of a checksum: 128 bits.
const DIGITS: usize = 32;

/// What earlier attempts of a stage have finished, and where this one adds to it.
///
/// A line is a checksum, a blank and a value. The checksum covers the line before as well, and the
/// first one the owner, so that no line can be changed, moved, left out or taken from another
/// stage. A line that a crash tore, which can only be the last, is dropped.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    chain: String,
    file: Option<File>,
}

impl Journal {
    /// Opens the journal of `owner`, new or old, and gives what it holds.
    ///
    /// # Errors
    /// [`Error::Damaged`] names the first line whose checksum does not fit, and the remedy;
    /// [`Error::Io`]
    pub fn open<T: DeserializeOwned>(path: &Path, owner: &str) -> Result<(Self, Vec<T>), Error> {
        let bytes = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            _ => read_file(path)?,
        };
        let mut journal = Self { path: path.to_owned(), chain: owner.to_owned(), file: None };
        let whole = whole_lines(&bytes);
        let lines = bytes[..whole].split_inclusive(|&byte| byte == b'\n');
        let values = lines.zip(1..).map(|(line, number)| {
            journal.value(line).ok_or_else(|| damaged(path, format!("line {number}")))
        });
        let values = values.collect::<Result<_, _>>()?;
        if whole < bytes.len() {
            let file = OpenOptions::new().write(true).open(path).map_err(io("open", path))?;
            file.set_len(whole as u64)
                .and_then(|()| file.sync_all())
                .map_err(io("truncate", path))?;
        }
        Ok((journal, values))
    }

    /// Whether the lines that were written whole are those that were written; nothing is changed.
    pub(crate) fn check(path: &Path, owner: &str) -> Result<(), Error> {
        let bytes = read_file(path)?;
        let mut journal = Self { path: path.to_owned(), chain: owner.to_owned(), file: None };
        let lines = bytes[..whole_lines(&bytes)].split_inclusive(|&byte| byte == b'\n');
        for (line, number) in lines.zip(1..) {
            if journal.value::<serde::de::IgnoredAny>(line).is_none() {
                return Err(damaged(path, format!("line {number}")));
            }
        }
        Ok(())
    }

    /// The value of a line whose checksum fits.
    fn value<T: DeserializeOwned>(&mut self, line: &[u8]) -> Option<T> {
        let text = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
        let (checksum, json) = text.split_once(' ')?;
        let chain = chained(&self.chain, json);
        if checksum != chain {
            return None;
        }
        self.chain = chain;
        serde_json::from_str(json).ok()
    }

    /// Adds a value; from then on it survives the process.
    ///
    /// # Errors
    /// [`Error::Unwritable`] where it has no JSON form; [`Error::Io`]
    pub fn append<T: Serialize>(&mut self, value: &T) -> Result<(), Error> {
        let id = self.path.display().to_string();
        let unwritable = |problem: RowProblem| Error::Unwritable { id, problem };
        self.append_line(&to_line(value).map_err(unwritable)?)
    }

    /// Adds a value that is one line of JSON.
    pub(crate) fn append_line(&mut self, json: &str) -> Result<(), Error> {
        let chain = chained(&self.chain, json);
        let line = format!("{chain} {json}\n");
        let path = self.path.clone();
        self.file()?.write_all(line.as_bytes()).map_err(io("append to", &path))?;
        self.chain = chain;
        Ok(())
    }

    /// From then on all that was added survives the system.
    ///
    /// # Errors
    /// [`Error::Io`]
    pub fn sync(&mut self) -> Result<(), Error> {
        match &self.file {
            Some(file) => file.sync_data().map_err(io("sync", &self.path)),
            None => Ok(()),
        }
    }

    fn file(&mut self) -> Result<&mut File, Error> {
        if self.file.is_none() {
            let is_new = !self.path.exists();
            let mut options = OpenOptions::new();
            let opened = options.create(true).append(true).open(&self.path);
            self.file = Some(opened.map_err(io("open", &self.path))?);
            if is_new {
                sync_dir(parent(&self.path))?;
            }
        }
        Ok(self.file.as_mut().expect("it was just opened"))
    }
}

/// The stage whose staging folder holds a file, as `--force` takes it.
fn stage_of(file: &Path) -> String {
    let is_staging = |folder: &&Path| {
        folder.file_name().is_some_and(|name| name.to_string_lossy().ends_with(".partial"))
    };
    let staging = file.ancestors().find(is_staging).unwrap_or(file);
    within_run(staging).trim_end_matches(".partial").to_owned()
}

fn chained(before: &str, json: &str) -> String {
    let mut digits = sha256(format!("{before}\n{json}"));
    digits.truncate(DIGITS);
    digits
}

/// Bytes up to the end of the last line that was written whole. A file system may have grown the
/// file without having written it: no line of ours holds a NUL.
fn whole_lines(bytes: &[u8]) -> usize {
    let end = |bytes: &[u8]| bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let whole = end(bytes);
    let last = end(&bytes[..whole.saturating_sub(1)]);
    if bytes[last..whole].contains(&0) { last } else { whole }
}

/// Why what is in a staging folder cannot be used: an error that names the file, what of it and the
/// stage to make anew.
pub fn damaged(path: &Path, what: impl Into<String>) -> Error {
    Error::Damaged { path: path.to_owned(), what: what.into(), stage: stage_of(path) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &Path) -> Result<Vec<String>, Error> {
        Journal::open(path, "owner").map(|(_, values)| values)
    }

    #[test]
    fn a_changed_journal_is_refused_with_its_line_and_a_torn_one_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("run.toml"), "").unwrap();
        let staging = dir.path().join("iter-1/responses.partial");
        fs::create_dir_all(&staging).unwrap();
        let path = staging.join("checkpoint-samples.jsonl");
        let (mut journal, values) = Journal::open::<String>(&path, "owner").unwrap();
        assert!(values.is_empty());
        for value in ["one", "two", "three"] {
            journal.append(&value).unwrap();
        }
        journal.sync().unwrap();
        let bytes = fs::read(&path).unwrap();
        assert_eq!(read(&path).unwrap(), ["one", "two", "three"]);

        let text = String::from_utf8(bytes.clone()).unwrap();
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let refused = |text: String, line: usize| {
            fs::write(&path, text).unwrap();
            let error = read(&path).unwrap_err().to_string();
            assert!(error.contains(&format!("line {line} ")), "{error}");
            assert!(error.contains("--force iter-1/responses`"), "{error}");
        };
        refused(text.replace("two", "tow"), 2);
        refused([lines[0], lines[2]].concat(), 2);
        refused([lines[1], lines[0], lines[2]].concat(), 1);
        refused([lines[0], lines[0]].concat(), 2);
        refused(format!("\"old\"\n{text}"), 1);
        for bit in 0..8 * bytes.len() {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, &flipped).unwrap();
            let found = read(&path).unwrap_or_default();
            assert!(found.len() < 3, "bit {bit} passes");
            assert!(
                ["one", "two"].starts_with(&found.iter().map(String::as_str).collect::<Vec<_>>())
            );
        }

        fs::write(&path, &bytes).unwrap();
        assert!(Journal::open::<String>(&path, "another").is_err());
        for n_lost in 1..lines[2].len() {
            fs::write(&path, &bytes[..bytes.len() - n_lost]).unwrap();
            let (mut journal, values) = Journal::open::<String>(&path, "owner").unwrap();
            assert_eq!(values, ["one", "two"]);
            journal.append(&"three").unwrap();
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
    }
}
