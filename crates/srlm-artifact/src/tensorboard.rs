//! A training curve as TensorBoard's event file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::io;
use crate::{Error, MetricsRow};

/// Where TRL puts training curves, so that runs of both lie over one another.
const PREFIX: &str = "train/";

/// Writes `rows` into `dir` as `events.out.tfevents.SECONDS.srlm`, in place of a file of that name,
/// and gives its path. `started` is when the run began, in seconds since 1970.
///
/// Tags are the columns' names behind `train/`. TensorBoard shows steps; how long a step took is
/// not in the curve, so all events bear the same time.
///
/// # Errors
/// [`Error::Io`]
pub fn write_tensorboard(dir: &Path, rows: &[MetricsRow], started: u64) -> Result<PathBuf, Error> {
    fs::create_dir_all(dir).map_err(io("create", dir))?;
    let path = dir.join(format!("events.out.tfevents.{started}.srlm"));
    // Beside, then renamed: TensorBoard never reads half of it.
    let part = dir.join(format!(".events.{}.part", std::process::id()));
    let written =
        fs::write(&part, events(rows, started as f64)).and_then(|()| fs::rename(&part, &path));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&part);
    }
    written.map_err(io("write", &path))?;
    Ok(path)
}

/// The file's version, then an event a step.
fn events(rows: &[MetricsRow], seconds: f64) -> Vec<u8> {
    let mut out = Vec::new();
    record(&event(seconds, 0, 3, b"brain.Event:2"), &mut out);
    for row in rows {
        let mut summary = Vec::new();
        for (name, value) in scalars(row) {
            let mut scalar = Vec::new();
            bytes_field(1, format!("{PREFIX}{name}").as_bytes(), &mut scalar);
            scalar.push(2 << 3 | 5);
            scalar.extend((value as f32).to_le_bytes());
            bytes_field(1, &scalar, &mut summary);
        }
        record(&event(seconds, row.step, 5, &summary), &mut out);
    }
    out
}

/// Columns and numbers of a row by name, without the step and the columns that it leaves out.
fn scalars(row: &MetricsRow) -> BTreeMap<String, f64> {
    let columns =
        serde_json::to_value(row).and_then(serde_json::from_value::<BTreeMap<String, f64>>);
    let mut columns = columns.expect("every column of a curve is a number");
    columns.remove("step");
    columns
}

/// An `Event` message: time (field 1), step (2), and `content` in `field`, which is 3 for the
/// version and 5 for a summary.
///
/// # Source
/// TensorFlow, `core/util/event.proto` and `core/framework/summary.proto`.
fn event(seconds: f64, step: u32, field: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![1 << 3 | 1];
    out.extend(seconds.to_le_bytes());
    if step > 0 {
        out.push(2 << 3);
        varint(u64::from(step), &mut out);
    }
    bytes_field(field, content, &mut out);
    out
}

fn bytes_field(number: u8, content: &[u8], out: &mut Vec<u8>) {
    out.push(number << 3 | 2);
    varint(content.len() as u64, out);
    out.extend(content);
}

fn varint(mut n: u64, out: &mut Vec<u8>) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// A TFRecord: length, its checksum, content, its checksum.
///
/// # Source
/// TensorFlow, `core/lib/io/record_writer.h`.
fn record(content: &[u8], out: &mut Vec<u8>) {
    let length = (content.len() as u64).to_le_bytes();
    out.extend(length);
    out.extend(masked_crc(&length).to_le_bytes());
    out.extend(content);
    out.extend(masked_crc(content).to_le_bytes());
}

/// CRC-32C (Castagnoli), turned and moved as TensorFlow stores it.
fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_castagnolis() {
        // RFC 3720, appendix B.4.
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    /// `tests/fixtures/make_tensorboard.py` writes the same curve with TensorBoard's own classes.
    #[test]
    #[expect(clippy::approx_constant, reason = "a loss that the file made by TensorBoard has")]
    fn the_file_is_the_one_that_tensorboard_writes() {
        let row = |step, loss, margins| MetricsRow {
            step,
            epoch: 0.25 * f64::from(step),
            loss,
            rewards_margins: margins,
            grad_norm: 1.5,
            learning_rate: 1e-6,
            n_tokens: 70_000,
            ..MetricsRow::default()
        };
        let rows = [row(1, 0.6931, None), row(300, 0.5, Some(-0.125))];
        let dir = tempfile::tempdir().unwrap();
        let path = write_tensorboard(dir.path(), &rows, 1_700_000_000).unwrap();
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fixtures")
            .join(path.file_name().unwrap());
        assert!(fs::read(path).unwrap() == fs::read(fixture).unwrap());
    }

    #[test]
    fn absent_columns_have_no_events() {
        let names = |row: &MetricsRow| scalars(row).into_keys().collect::<Vec<_>>();
        assert_eq!(
            names(&MetricsRow::default()),
            ["epoch", "grad_norm", "learning_rate", "loss", "n_tokens"]
        );
        let preference = MetricsRow { rewards_chosen: Some(0.0), ..MetricsRow::default() };
        assert!(names(&preference).contains(&"rewards/chosen".to_owned()));
    }
}
