//! Rows of Parquet files as JSON values.

use std::fs::File;
use std::io::Error as IoError;
use std::path::Path;

use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::error::io;
use crate::read::OnRow;
use crate::{Error, Place};

/// Gives every row to `on_row`. A file that cannot be read is no bad row: it ends the import.
pub(crate) fn for_each_row(file: File, path: &Path, on_row: &mut OnRow<'_>) -> Result<(), Error> {
    let broken = |error: ParquetError| io("read Parquet rows of", path)(IoError::other(error));
    let reader = SerializedFileReader::new(file).map_err(broken)?;
    let rows = reader.get_row_iter(None).map_err(broken)?;
    for (row, line) in rows.zip(1..) {
        on_row(Place { path: path.to_owned(), line }, Ok(row.map_err(broken)?.to_json_value()))?;
    }
    Ok(())
}
