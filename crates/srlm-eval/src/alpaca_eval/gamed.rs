//! AlpacaEval's own data for its fit: how hard each instruction is, and answers of models that play
//! for length.

use std::collections::BTreeMap;
use std::path::Path;

use super::table::read_table;
use crate::Error;

/// A row of `df_gamed.csv`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GamedRow {
    /// Place of the instruction in AlpacaEval's set, from 0.
    pub index: usize,
    /// How far the answer is preferred to the baseline's, from 0 to 1; `None` where unknown.
    pub preference: Option<f64>,
    /// The baseline's length less the answer's, in standard deviations of that.
    pub std_delta_len: f64,
    /// How hard the instruction is, fitted on the models of a leaderboard.
    pub instruction_difficulty: f64,
    /// Whether the row is of an ordinary model.
    pub not_gamed_baseline: bool,
}

/// Reads `df_gamed.csv`, which AlpacaEval 2 takes from its data set; columns beside the five are
/// left alone.
///
/// # Errors
/// [`Error::Io`]; [`Error::Table`] names the line and the column.
pub fn read_gamed(path: &Path) -> Result<Vec<GamedRow>, Error> {
    let row = |(line, row): (usize, BTreeMap<String, String>)| {
        let wrong = |problem| Error::Table { path: path.to_owned(), line, problem };
        let cell = |column: &str| row.get(column).map_or("", String::as_str);
        let number = |column: &str| cell(column).parse::<f64>().ok();
        let preference = number("preference");
        if preference.is_none() && !cell("preference").is_empty() {
            return Err(wrong("preference must be a number or empty"));
        }
        Ok(GamedRow {
            index: cell("index").parse().map_err(|_| wrong("index must be a place from 0"))?,
            preference,
            std_delta_len: number("std_delta_len")
                .ok_or_else(|| wrong("std_delta_len must be a number"))?,
            instruction_difficulty: number("instruction_difficulty")
                .ok_or_else(|| wrong("instruction_difficulty must be a number"))?,
            not_gamed_baseline: cell("not_gamed_baseline").eq_ignore_ascii_case("true"),
        })
    };
    read_table(path)?.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let header =
            "model,index,preference,std_delta_len,instruction_difficulty,not_gamed_baseline\n";
        std::fs::write(file.path(), format!("{header}a,3,0.25,-1.5,2,False\nb,4,,0,1.0,True\n"))
            .unwrap();
        let found = read_gamed(file.path()).unwrap();
        assert_eq!(found[0].index, 3);
        assert_eq!((found[0].preference, found[0].std_delta_len), (Some(0.25), -1.5));
        assert_eq!((found[1].preference, found[1].instruction_difficulty), (None, 1.0));
        assert_eq!((found[0].not_gamed_baseline, found[1].not_gamed_baseline), (false, true));
        std::fs::write(file.path(), format!("{header}a,3,x,-1.5,2,False\n")).unwrap();
        let error = read_gamed(file.path()).unwrap_err().to_string();
        assert!(error.ends_with(":2: preference must be a number or empty"), "{error}");
    }
}
