//! Words and punctuation marks, split as NLTK 3.9.1's `word_tokenize` does.
//!
//! # Source
//! The rules of NLTK's tokenizer (Apache-2.0), which go back to R. MacIntyre's Penn Treebank
//! script. It changes the text: quotation marks become `` `` `` and `''`.

use std::sync::LazyLock;

use regex::Regex;

use super::form::expression;
use super::{punkt, python};

type Rules = Vec<(Regex, &'static str)>;

/// Opening quotation marks, punctuation, brackets and dashes.
static RULES: LazyLock<Rules> = LazyLock::new(|| {
    compile(&[
        ("[«“‘„]|`+", " $0 "),
        ("^\"", "``"),
        ("``", " $0 "),
        (r#"([ (\[{<])("|'{2})"#, "$1 `` "),
        // A lone letter after a mark; the letters left out are clitics.
        (r"(?i)(')([\w&&[^mtsdn]])\b", "$1 $2"),
        (r#"([^.])(\.)([\])}>"'»”’ ]*)\s*$"#, "$1 $2 $3 "),
        (r"([:,])(\D)", " $1 $2"),
        ("[:,]$", " $0 "),
        (r"\.{2,}", " $0 "),
        ("[;@#$%&]", " $0 "),
        (r#"([^.])(\.)([\])}>"']*)\s*$"#, "$1 $2$3 "),
        ("[?!]", " $0 "),
        ("([^'])' ", "$1 ' "),
        (r"\*", " $0 "),
        (r"[\]\[(){}<>]", " $0 "),
        ("--", " $0 "),
    ])
});

/// Closing quotation marks, clitics and contractions, on a text with a blank at each end.
static ENDINGS: LazyLock<Rules> = LazyLock::new(|| {
    compile(&[
        ("[»”’]", " $0 "),
        ("''", " '' "),
        ("\"", " '' "),
        (r"[\s\x1c-\x1f]+", " "),
        ("([^' ])('[sS]|'[mM]|'[dD]|') ", "$1 $2 "),
        ("([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) ", "$1 $2 "),
        (r"(?i)\b(can)(not)\b", " $1 $2 "),
        (r"(?i)\b(d)('ye)\b", " $1 $2 "),
        (r"(?i)\b(gim|lem)(me)\b", " $1 $2 "),
        (r"(?i)\b(gon)(na)\b", " $1 $2 "),
        (r"(?i)\b(got)(ta)\b", " $1 $2 "),
        (r"(?i)\b(more)('n)\b", " $1 $2 "),
        (r"(?i)\b(wan)(na) ", " $1 $2  "),
        (r"(?i) ('t)(is|was)\b", " $1 $2 "),
    ])
});

fn compile(rules: &[(&str, &'static str)]) -> Rules {
    rules.iter().map(|&(pattern, replacement)| (expression(pattern), replacement)).collect()
}

fn apply(rules: &Rules, mut text: String) -> String {
    for (pattern, replacement) in rules {
        text = pattern.replace_all(&text, *replacement).into_owned();
    }
    text
}

/// The words and marks of a text, sentence by sentence.
pub(super) fn words(text: &str) -> Vec<String> {
    punkt::sentences(text).into_iter().flat_map(words_of_sentence).collect()
}

fn words_of_sentence(sentence: &str) -> Vec<String> {
    let text = apply(&RULES, sentence.to_owned());
    let text = apply(&ENDINGS, format!(" {text} "));
    python::split(&text).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contractions_and_marks_are_words() {
        for (text, expected) in [
            ("I can't, won't and cannot.", "I|ca|n't|,|wo|n't|and|can|not|."),
            ("She said: \"Go!\"", "She|said|:|``|Go|!|''"),
            (
                "It costs $3.50 (or 2,5) -- U.S. prices.",
                "It|costs|$|3.50|(|or|2,5|)|--|U.S.|prices|.",
            ),
            ("Tom's 'tis... gonna", "Tom|'s|'t|is|...|gon|na"),
        ] {
            assert_eq!(words(text).join("|"), expected);
        }
    }
}
