//! Rows of JSON Lines, of a JSON array and of Parquet; packed or not.

use std::fs::File;
use std::io::{self as std_io, BufRead, BufReader, Read, Seek};
use std::path::Path;

use serde_json::Value;

use crate::error::io;
use crate::{Error, Place, Problem};

/// Takes each row, or what is wrong with it.
pub(crate) type OnRow<'a> = dyn FnMut(Place, Result<Value, Problem>) -> Result<(), Error> + 'a;

/// Gives every row of a file to `on_row`. What the file is shows in its first bytes, whatever it is
/// called.
pub(crate) fn for_each_row(path: &Path, on_row: &mut OnRow<'_>) -> Result<(), Error> {
    let mut file = File::open(path).map_err(io("open", path))?;
    let mut magic = Vec::new();
    file.by_ref().take(4).read_to_end(&mut magic).map_err(io("read", path))?;
    file.rewind().map_err(io("read", path))?;
    match magic.as_slice() {
        b"PAR1" => parquet(file, path, on_row),
        [0x1f, 0x8b, ..] => {
            json(BufReader::new(flate2::read::MultiGzDecoder::new(file)), path, on_row)
        }
        [0x28, 0xb5, 0x2f, 0xfd] => {
            let unpacked = zstd::Decoder::new(file).map_err(io("unpack", path))?;
            json(BufReader::new(unpacked), path, on_row)
        }
        _ => json(BufReader::new(file), path, on_row),
    }
}

#[cfg(feature = "parquet")]
fn parquet(file: File, path: &Path, on_row: &mut OnRow<'_>) -> Result<(), Error> {
    crate::parquet_rows::for_each_row(file, path, on_row)
}

#[cfg(not(feature = "parquet"))]
fn parquet(_: File, path: &Path, _: &mut OnRow<'_>) -> Result<(), Error> {
    let problem =
        "is Parquet, which this program was built without; build with the feature `parquet`";
    Err(Error::Input { path: path.to_owned(), problem })
}

fn json(mut reader: impl BufRead, path: &Path, on_row: &mut OnRow<'_>) -> Result<(), Error> {
    let mut bytes = Vec::new();
    let mut line = 0;
    // A whole list on the first line: the file's rows if nothing follows, else a row that is a
    // list.
    let mut list = None;
    let mut is_first = true;
    loop {
        bytes.clear();
        if reader.read_until(b'\n', &mut bytes).map_err(io("read", path))? == 0 {
            return each(list.map_or_else(Vec::new, |(_, rows)| rows), path, on_row);
        }
        line += 1;
        let text = without_mark(&bytes, line).trim_ascii_start();
        if text.is_empty() {
            continue;
        }
        if std::mem::take(&mut is_first) && text[0] == b'[' {
            match serde_json::from_slice(text) {
                Ok(rows) => list = Some((line, rows)),
                Err(_) => return array(text, reader, path, line, on_row),
            }
            continue;
        }
        if let Some((line, list)) = list.take() {
            on_row(Place { path: path.to_owned(), line }, Ok(Value::Array(list)))?;
        }
        on_row(Place { path: path.to_owned(), line }, parse(text.trim_ascii_end()))?;
    }
}

/// An array that begins on `line` and is all that the file holds.
fn array(
    first: &[u8],
    rest: impl Read,
    path: &Path,
    line: usize,
    on_row: &mut OnRow<'_>,
) -> Result<(), Error> {
    let rows: Vec<Value> = match serde_json::from_reader(first.chain(rest)) {
        Ok(rows) => rows,
        Err(error) if error.is_io() => return Err(io("read", path)(std_io::Error::from(error))),
        Err(error) => {
            let line = line + error.line().saturating_sub(1);
            return on_row(Place { path: path.to_owned(), line }, Err(invalid(&error)));
        }
    };
    each(rows, path, on_row)
}

fn each(rows: Vec<Value>, path: &Path, on_row: &mut OnRow<'_>) -> Result<(), Error> {
    rows.into_iter()
        .zip(1..)
        .try_for_each(|(row, line)| on_row(Place { path: path.to_owned(), line }, Ok(row)))
}

fn parse(text: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(text).map_err(|error| invalid(&error))
}

fn invalid(error: &serde_json::Error) -> Problem {
    Problem::new("", format!("is not JSON: {error}"))
}

/// Some programs begin a file with a byte-order mark.
fn without_mark(bytes: &[u8], line: usize) -> &[u8] {
    if line == 1 { bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes) } else { bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `line:row` of each, `line:!` for what is wrong.
    fn check(text: &[u8], expected: &[&str]) {
        let mut found = Vec::new();
        let mut take = |place: Place, row: Result<Value, Problem>| {
            found.push(format!(
                "{}:{}",
                place.line,
                row.map_or("!".to_owned(), |row| row.to_string())
            ));
            Ok(())
        };
        json(text, Path::new("rows"), &mut take).unwrap();
        assert_eq!(found, expected, "{:?}", String::from_utf8_lossy(text));
    }

    #[test]
    fn lines_and_arrays_are_told_apart() {
        check(b"", &[]);
        check(b"{\"a\":1}\n\n {\"a\":2}\r\n", &["1:{\"a\":1}", "3:{\"a\":2}"]);
        check(b"\xef\xbb\xbf{\"a\":1}", &["1:{\"a\":1}"]);
        check(b"\n[{\"a\":1},\n{\"a\":2}]\n", &["1:{\"a\":1}", "2:{\"a\":2}"]);
        check(b"[]", &[]);
        check(b"[1, 2]\n", &["1:1", "2:2"]);
        check(b"[1]\n[2]\n\n[3]", &["1:[1]", "2:[2]", "4:[3]"]);
    }

    #[test]
    fn what_is_wrong_has_its_line() {
        check(b"{\"a\":1}\n{\"a\":\n{\"a\":3}", &["1:{\"a\":1}", "2:!", "3:{\"a\":3}"]);
        check(b"\xff\xfe\n1", &["1:!", "2:1"]);
        check(b"[{\"a\":1},\n{\"a\":]", &["2:!"]);
        check(b"\n[1] trailing", &["2:!"]);
        check(b"[{\"a\":1}\n", &["2:!"]);
    }
}
