//! Sentences, split as NLTK 3.9.1 splits English by Punkt.
//!
//! `data/punkt_english.txt` holds the parts of NLTK's English parameters that decide anything. They
//! were learned from the Wall Street Journal, so that abbreviations missing there, such as `e.g.`,
//! end a sentence.
//!
//! # Source
//! Kiss and Strunk 2006, "Unsupervised Multilingual Sentence Boundary Detection". Numbers of
//! sections are theirs.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::punkt_token::{NUMBER_TYPE, Token, ends_word, tokens};
use super::python;

static PARAMETERS: LazyLock<Parameters> = LazyLock::new(Parameters::load);

/// What Punkt learned of English. All types are in lower case.
struct Parameters {
    /// Types that end in a period inside sentences, without it.
    abbreviations: HashSet<&'static str>,
    /// Pairs with a period between them that ends no sentence.
    collocations: HashSet<(&'static str, &'static str)>,
    /// Types that often begin a sentence.
    starters: HashSet<&'static str>,
    /// Types seen with a small first letter, and never with a capital one inside a sentence.
    small: HashSet<&'static str>,
    /// Types seen with a small first letter, and with a capital one inside a sentence too.
    small_and_capital: HashSet<&'static str>,
    /// Types seen with a small first letter at the beginning of a sentence, and never with a
    /// capital one.
    small_at_beginning: HashSet<&'static str>,
}

impl Parameters {
    fn load() -> Self {
        let lines = include_str!("../../data/punkt_english.txt")
            .lines()
            .filter(|line| !line.starts_with("# "));
        let text: Vec<&str> = lines.collect();
        let mut sections = text
            .split(|line| line.is_empty())
            .map(|section| section.iter().flat_map(|s| s.split(' ')));
        let mut section = || sections.next().expect("the file has six sections");
        Self {
            abbreviations: section().collect(),
            collocations: section().filter_map(|pair| pair.split_once('_')).collect(),
            starters: section().collect(),
            small: section().collect(),
            small_and_capital: section().collect(),
            small_at_beginning: section().collect(),
        }
    }

    fn is_small(&self, type_: &str) -> bool {
        self.small.contains(type_) || self.small_and_capital.contains(type_)
    }

    /// Whether the word before the period is an abbreviation, itself or by what follows its last
    /// hyphen. Dots with blanks between them count as one.
    fn is_abbreviation(&self, text: &str) -> bool {
        let word = text[..text.len() - 1].to_lowercase();
        let last = word.rsplit('-').next().unwrap_or(&word);
        word == ". . "
            || self.abbreviations.contains(word.as_str())
            || self.abbreviations.contains(last)
    }
}

/// A place where a sentence may end.
struct Candidate {
    /// Where the word before the mark begins.
    word: usize,
    /// Where the mark stands.
    mark: usize,
    /// Where what follows ends: a mark, or blanks and the next word.
    after: usize,
    /// Where the next word begins, if blanks come first.
    next: Option<usize>,
}

/// The sentences of a text, without the blanks between them.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let mut spans = Vec::new();
    let mut start = 0;
    for candidate in candidates(text) {
        if is_broken(&text[candidate.word..candidate.after]) {
            spans.push((start, candidate.mark + 1));
            start = candidate.next.unwrap_or(candidate.mark + 1);
        }
    }
    spans.push((start, text.trim_end_matches(python::is_space).len()));
    realign(text, &spans)
}

/// Every mark that may end a sentence, the last of those that share a word.
fn candidates(text: &str) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    for (mark, _) in text.match_indices(['.', '?', '!']) {
        let Some((after, next)) = context_after(text, mark + 1) else { continue };
        let (from, previous_word) =
            found.last().map_or((0, 0), |previous| (previous.mark, previous.word));
        let blank = text[from..mark]
            .rfind([' ', '\t', '\n', '\r', '\x0b', '\x0c'])
            .filter(|&place| place > 0);
        let word = blank.map_or(previous_word, |place| from + place + 1);
        if found.last().is_some_and(|previous| previous.mark > word) {
            found.pop();
        }
        found.push(Candidate { word, mark, after, next });
    }
    found
}

/// The end of what decides, and the beginning of the next word; `None` where the text goes on
/// without a break.
fn context_after(text: &str, end: usize) -> Option<(usize, Option<usize>)> {
    let rest = &text[end..];
    let first = rest.chars().next()?;
    if ends_word(first) {
        return Some((end + first.len_utf8(), None));
    }
    let word = rest.trim_start_matches(python::is_space);
    if word.is_empty() || word.len() == rest.len() {
        return None;
    }
    let next = text.len() - word.len();
    Some((next + word.find(python::is_space).unwrap_or(word.len()), Some(next)))
}

