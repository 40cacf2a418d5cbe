//! Rows of the data set.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Instruction, Pattern, Relation};

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

/// Why a row could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RowError {
    /// A file could not be read.
    #[error("cannot read {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A line of a file is no row.
    #[error("invalid row at {path}:{line}")]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Why.
        #[source]
        source: Box<RowError>,
    },
    /// The text is not JSON with the fields of a row.
    #[error("not a row with key, prompt, instruction_id_list and kwargs")]
    Json(#[from] serde_json::Error),
    /// The lists do not match.
    #[error("row {key}: {n_ids} instruction ids but {n_kwargs} kwargs: give each instruction its own")]
    Lengths {
        /// The row.
        key: u64,
        /// Entries of `instruction_id_list`.
        n_ids: usize,
        /// Entries of `kwargs`.
        n_kwargs: usize,
    },
    /// No such type of instruction.
    #[error("row {key}: unknown instruction {id:?}: use one of the 25 types of IFEval")]
    UnknownInstruction {
        /// The row.
        key: u64,
        /// The instruction.
        id: String,
    },
    /// An argument is absent, null or has no meaning.
    #[error("row {key}: {id} needs {argument}: {remedy}")]
    Argument {
        /// The row.
        key: u64,
        /// The instruction.
        id: String,
        /// The argument.
        argument: &'static str,
        /// What to write.
        remedy: &'static str,
    },
    /// A keyword is no regular expression.
    #[error("row {key}: {id} has an invalid pattern: escape its special characters")]
    Pattern {
        /// The row.
        key: u64,
        /// The instruction.
        id: String,
        /// Why.
        #[source]
        source: Box<regex::Error>,
    },
}

/// Arguments of an instruction as the data set writes them: those of other types are absent or null.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kwargs {
    keywords: Option<Vec<String>>,
    keyword: Option<String>,
    frequency: Option<u64>,
    relation: Option<String>,
    forbidden_words: Option<Vec<String>>,
    letter: Option<String>,
    let_frequency: Option<u64>,
    let_relation: Option<String>,
    language: Option<String>,
    num_sentences: Option<u64>,
    num_paragraphs: Option<u64>,
    num_words: Option<u64>,
    nth_paragraph: Option<u64>,
    first_word: Option<String>,
    num_placeholders: Option<u64>,
    postscript_marker: Option<String>,
    num_bullets: Option<u64>,
    num_highlights: Option<u64>,
    section_spliter: Option<String>,
    num_sections: Option<u64>,
    prompt_to_repeat: Option<String>,
    end_phrase: Option<String>,
    capital_frequency: Option<u64>,
    capital_relation: Option<String>,
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
        Ok(Self { key: raw.key, prompt: raw.prompt, instruction_ids: raw.instruction_id_list, instructions })
    }
}

/// Reads rows from a JSON Lines file, blank lines left out.
///
/// # Errors
/// [`RowError`] names the file and the line.
pub fn read(path: &Path) -> Result<Vec<Row>, RowError> {
    let text = std::fs::read_to_string(path).map_err(|source| RowError::Io { path: path.to_owned(), source })?;
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

/// Reads the arguments of one instruction.
struct Reader<'a> {
    key: u64,
    id: &'a str,
}

