//! What the generator wrote in each round, kept until the stage is done so that a next attempt can
//! go on.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use srlm_artifact::FinishReason;

use crate::Error;

/// One generation, as written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Output {
    pub(crate) text: String,
    pub(crate) finish_reason: FinishReason,
}

/// A file with a line a round; its name starts with `checkpoint`, so it is not part of the
/// artifact.
pub(crate) struct Record {
    path: PathBuf,
}

impl Record {
    pub(crate) fn in_dir(dir: &Path) -> Self {
        Self { path: dir.join("checkpoint-rounds.jsonl") }
    }

    /// The rounds of earlier attempts. From the first line that is torn on, lines are dropped from
    /// the file as well.
    ///
    /// # Errors
    /// [`Error::Io`]
    pub(crate) fn read(&self) -> Result<Vec<Vec<Output>>, Error> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.error("read")(error)),
        };
        let (mut rounds, mut whole) = (Vec::new(), 0);
        for line in
            bytes.split_inclusive(|&byte| byte == b'\n').filter(|line| line.ends_with(b"\n"))
        {
            let Ok(round) = serde_json::from_slice(line) else { break };
            rounds.push(round);
            whole += line.len();
        }
        if whole < bytes.len() {
            let truncate =
                || OpenOptions::new().write(true).open(&self.path)?.set_len(whole as u64);
            truncate().map_err(self.error("truncate"))?;
        }
        Ok(rounds)
    }

    /// Puts a round on the disk.
    ///
    /// # Errors
    /// [`Error::Io`]
    pub(crate) fn append(&self, outputs: &[Output]) -> Result<(), Error> {
        let mut line = serde_json::to_vec(outputs).expect("its keys are strings");
        line.push(b'\n');
        let append = || {
            let mut file = OpenOptions::new().create(true).append(true).open(&self.path)?;
            file.write_all(&line).and_then(|()| file.sync_data())
        };
        append().map_err(self.error("append to"))
    }

    fn error(&self, action: &'static str) -> impl FnOnce(io::Error) -> Error {
        let path = self.path.clone();
        move |source| Error::Io { action, path, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_round_is_dropped_and_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let record = Record::in_dir(dir.path());
        let round =
            |text: &str| vec![Output { text: text.to_owned(), finish_reason: FinishReason::Stop }];
        assert!(record.read().unwrap().is_empty());
        record.append(&round("one")).unwrap();
        record.append(&round("two")).unwrap();
        let bytes = fs::read(&record.path).unwrap();
        fs::write(&record.path, &bytes[..bytes.len() - 3]).unwrap();
        assert_eq!(record.read().unwrap(), [round("one")]);
        record.append(&round("two\nlines")).unwrap();
        assert_eq!(record.read().unwrap(), [round("one"), round("two\nlines")]);
    }
}
