//! `metrics.jsonl`, the training curve inside a model's folder.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;

use crate::error::io;
use crate::jsonl::checked_line;
use crate::{Error, MetricsRow, read_rows};

const FILE: &str = "metrics.jsonl";

/// Writes the whole curve into `dir`, in place of what was there.
///
/// # Errors
/// [`Error::Io`], [`Error::Unwritable`]
pub fn write_metrics(dir: &Path, rows: &[MetricsRow]) -> Result<(), Error> {
    let path = dir.join(FILE);
    let mut text = String::new();
    for row in rows {
        text += &checked_line(row)?;
        text.push('\n');
    }
    let mut file = File::create(&path).map_err(io("create", &path))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io("write", &path))
}

/// Adds one step to the curve in `dir`; a line that a crash tore is dropped first.
///
/// # Errors
/// [`Error::Io`], [`Error::Unwritable`]
pub fn append_metric(dir: &Path, row: &MetricsRow) -> Result<(), Error> {
    let path = dir.join(FILE);
    let line = checked_line(row)? + "\n";
    drop_torn_line(&path)?;
    let mut file =
        OpenOptions::new().create(true).append(true).open(&path).map_err(io("open", &path))?;
    file.write_all(line.as_bytes()).map_err(io("append to", &path))
}

fn drop_torn_line(path: &Path) -> Result<(), Error> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io("read", path)(error)),
    };
    if bytes.last().is_none_or(|&byte| byte == b'\n') {
        return Ok(());
    }
    let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
    let file = OpenOptions::new().write(true).open(path).map_err(io("open", path))?;
    file.set_len(whole as u64).map_err(io("truncate", path))
}

/// The training curve of the model in `dir`, steps in order.
///
/// # Errors
/// Those of [`read_rows`].
pub fn read_metrics(dir: &Path) -> Result<Vec<MetricsRow>, Error> {
    let mut rows: Vec<MetricsRow> = read_rows(&dir.join(FILE))?;
    rows.sort_by_key(|row| row.step);
    Ok(rows)
}
