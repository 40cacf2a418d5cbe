//! Tables with a heading, cells separated by commas.

use std::collections::BTreeMap;
use std::path::Path;

use crate::Error;

/// A row's line, and its cells by the names of their columns.
pub(super) type NamedRow = (usize, BTreeMap<String, String>);

/// Rows of a file.
pub(super) fn read_table(path: &Path) -> Result<Vec<NamedRow>, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::Io { path: path.to_owned(), source })?;
    let mut rows = rows(&text).into_iter();
    let (_, heading) = rows.next().unwrap_or_default();
    let named = |(line, cells): (usize, Vec<String>)| {
        if cells.len() != heading.len() {
            return Err(Error::Table { path: path.to_owned(), line, problem: "not as many cells as the heading" });
        }
        Ok((line, heading.iter().cloned().zip(cells).collect()))
    };
    rows.map(named).collect()
}

/// Cells of each row with the line that it begins on, as RFC 4180 has them; empty lines are left out.
fn rows(text: &str) -> Vec<(usize, Vec<String>)> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut begun, mut quoted) = (1, 1, false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        line += usize::from(c == '\n');
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => cell.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted && chars.peek() == Some(&'\n') => {}
            '\n' if !quoted => {
                end_row(&mut rows, &mut row, &mut cell, begun);
                begun = line;
            }
            c => cell.push(c),
        }
    }
    end_row(&mut rows, &mut row, &mut cell, begun);
    rows
}

fn end_row(rows: &mut Vec<(usize, Vec<String>)>, row: &mut Vec<String>, cell: &mut String, line: usize) {
    if row.is_empty() && cell.is_empty() {
        return;
    }
    row.push(std::mem::take(cell));
    rows.push((line, std::mem::take(row)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_cells_hold_commas_quotes_and_lines() {
        let found = rows("a,b\r\n\"1,\n2\",\"say \"\"x\"\"\"\n\n,\nlast,");
        let expected = [(1, vec!["a", "b"]), (2, vec!["1,\n2", "say \"x\""]), (5, vec!["", ""]), (6, vec!["last", ""])];
        assert_eq!(found.len(), 4);
        for ((line, cells), (expected_line, expected)) in found.iter().zip(expected) {
            assert_eq!((*line, cells.iter().map(String::as_str).collect::<Vec<_>>()), (expected_line, expected));
        }
    }
}
