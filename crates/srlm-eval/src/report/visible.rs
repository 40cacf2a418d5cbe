//! Text as what it is: markup escaped, and characters that nobody sees made visible.

use std::fmt::{self, Write};
use std::sync::LazyLock;

use askama::filters::{Escaper, Html};
use regex::Regex;

/// Combining marks on one letter that are shown; more would run over the lines around.
const MOST_MARKS: usize = 4;

/// Characters that hide, reorder or leave the line: controls, formats (which turn the writing
/// direction), separators, unassigned ones, marks without a letter, and towers of marks. What joins
/// letters or emoji, and the visible formats of Arabic, are left alone.
static ODD: LazyLock<Regex> = LazyLock::new(|| {
    let hidden = r"[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cn}]--[\n\t\x{200C}\x{200D}\x{600}-\x{605}\x{6DD}\x{70F}\x{8E2}]]";
    Regex::new(&format!(r"\r\n|{hidden}|\p{{M}}{{5,}}|^\p{{M}}|\s\p{{M}}"))
        .expect("the pattern is fixed")
});

/// The escaper of all templates, named in `askama.toml`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct VisibleHtml;

impl Escaper for VisibleHtml {
    fn write_escaped_str<W: Write>(&self, mut dest: W, text: &str) -> fmt::Result {
        let mut done = 0;
        for found in ODD.find_iter(text) {
            Html.write_escaped_str(&mut dest, &text[done..found.start()])?;
            write_visible(&mut dest, found.as_str())?;
            done = found.end();
        }
        Html.write_escaped_str(dest, &text[done..])
    }
}

/// Text for Markdown and plain files, where only hidden characters do harm.
pub(crate) fn visible(text: &str) -> String {
    let shown = |found: &regex::Captures<'_>| {
        let mut shown = String::new();
        write_visible(&mut shown, &found[0]).expect("a string takes every character");
        shown
    };
    ODD.replace_all(text, shown).into_owned()
}

fn write_visible(dest: &mut impl Write, found: &str) -> fmt::Result {
    let mut characters = found.chars();
    let (first, n) = (characters.next().unwrap_or('\n'), found.chars().count());
    match first {
        '\r' if n == 2 => dest.write_char('\n'),
        _ if n > MOST_MARKS => {
            found.chars().take(MOST_MARKS).try_for_each(|mark| dest.write_char(mark))?;
            write!(dest, "\u{27E6}and {} combining marks\u{27E7}", n - MOST_MARKS)
        }
        _ if first.is_whitespace() && n == 2 => {
            dest.write_char(first)?;
            dest.write_char('\u{25CC}')?;
            characters.try_for_each(|mark| dest.write_char(mark))
        }
        _ if is_mark(found) => write!(dest, "\u{25CC}{first}"),
        _ => write!(dest, "\u{27E6}U+{:04X}\u{27E7}", u32::from(first)),
    }
}

fn is_mark(found: &str) -> bool {
    static MARK: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^\p{M}").expect("the pattern is fixed"));
    MARK.is_match(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn html(text: &str) -> String {
        let mut html = String::new();
        VisibleHtml.write_escaped_str(&mut html, text).unwrap();
        html
    }

    #[test]
    fn hidden_characters_show() {
        let rows = [
            ("plain\n\ttext", "plain\n\ttext"),
            ("<b>\"'&", "&#60;b&#62;&#34;&#39;&#38;"),
            ("a\0b\u{1b}[31m\u{7f}", "a⟦U+0000⟧b⟦U+001B⟧[31m⟦U+007F⟧"),
            ("one\r\ntwo\rthree", "one\ntwo⟦U+000D⟧three"),
            ("\u{202e}gnp.exe", "⟦U+202E⟧gnp.exe"),
            ("x\u{200b}y\u{feff}\u{2028}", "x⟦U+200B⟧y⟦U+FEFF⟧⟦U+2028⟧"),
            ("\u{301}first", "\u{25cc}\u{301}first"),
            ("a \u{301}b", "a \u{25cc}\u{301}b"),
            ("e\u{301}", "e\u{301}"),
            ("\u{ffff}", "⟦U+FFFF⟧"),
            ("👩\u{200d}🔬 שלום", "👩\u{200d}🔬 שלום"),
        ];
        for (text, expected) in rows {
            assert_eq!(html(text), expected, "{text:?}");
        }
        assert_eq!(
            html(&format!("e{}", "\u{301}".repeat(90))).matches('\u{301}').count(),
            MOST_MARKS
        );
        assert_eq!(visible("a\0<"), "a⟦U+0000⟧<");
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_left(text in any::<String>()) {
            let shown = html(&text);
            let is_hidden = |c: char| c.is_control() && c != '\n' && c != '\t';
            prop_assert!(!shown.contains(|c| is_hidden(c) || "<>\"'\u{202e}\u{2066}".contains(c)), "{:?}", shown);
        }
    }
}
