//! AlpacaEval's `leaderboard.csv`.

use std::collections::BTreeMap;
use std::path::Path;

use super::table::read_table;
use crate::Error;

/// The figures of each model as AlpacaEval wrote them, in percent, by the model's name. Cells
/// without a number are left out.
///
/// # Errors
/// [`Error::Io`]; [`Error::Table`] names the line.
pub fn read_leaderboard(path: &Path) -> Result<BTreeMap<String, BTreeMap<String, f64>>, Error> {
    // The first column, the model's name, has no heading.
    let figures = |(_, mut row): (usize, BTreeMap<String, String>)| {
        let name = row.remove("").unwrap_or_default();
        (
            name,
            row.into_iter()
                .filter_map(|(column, cell)| Some((column, cell.parse().ok()?)))
                .collect(),
        )
    };
    Ok(read_table(path)?.into_iter().map(figures).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_have_figures() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = ",win_rate,mode,n_total\n\"m1, long\",55.5,community,805\nm2,,minimal,3\n";
        std::fs::write(file.path(), text).unwrap();
        let found = read_leaderboard(file.path()).unwrap();
        assert_eq!((found["m1, long"]["win_rate"], found["m1, long"]["n_total"]), (55.5, 805.0));
        assert_eq!(found["m2"].keys().collect::<Vec<_>>(), ["n_total"]);
    }
}
