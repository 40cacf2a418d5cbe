//! Tables with a heading, cells separated by commas.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use csv::ErrorKind;

use crate::Error;

/// A row's line, or that of empty lines before it, and its cells by the names of their columns.
pub(super) type NamedRow = (usize, BTreeMap<String, String>);

/// Rows of a file.
pub(super) fn read_table(path: &Path) -> Result<Vec<NamedRow>, Error> {
    let wrong = |error: csv::Error| {
        let line = error.position().map_or(1, |position| position.line() as usize);
        let problem = match error.into_kind() {
            ErrorKind::Io(source) => return Error::Io { path: path.to_owned(), source },
            ErrorKind::UnequalLengths { .. } => "not as many cells as the heading",
            _ => "text must be UTF-8",
        };
        Error::Table { path: path.to_owned(), line, problem }
    };
    let file = std::fs::File::open(path).map_err(|source| Error::Io { path: path.to_owned(), source })?;
    rows(file).map_err(wrong)
}

fn rows(text: impl Read) -> Result<Vec<NamedRow>, csv::Error> {
    let mut table = csv::Reader::from_reader(text);
    let heading = table.headers()?.clone();
    let named = |row: csv::StringRecord| {
        let line = row.position().map_or(1, |position| position.line() as usize);
        (line, heading.iter().zip(&row).map(|(name, cell)| (name.to_owned(), cell.to_owned())).collect())
    };
    table.records().map(|row| row.map(named)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_cells_hold_commas_quotes_and_lines() {
        let text = "a,b\r\n\"1,\n2\",\"say \"\"x\"\"\"\n\n,\nlast,";
        let found = rows(text.as_bytes()).unwrap();
        let cells: Vec<[&str; 2]> = found.iter().map(|(_, row)| [row["a"].as_str(), row["b"].as_str()]).collect();
        assert_eq!(cells, [["1,\n2", "say \"x\""], ["", ""], ["last", ""]]);
        assert_eq!(found.iter().map(|row| row.0).collect::<Vec<_>>(), [2, 4, 6]);
    }

    #[test]
    fn a_row_without_a_cell_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "a,b\n1,2\n3\n").unwrap();
        let error = read_table(file.path()).unwrap_err().to_string();
        assert!(error.ends_with(":3: not as many cells as the heading"), "{error}");
    }
}
