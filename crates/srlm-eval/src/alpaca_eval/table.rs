//! Tables with a heading, cells separated by commas.

use std::collections::BTreeMap;
use std::path::Path;

use csv::Position;

use crate::Error;

/// A row's line, and its cells by the names of their columns.
pub(super) type NamedRow = (usize, BTreeMap<String, String>);

/// Rows of a file.
pub(super) fn read_table(path: &Path) -> Result<Vec<NamedRow>, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::Io { path: path.to_owned(), source })?;
    rows(&text).map_err(|error| Error::Table {
        path: path.to_owned(),
        line: error.position().map_or(1, |position| line(&text, position)),
        problem: "not as many cells as the heading",
    })
}

fn rows(text: &str) -> Result<Vec<NamedRow>, csv::Error> {
    let mut table = csv::Reader::from_reader(text.as_bytes());
    let heading = table.headers()?.clone();
    let named = |row: csv::StringRecord| {
        let line = row.position().map_or(1, |position| line(text, position));
        (line, heading.iter().zip(&row).map(|(name, cell)| (name.to_owned(), cell.to_owned())).collect())
    };
    table.records().map(|row| row.map(named)).collect()
}

/// The line on which the row begins that stands at or, beyond ends of lines, after a position.
fn line(text: &str, position: &Position) -> usize {
    let (before, after) = text.as_bytes().split_at(position.byte() as usize);
    let skipped = after.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    1 + before.iter().chain(skipped).filter(|&&byte| byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_cells_hold_commas_quotes_and_lines() {
        let text = "a,b\r\n\"1,\n2\",\"say \"\"x\"\"\"\n\n,\nlast,";
        let found = rows(text).unwrap();
        let cells: Vec<[&str; 2]> = found.iter().map(|(_, row)| [row["a"].as_str(), row["b"].as_str()]).collect();
        assert_eq!(cells, [["1,\n2", "say \"x\""], ["", ""], ["last", ""]]);
        assert_eq!(found.iter().map(|row| row.0).collect::<Vec<_>>(), [2, 5, 6]);
    }

    #[test]
    fn a_row_without_a_cell_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "a,b\n1,2\n3\n").unwrap();
        let error = read_table(file.path()).unwrap_err().to_string();
        assert!(error.ends_with(":3: not as many cells as the heading"), "{error}");
    }
}
