//! Arguments of instructions.

use serde::Deserialize;

use super::{Instruction, Pattern, Relation, RowError};

/// Arguments of an instruction as the data set writes them: those of other types are absent or
/// null.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kwargs {
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

/// Reads the arguments of one instruction.
pub(super) struct Reader<'a> {
    pub(super) key: u64,
    pub(super) id: &'a str,
}

impl Reader<'_> {
    pub(super) fn instruction(&self, kwargs: Kwargs) -> Result<Instruction, RowError> {
        let k = kwargs;
        Ok(match self.id {
            "keywords:existence" => Instruction::Existence {
                keywords: self.patterns(self.list("keywords", k.keywords)?, str::to_owned)?,
            },
            "keywords:frequency" => Instruction::Frequency {
                keyword: self.pattern(self.text("keyword", k.keyword)?.trim(), true)?,
                frequency: self.number("frequency", k.frequency)?,
                relation: self.relation("relation", k.relation)?,
            },
            "keywords:forbidden_words" => Instruction::ForbiddenWords {
                forbidden_words: self
                    .patterns(self.list("forbidden_words", k.forbidden_words)?, |word| {
                        format!(r"\b{word}\b")
                    })?,
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
            "length_constraints:number_paragraphs" => Instruction::NumberParagraphs {
                num_paragraphs: self.number("num_paragraphs", k.num_paragraphs)?,
            },
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
            "detectable_format:number_bullet_lists" => Instruction::NumberBulletLists {
                num_bullets: self.number("num_bullets", k.num_bullets)?,
            },
            "detectable_format:constrained_response" => Instruction::ConstrainedResponse,
            "detectable_format:number_highlighted_sections" => {
                Instruction::NumberHighlightedSections {
                    num_highlights: self.number("num_highlights", k.num_highlights)?,
                }
            }
            "detectable_format:multiple_sections" => Instruction::MultipleSections {
                heading: self.heading(k.section_spliter)?,
                num_sections: self.number("num_sections", k.num_sections)?,
            },
            "detectable_format:json_format" => Instruction::JsonFormat,
            "detectable_format:title" => Instruction::Title,
            "combination:two_responses" => Instruction::TwoResponses,
            "combination:repeat_prompt" => Instruction::RepeatPrompt {
                prompt_to_repeat: self.text("prompt_to_repeat", k.prompt_to_repeat)?,
            },
            "startend:end_checker" => {
                Instruction::EndChecker { end_phrase: self.text("end_phrase", k.end_phrase)? }
            }
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
        value.ok_or_else(|| {
            self.missing(argument, "give a whole number, since one drawn at random checks nothing")
        })
    }

    fn text(&self, argument: &'static str, value: Option<String>) -> Result<String, RowError> {
        value
            .filter(|text| !text.is_empty())
            .ok_or_else(|| self.missing(argument, "give a text that is not empty"))
    }

    fn list(
        &self,
        argument: &'static str,
        value: Option<Vec<String>>,
    ) -> Result<Vec<String>, RowError> {
        value
            .filter(|list| !list.is_empty())
            .ok_or_else(|| self.missing(argument, "give a list of one word or more"))
    }

    fn relation(
        &self,
        argument: &'static str,
        value: Option<String>,
    ) -> Result<Relation, RowError> {
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

    fn patterns(
        &self,
        words: Vec<String>,
        form: impl Fn(&str) -> String,
    ) -> Result<Vec<Pattern>, RowError> {
        words.iter().map(|word| self.pattern(&form(word), true)).collect()
    }

    /// The marker within a text in lower case. The two usual ones allow a blank between their
    /// letters.
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