impl Reader<'_> {
    fn instruction(&self, kwargs: Kwargs) -> Result<Instruction, RowError> {
        let k = kwargs;
        Ok(match self.id {
            "keywords:existence" => {
                Instruction::Existence { keywords: self.patterns(self.list("keywords", k.keywords)?, str::to_owned)? }
            }
            "keywords:frequency" => Instruction::Frequency {
                keyword: self.pattern(self.text("keyword", k.keyword)?.trim(), true)?,
                frequency: self.number("frequency", k.frequency)?,
                relation: self.relation("relation", k.relation)?,
            },
            "keywords:forbidden_words" => Instruction::ForbiddenWords {
                forbidden_words: self
                    .patterns(self.list("forbidden_words", k.forbidden_words)?, |word| format!(r"\b{word}\b"))?,
            },
            "keywords:letter_frequency" => Instruction::LetterFrequency {
                letter: self.letter(k.letter)?,
                let_frequency: self.number("let_frequency", k.let_frequency)?,
                let_relation: self.relation("let_relation", k.let_relation)?,
            },
            "language:response_language" => {
                Instruction::ResponseLanguage { language: self.text("language", k.language)? }
            }
            "length_constraints:number_sentences" => Instruction::NumberSentences {
                num_sentences: self.number("num_sentences", k.num_sentences)?,
                relation: self.relation("relation", k.relation)?,
            },
            "length_constraints:number_paragraphs" => {
                Instruction::NumberParagraphs { num_paragraphs: self.number("num_paragraphs", k.num_paragraphs)? }
            }
            "length_constraints:number_words" => Instruction::NumberWords {
                num_words: self.number("num_words", k.num_words)?,
                relation: self.relation("relation", k.relation)?,
            },
            "length_constraints:nth_paragraph_first_word" => Instruction::NthParagraphFirstWord {
                num_paragraphs: self.number("num_paragraphs", k.num_paragraphs)?,
                nth_paragraph: self.number("nth_paragraph", k.nth_paragraph)?,
                first_word: self.text("first_word", k.first_word)?.to_lowercase(),
            },
            _ => return self.instruction_of_form(k),
        })
    }

    /// The types that ask for marks, formats, beginnings, ends or case.
    fn instruction_of_form(&self, k: Kwargs) -> Result<Instruction, RowError> {
        Ok(match self.id {
            "detectable_content:number_placeholders" => Instruction::NumberPlaceholders {
                num_placeholders: self.number("num_placeholders", k.num_placeholders)?,
            },
            "detectable_content:postscript" => {
                Instruction::Postscript { marker: self.postscript(k.postscript_marker)? }
            }
            "detectable_format:number_bullet_lists" => {
                Instruction::NumberBulletLists { num_bullets: self.number("num_bullets", k.num_bullets)? }
            }
            "detectable_format:constrained_response" => Instruction::ConstrainedResponse,
            "detectable_format:number_highlighted_sections" => Instruction::NumberHighlightedSections {
                num_highlights: self.number("num_highlights", k.num_highlights)?,
            },
            "detectable_format:multiple_sections" => Instruction::MultipleSections {
                heading: self.heading(k.section_spliter)?,
                num_sections: self.number("num_sections", k.num_sections)?,
            },
            "detectable_format:json_format" => Instruction::JsonFormat,
            "detectable_format:title" => Instruction::Title,
            "combination:two_responses" => Instruction::TwoResponses,
            "combination:repeat_prompt" => {
                Instruction::RepeatPrompt { prompt_to_repeat: self.text("prompt_to_repeat", k.prompt_to_repeat)? }
            }
            "startend:end_checker" => Instruction::EndChecker { end_phrase: self.text("end_phrase", k.end_phrase)? },
            "startend:quotation" => Instruction::Quotation,
            "change_case:capital_word_frequency" => Instruction::CapitalWordFrequency {
                capital_frequency: self.number("capital_frequency", k.capital_frequency)?,
                capital_relation: self.relation("capital_relation", k.capital_relation)?,
            },
            "change_case:english_capital" => Instruction::EnglishCapital,
            "change_case:english_lowercase" => Instruction::EnglishLowercase,
            "punctuation:no_comma" => Instruction::NoComma,
            id => return Err(RowError::UnknownInstruction { key: self.key, id: id.to_owned() }),
        })
    }

    fn missing(&self, argument: &'static str, remedy: &'static str) -> RowError {
        RowError::Argument { key: self.key, id: self.id.to_owned(), argument, remedy }
    }

    fn number(&self, argument: &'static str, value: Option<u64>) -> Result<u64, RowError> {
        value.ok_or_else(|| self.missing(argument, "give a whole number, since one drawn at random checks nothing"))
    }

    fn text(&self, argument: &'static str, value: Option<String>) -> Result<String, RowError> {
        value.filter(|text| !text.is_empty()).ok_or_else(|| self.missing(argument, "give a text that is not empty"))
    }

    fn list(&self, argument: &'static str, value: Option<Vec<String>>) -> Result<Vec<String>, RowError> {
        value.filter(|list| !list.is_empty()).ok_or_else(|| self.missing(argument, "give a list of one word or more"))
    }

    fn relation(&self, argument: &'static str, value: Option<String>) -> Result<Relation, RowError> {
        match value.as_deref() {
            Some("less than") => Ok(Relation::LessThan),
            Some("at least") => Ok(Relation::AtLeast),
            _ => Err(self.missing(argument, "write \"less than\" or \"at least\"")),
        }
    }

    fn letter(&self, value: Option<String>) -> Result<char, RowError> {
        let lower = self.text("letter", value)?.to_lowercase();
        let mut letters = lower.trim().chars();
        match (letters.next(), letters.next()) {
            (Some(letter), None) => Ok(letter),
            _ => Err(self.missing("letter", "give one character")),
        }
    }

    fn pattern(&self, pattern: &str, any_case: bool) -> Result<Pattern, RowError> {
        Pattern::new(pattern, any_case).map_err(|source| RowError::Pattern {
            key: self.key,
            id: self.id.to_owned(),
            source: Box::new(source),
        })
    }

    fn patterns(&self, words: Vec<String>, form: impl Fn(&str) -> String) -> Result<Vec<Pattern>, RowError> {
        words.iter().map(|word| self.pattern(&form(word), true)).collect()
    }

    /// The marker within a text in lower case. The two usual ones allow a blank between their letters.
    fn postscript(&self, marker: Option<String>) -> Result<Pattern, RowError> {
        let marker = self.text("postscript_marker", marker)?;
        match marker.trim() {
            "P.P.S" => self.pattern(r"p\.[\s\x1c-\x1f]?p\.[\s\x1c-\x1f]?s", false),
            "P.S." => self.pattern(r"p\.[\s\x1c-\x1f]?s\.", false),
            other => self.pattern(&other.to_lowercase(), false),
        }
    }

    /// A section's heading, the word with a number.
    fn heading(&self, word: Option<String>) -> Result<Pattern, RowError> {
        let word = self.text("section_spliter", word)?;
        let space = r"[\s\x1c-\x1f]?";
        self.pattern(&format!(r"{space}{}{space}\d+{space}", word.trim()), false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, kwargs: &str) -> Result<Row, RowError> {
        Row::parse(&format!(
            r#"{{"key": 7, "prompt": "p", "instruction_id_list": ["{id}"], "kwargs": [{kwargs}], "more": 1}}"#
        ))
    }

    #[test]
    fn arguments_of_other_types_may_be_null() {
        let found =
            row("length_constraints:number_words", r#"{"num_words": 9, "relation": "at least", "letter": null}"#);
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