/// Whether a sentence ends within the context, before its last word.
fn is_broken(context: &str) -> bool {
    let mut tokens = tokens(context);
    tokens.iter_mut().for_each(annotate);
    (1..tokens.len()).any(|i| is_break_before(&tokens[i - 1], &tokens[i]))
}

/// First pass: what the word alone says.
fn annotate(token: &mut Token<'_>) {
    if matches!(token.text, "." | "?" | "!") {
        token.is_break = true;
    } else if token.text.ends_with('.') && !token.text.ends_with("..") {
        token.is_abbreviation = PARAMETERS.is_abbreviation(token.text);
        token.is_break = !token.is_abbreviation;
    }
}

/// Second pass: what the next word says.
fn is_break_before(token: &Token<'_>, next: &Token<'_>) -> bool {
    if !token.text.ends_with('.') {
        return token.is_break;
    }
    let (type_, next_type) = (token.type_without_period(), next.type_in_sentence());
    // 4.1.2: collocations.
    if PARAMETERS.collocations.contains(&(type_, next_type)) {
        return false;
    }
    // 4.2: abbreviations and ellipses end a sentence if the next word begins one.
    let is_initial = token.is_initial();
    if (token.is_abbreviation || token.is_ellipsis()) && !is_initial {
        let starts = next.begins_upper() && PARAMETERS.starters.contains(next_type);
        if begins_sentence(next) == Some(true) || starts {
            return true;
        }
    }
    // 4.3: initials and ordinals end none if the next word goes on.
    if is_initial || type_ == NUMBER_TYPE {
        let always_capital = is_initial && next.begins_upper() && !PARAMETERS.is_small(next_type);
        match begins_sentence(next) {
            Some(false) => return false,
            None if always_capital => return false,
            _ => {}
        }
    }
    token.is_break
}

/// 4.1.1: whether the word begins a sentence by the letters it was seen with; `None` where that is
/// open.
fn begins_sentence(token: &Token<'_>) -> Option<bool> {
    let type_ = token.type_in_sentence();
    if matches!(token.text, ";" | ":" | "," | "." | "!" | "?") {
        Some(false)
    } else if token.begins_upper() && PARAMETERS.small.contains(type_) {
        Some(true)
    } else if token.begins_lower() && !PARAMETERS.small_at_beginning.contains(type_) {
        Some(false)
    } else {
        None
    }
}

/// Moves closing marks at the beginning of a sentence to the end of the one before, and drops empty
/// ones.
fn realign<'a>(text: &'a str, spans: &[(usize, usize)]) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut moved = 0;
    for (i, &(start, end)) in spans.iter().enumerate() {
        let start = start + moved;
        let next = spans
            .get(i + 1)
            .and_then(|&(from, to)| Some((from, closing_marks(text.get(from..to)?)?)));
        match next {
            Some((from, (n_marks, n_with_blanks))) => {
                found.push(&text[start..from + n_marks]);
                moved = n_with_blanks;
            }
            None => {
                moved = 0;
                found.extend(text.get(start..end).filter(|sentence| !sentence.is_empty()));
            }
        }
    }
    found
}

/// Closing marks at the beginning, before a blank, dashes or the end: their length, and that with
/// the blanks.
fn closing_marks(sentence: &str) -> Option<(usize, usize)> {
    let rest = sentence.trim_start_matches(['"', '\'', ')', ']', '}']);
    let after = rest.trim_start_matches(python::is_space);
    let is_closed = rest.is_empty() || after.len() < rest.len() || rest.starts_with("--");
    let (n_marks, n_with_blanks) = (sentence.len() - rest.len(), sentence.len() - after.len());
    (is_closed && n_marks > 0).then_some((n_marks, n_with_blanks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_where_nltk_says() {
        for (text, expected) in [
            ("Dr. Smith paid 3.5 dollars. He left.", "Dr. Smith paid 3.5 dollars.|He left."),
            (
                "He lives in the U.S. now. The U.S. Army left.",
                "He lives in the U.S. now.|The U.S. Army left.",
            ),
            ("Wait... Then it rained. so what", "Wait... Then it rained.|so what"),
            ("Wait... Suddenly it rained.", "Wait...|Suddenly it rained."),
            ("She said \"Go!\" (He went.) Then?", "She said \"Go!\"|(He went.)|Then?"),
            ("One.Two three. ", "One.Two three."),
            ("1. First item\n2. Second", "1.|First item\n2.|Second"),
            ("", ""),
        ] {
            assert_eq!(sentences(text).join("|"), expected);
        }
    }

    #[test]
    fn the_parameters_are_whole() {
        let p = &*PARAMETERS;
        let sizes = [p.abbreviations.len(), p.collocations.len(), p.starters.len()];
        assert_eq!(sizes, [155, 37, 39]);
        assert_eq!(
            [p.small.len(), p.small_and_capital.len(), p.small_at_beginning.len()],
            [12348, 2354, 4]
        );
    }
}
