//! WikiText's pages as text.

use std::sync::LazyLock;

use regex::{NoExpand, Regex};

/// Replaced in this order, before the patterns.
const BEFORE: [(&str, &str); 9] = [
    (" @-@ ", "-"),
    (" @,@ ", ","),
    (" @.@ ", "."),
    (" : ", ": "),
    (" ; ", "; "),
    (" . ", ". "),
    (" ! ", "! "),
    (" ? ", "? "),
    (" , ", ", "),
];
/// Replaced in this order, after the patterns.
const AFTER: [(&str, &str); 8] = [
    ("= = = =", "===="),
    ("= = =", "==="),
    ("= =", "=="),
    (" ° ", "°"),
    (" \n", "\n"),
    ("\n ", "\n"),
    (" N ", " 1 "),
    (" 's", "'s"),
];
/// Opening and closing marks that lose the spaces inside.
static MARKS: LazyLock<[Regex; 5]> = LazyLock::new(|| {
    [(r"\(", r"\)"), (r"\[", r"\]"), (r"\{", r"\}"), ("\"", "\""), ("'", "'")].map(
        |(open, close)| {
            let space = r"[\s\x1c-\x1f]*";
            let pattern = format!("({open}){space}([^{close}]*?){space}({close})");
            Regex::new(&pattern).expect("a valid pattern")
        },
    )
});
static SLASHES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("/' [0-9]/").expect("a valid pattern"));

/// The text that is scored of a page of WikiText: the page without the spaces of its tokenization.
///
/// # Source
/// `wikitext_detokenizer` of lm-evaluation-harness, its slips included.
pub fn wikitext_text(page: &str) -> String {
    let page = page.replace("s '", "s'");
    let mut text = SLASHES.replace_all(&page, NoExpand("/'[0-9]/")).into_owned();
    for (from, to) in BEFORE {
        text = text.replace(from, to);
    }
    for mark in &*MARKS {
        text = mark.replace_all(&text, "$1$2$3").into_owned();
    }
    AFTER.iter().fold(text, |text, (from, to)| text.replace(from, to))
}
