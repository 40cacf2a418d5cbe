//! AlpacaEval's own data for its fit: how hard each instruction is, and answers of models that play for length.

use std::path::Path;

use serde::Deserialize;

use super::leaderboard::csv_rows;
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

#[derive(Deserialize)]
struct RawRow {
    index: usize,
    preference: Option<f64>,
    std_delta_len: f64,
    instruction_difficulty: f64,
    not_gamed_baseline: String,
}

/// Reads `df_gamed.csv`, which AlpacaEval 2 takes from its data set; columns beside the five are left alone.
///
/// # Errors
/// [`Error::Csv`] names the line and the column.
pub fn read_gamed(path: &Path) -> Result<Vec<GamedRow>, Error> {
    let rows: Vec<RawRow> = csv_rows(path)?;
    let row = |raw: RawRow| GamedRow {
        index: raw.index,
        preference: raw.preference,
        std_delta_len: raw.std_delta_len,
        instruction_difficulty: raw.instruction_difficulty,
        not_gamed_baseline: raw.not_gamed_baseline.eq_ignore_ascii_case("true"),
    };
    Ok(rows.into_iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let header = "model,index,preference,std_delta_len,instruction_difficulty,not_gamed_baseline\n";
        std::fs::write(file.path(), format!("{header}a,3,0.25,-1.5,2,False\nb,4,,0,1.0,True\n")).unwrap();
        let found = read_gamed(file.path()).unwrap();
        assert_eq!(found[0].index, 3);
        assert_eq!((found[0].preference, found[0].std_delta_len), (Some(0.25), -1.5));
        assert_eq!((found[1].preference, found[1].instruction_difficulty), (None, 1.0));
        assert_eq!((found[0].not_gamed_baseline, found[1].not_gamed_baseline), (false, true));
        std::fs::write(file.path(), format!("{header}a,3,x,-1.5,2,False\n")).unwrap();
        let Err(Error::Csv { source, .. }) = read_gamed(file.path()) else { panic!("x is no number") };
        assert!(source.to_string().contains("line: 2"), "{source}");
    }
}
