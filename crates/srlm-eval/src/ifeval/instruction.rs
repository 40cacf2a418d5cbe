//! The 25 types of instructions and what each asks.

use super::pattern::Pattern;
use super::{form, json, language, parts, python, wording};

/// How a count is compared with its threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Fewer than the threshold.
    LessThan,
    /// The threshold or more.
    AtLeast,
}

impl Relation {
    fn holds(self, count: usize, threshold: u64) -> bool {
        match self {
            Self::LessThan => (count as u64) < threshold,
            Self::AtLeast => count as u64 >= threshold,
        }
    }
}

/// One instruction with its arguments; named as the data set names them.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    missing_docs,
    reason = "the arguments carry the data set's names, which the variants explain"
)]
pub enum Instruction {
    /// `keywords:existence`: every keyword occurs, in any case, also inside words.
    Existence { keywords: Vec<Pattern> },
    /// `keywords:frequency`: how often the keyword occurs, also inside words.
    Frequency { keyword: Pattern, frequency: u64, relation: Relation },
    /// `keywords:forbidden_words`: none of the words occurs as a whole word.
    ForbiddenWords { forbidden_words: Vec<Pattern> },
    /// `keywords:letter_frequency`: how often the letter occurs, in any case.
    LetterFrequency { letter: char, let_frequency: u64, let_relation: Relation },
    /// `language:response_language`: ISO 639-1 code of the language of the whole response.
    ResponseLanguage { language: String },
    /// `length_constraints:number_sentences`, split by Punkt.
    NumberSentences { num_sentences: u64, relation: Relation },
    /// `length_constraints:number_paragraphs`: exactly so many parts between `***`.
    NumberParagraphs { num_paragraphs: u64 },
    /// `length_constraints:number_words`: runs of letters, digits and underscores.
    NumberWords { num_words: u64, relation: Relation },
    /// `length_constraints:nth_paragraph_first_word`: paragraphs between blank lines, and how one
    /// of them begins.
    NthParagraphFirstWord { num_paragraphs: u64, nth_paragraph: u64, first_word: String },
    /// `detectable_content:number_placeholders`: at least so many `[...]` within a line.
    NumberPlaceholders { num_placeholders: u64 },
    /// `detectable_content:postscript`, found by its marker.
    Postscript { marker: Pattern },
    /// `detectable_format:number_bullet_lists`: exactly so many lines that begin with `*` or `-`.
    NumberBulletLists { num_bullets: u64 },
    /// `detectable_format:constrained_response`: one of three fixed answers occurs.
    ConstrainedResponse,
    /// `detectable_format:number_highlighted_sections`: at least so many `*...*` within a line.
    NumberHighlightedSections { num_highlights: u64 },
    /// `detectable_format:multiple_sections`: at least so many headings, a word with a number.
    MultipleSections { heading: Pattern, num_sections: u64 },
    /// `detectable_format:json_format`: the whole response is JSON, a code fence around it allowed.
    JsonFormat,
    /// `detectable_format:title`: `<<...>>` within a line.
    Title,
    /// `combination:two_responses`: two different parts with `******` between.
    TwoResponses,
    /// `combination:repeat_prompt`: the response begins with the request.
    RepeatPrompt { prompt_to_repeat: String },
    /// `startend:end_checker`: the response ends with the phrase.
    EndChecker { end_phrase: String },
    /// `startend:quotation`: double quotation marks around the response.
    Quotation,
    /// `change_case:capital_word_frequency`: words in capitals, split as NLTK does.
    CapitalWordFrequency { capital_frequency: u64, capital_relation: Relation },
    /// `change_case:english_capital`: English without a small letter.
    EnglishCapital,
    /// `change_case:english_lowercase`: English without a capital letter.
    EnglishLowercase,
    /// `punctuation:no_comma`.
    NoComma,
}

impl Instruction {
    /// Whether `response`, taken as it is, follows the instruction. An empty response follows none.
    pub(super) fn is_followed_by(&self, response: &str) -> bool {
        !python::strip(response).is_empty() && self.holds(response)
    }

    fn holds(&self, response: &str) -> bool {
        match self {
            Self::Existence { keywords } => keywords.iter().all(|keyword| keyword.occurs(response)),
            Self::Frequency { keyword, frequency, relation } => {
                relation.holds(keyword.count(response), *frequency)
            }
            Self::ForbiddenWords { forbidden_words } => {
                !forbidden_words.iter().any(|word| word.occurs(response))
            }
            Self::LetterFrequency { letter, let_frequency, let_relation } => let_relation.holds(
                response.to_lowercase().chars().filter(|c| c == letter).count(),
                *let_frequency,
            ),
            Self::ResponseLanguage { language } => {
                language::detect(response).is_none_or(|found| found == language)
            }
            Self::NumberSentences { num_sentences, relation } => {
                relation.holds(super::punkt::sentences(response).len(), *num_sentences)
            }
            Self::NumberParagraphs { num_paragraphs } => {
                parts::n_starred(response) == Some(*num_paragraphs)
            }
            Self::NumberWords { num_words, relation } => {
                relation.holds(wording::n_words(response), *num_words)
            }
            Self::NthParagraphFirstWord { num_paragraphs, nth_paragraph, first_word } => {
                parts::nth_begins_with(response, *num_paragraphs, *nth_paragraph, first_word)
            }
            Self::NumberPlaceholders { num_placeholders } => {
                form::n_placeholders(response) >= *num_placeholders
            }
            Self::Postscript { marker } => marker.occurs(&response.to_lowercase()),
            Self::NumberBulletLists { num_bullets } => form::n_bullets(response) == *num_bullets,
            Self::ConstrainedResponse => form::has_fixed_answer(response),
            Self::NumberHighlightedSections { num_highlights } => {
                form::n_highlights(response) >= *num_highlights
            }
            Self::MultipleSections { heading, num_sections } => {
                heading.count(response) as u64 >= *num_sections
            }
            Self::JsonFormat => json::is_json(response),
            Self::Title => form::has_title(response),
            Self::TwoResponses => parts::are_two(response),
            Self::RepeatPrompt { prompt_to_repeat } => {
                wording::begins_with(response, prompt_to_repeat)
            }
            Self::EndChecker { end_phrase } => wording::ends_with(response, end_phrase),
            Self::Quotation => form::is_quoted(response),
            Self::CapitalWordFrequency { capital_frequency, capital_relation } => {
                capital_relation.holds(wording::n_capital_words(response), *capital_frequency)
            }
            Self::EnglishCapital => {
                python::is_upper(response) && language::may_be_english(response)
            }
            Self::EnglishLowercase => {
                python::is_lower(response) && language::may_be_english(response)
            }
            Self::NoComma => !response.contains(','),
        }
    }
}
