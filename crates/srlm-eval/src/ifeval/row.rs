//! Rows of the data set.

use std::path::Path;

use serde::Deserialize;

use super::arguments::{Kwargs, Reader};
use super::{Instruction, RowError};

/// A prompt and its instructions.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Number of the prompt in the data set.
    pub key: u64,
    /// What the model is asked.
    pub prompt: String,
    /// Types of the instructions, as the data set names them.
    pub instruction_ids: Vec<String>,
    /// The instructions, in the same order.
    pub instructions: Vec<Instruction>,
}

#[derive(Deserialize)]
struct RawRow {
    key: u64,
    prompt: String,
    instruction_id_list: Vec<String>,
    kwargs: Vec<Kwargs>,
}

impl Row {
    /// Reads a row from one JSON object. Fields beside the four of the data set are left alone.
    ///
    /// # Errors
    /// [`RowError`] names the row, the instruction, the argument and the remedy.
    pub fn parse(text: &str) -> Result<Self, RowError> {
        let raw: RawRow = serde_json::from_str(text)?;
        let (n_ids, n_kwargs) = (raw.instruction_id_list.len(), raw.kwargs.len());
        if n_ids != n_kwargs {
            return Err(RowError::Lengths { key: raw.key, n_ids, n_kwargs });
        }
        let instructions = raw
            .instruction_id_list
            .iter()
            .zip(raw.kwargs)
            .map(|(id, kwargs)| Reader { key: raw.key, id }.instruction(kwargs))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            key: raw.key,
            prompt: raw.prompt,
            instruction_ids: raw.instruction_id_list,
            instructions,
        })
    }
}

/// Reads rows from a JSON Lines file, blank lines left out.
///
/// # Errors
/// [`RowError`] names the file and the line.
pub fn read(path: &Path) -> Result<Vec<Row>, RowError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| RowError::Io { path: path.to_owned(), source })?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(i, line)| {
            Row::parse(line).map_err(|source| RowError::Line {
                path: path.to_owned(),
                line: i + 1,
                source: Box::new(source),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::Relation;
    use super::*;

    fn row(id: &str, kwargs: &str) -> Result<Row, RowError> {
        Row::parse(&format!(
            r#"{{"key": 7, "prompt": "p", "instruction_id_list": ["{id}"], "kwargs": [{kwargs}], "more": 1}}"#
        ))
    }

    #[test]
    fn arguments_of_other_types_may_be_null() {
        let found = row(
            "length_constraints:number_words",
            r#"{"num_words": 9, "relation": "at least", "letter": null}"#,
        );
        let expected = Instruction::NumberWords { num_words: 9, relation: Relation::AtLeast };
        assert_eq!(found.unwrap().instructions, [expected]);
    }

    #[test]
    fn errors_name_the_row_and_the_remedy() {
        let message = |id, kwargs| row(id, kwargs).unwrap_err().to_string();
        insta::assert_snapshot!(message("keywords:absence", "{}"),
            @r#"row 7: unknown instruction "keywords:absence": use one of the 25 types of IFEval"#);
        insta::assert_snapshot!(message("keywords:existence", r#"{"keywords": []}"#),
            @"row 7: keywords:existence needs keywords: give a list of one word or more");
        insta::assert_snapshot!(message("keywords:frequency", r#"{"keyword": "a", "frequency": 1, "relation": "about"}"#),
            @r#"row 7: keywords:frequency needs relation: write "less than" or "at least""#);
        insta::assert_snapshot!(message("keywords:existence", r#"{"keywords": ["c++("]}"#),
            @"row 7: keywords:existence has an invalid pattern: escape its special characters");
        insta::assert_snapshot!(message("startend:quotation", r#"{"num_word": 1}"#),
            @"not a row with key, prompt, instruction_id_list and kwargs");
        insta::assert_snapshot!(message("startend:quotation", r#"{}, {}"#),
            @"row 7: 1 instruction ids but 2 kwargs: give each instruction its own");
    }

    #[test]
    fn a_bad_line_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let good = r#"{"key": 1, "prompt": "p", "instruction_id_list": [], "kwargs": []}"#;
        std::fs::write(file.path(), format!("{good}\n\n{{}}\n")).unwrap();
        let error = read(file.path()).unwrap_err().to_string();
        assert!(error.starts_with("invalid row at ") && error.ends_with(":3"), "{error}");
        std::fs::write(file.path(), format!("{good}\n")).unwrap();
        assert_eq!(read(file.path()).unwrap().len(), 1);
    }
}
