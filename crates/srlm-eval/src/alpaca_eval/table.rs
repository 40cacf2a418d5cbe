//! Tables with a heading, cells separated by commas.

use std::collections::BTreeMap;
use std::path::Path;

use csv::Position;

use crate::Error;

/// A row's line, and its cells by the names of their columns.
pub(super) type NamedRow = (usize, BTreeMap<String, String>);

/// Rows of a file.
pub(super) fn read_table(path: &Path) -> Result<Vec<NamedRow>, Error> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| Error::Io { path: path.to_owned(), source })?;
    rows(&text).map_err(|error| Error::Table {
        path: path.to_owned(),
        line: error.position().map_or(1, |position| Lines::of(&text).at(position)),
        problem: "not as many cells as the heading",
    })
}

fn rows(text: &str) -> Result<Vec<NamedRow>, csv::Error> {
    let mut table = csv::Reader::from_reader(text.as_bytes());
    let heading = table.headers()?.clone();
    let mut lines = Lines::of(text);
    let mut named = |row: csv::StringRecord| {
        let line = row.position().map_or(1, |position| lines.at(position));
        (
            line,
            heading
                .iter()
                .zip(&row)
                .map(|(name, cell)| (name.to_owned(), cell.to_owned()))
                .collect(),
        )
    };
    table.records().map(|row| row.map(&mut named)).collect()
}

/// The lines of a text, from its beginning on.
struct Lines<'a> {
    text: &'a [u8],
    byte: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        Self { text: text.as_bytes(), byte: 0, line: 1 }
    }

    /// The line on which the row begins that stands at or, beyond ends of lines, after a position
    /// behind the last.
    fn at(&mut self, position: &Position) -> usize {
        let (before, after) = self.text.split_at(position.byte() as usize);
        let start =
            before.len() + after.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.line += self.text[self.byte..start].iter().filter(|&&byte| byte == b'\n').count();
        self.byte = start;
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_cells_hold_commas_quotes_and_lines() {
        let text = "a,b\r\n\"1,\n2\",\"say \"\"x\"\"\"\n\n,\nlast,";
        let found = rows(text).unwrap();
        let cells: Vec<[&str; 2]> =
            found.iter().map(|(_, row)| [row["a"].as_str(), row["b"].as_str()]).collect();
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
