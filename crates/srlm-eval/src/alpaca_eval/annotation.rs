//! Rows of `annotations.json`.

use std::path::Path;

use serde::{Deserialize, Deserializer, de::Error as _};

use crate::Error;

/// One instruction answered by the baseline and by the model, and what the annotator preferred.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Annotation {
    /// The baseline's answer.
    pub output_1: String,
    /// The baseline's name.
    pub generator_1: String,
    /// The model's answer.
    pub output_2: String,
    /// The model's name.
    pub generator_2: String,
    /// The annotator's name.
    pub annotator: String,
    /// How far the model's answer is preferred, from 0 to 1; 0.5 is a draw. `None` where the
    /// annotator gave none. In the file 1 is the baseline, 2 the model, 1.5 and 0 a draw.
    #[serde(deserialize_with = "share")]
    pub preference: Option<f64>,
}

fn share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    match Option::<f64>::deserialize(deserializer)? {
        None => Ok(None),
        Some(0.0) => Ok(Some(0.5)),
        Some(preference) if (1.0..=2.0).contains(&preference) => Ok(Some(preference - 1.0)),
        Some(other) => {
            Err(D::Error::custom(format!("preference is {other}: it is null, 0, or from 1 to 2")))
        }
    }
}

/// Reads `annotations.json`, a list.
///
/// # Errors
/// [`Error::Io`]; [`Error::ForeignRow`] names the row, the column and what belongs there.
pub fn read(path: &Path) -> Result<Vec<Annotation>, Error> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| Error::Io { path: path.to_owned(), source })?;
    let row = |row| move |source| Error::ForeignRow { path: path.to_owned(), row, source };
    let values: Vec<serde_json::Value> = serde_json::from_str(&text).map_err(row(0))?;
    let parse = |(i, value)| serde_json::from_value(value).map_err(row(i + 1));
    values.into_iter().enumerate().map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Vec<Annotation>, Error> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read(file.path())
    }

    fn row(preference: &str) -> String {
        format!(
            r#"{{"instruction": "i", "output_1": "a", "generator_1": "m0", "output_2": "b", "generator_2": "m1",
                 "annotator": "j", "preference": {preference}, "price_per_example": null}}"#
        )
    }

    #[test]
    fn preferences_become_shares() {
        let rows = ["1.0", "2", "0", "1.5", "1.25", "null"].map(row).join(",");
        let found: Vec<_> =
            read_text(&format!("[{rows}]")).unwrap().iter().map(|row| row.preference).collect();
        assert_eq!(found, [Some(0.0), Some(1.0), Some(0.5), Some(0.5), Some(0.25), None]);
    }

    #[test]
    fn a_bad_row_is_named() {
        let cause = |text: &str| {
            let Err(Error::ForeignRow { row, source, .. }) = read_text(text) else {
                panic!("{text} is read")
            };
            format!("row {row}: {source}")
        };
        insta::assert_snapshot!(cause(&format!("[{}, {}]", row("1"), row("3"))),
            @"row 2: preference is 3: it is null, 0, or from 1 to 2");
        insta::assert_snapshot!(cause("[{}]"), @"row 1: missing field `output_1`");
        insta::assert_snapshot!(cause("{}"), @"row 0: invalid type: map, expected a sequence at line 1 column 0");
    }
}
