//! Long texts, cut so that the page stays small.

/// A text's beginning, and how much is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clipped<'a> {
    pub(crate) text: &'a str,
    /// Characters (Unicode scalar values) left out.
    pub(crate) n_left_out: usize,
}

/// At most the first `most` characters. A text that is only a little longer stays whole.
pub(crate) fn clip(text: &str, most: usize) -> Clipped<'_> {
    let slack = most / 10;
    match text.char_indices().nth(most + slack) {
        None => Clipped { text, n_left_out: 0 },
        Some(_) => {
            let end = text.char_indices().nth(most).map_or(text.len(), |(at, _)| at);
            Clipped { text: &text[..end], n_left_out: text[end..].chars().count() }
        }
    }
}

impl Clipped<'_> {
    /// `95,000 more characters`, or nothing.
    pub(crate) fn rest(&self) -> String {
        match self.n_left_out {
            0 => String::new(),
            n => format!("{} more characters", super::format::count(n as u64)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_texts_are_cut_and_between_characters() {
        assert_eq!(clip("äöü", 3), Clipped { text: "äöü", n_left_out: 0 });
        assert_eq!(clip(&"ä".repeat(11), 10).n_left_out, 0);
        let long = "ä".repeat(30);
        assert_eq!(
            (clip(&long, 10).text.chars().count(), clip(&long, 10).rest()),
            (10, "20 more characters".to_owned())
        );
        assert_eq!(clip("", 0).rest(), "");
    }
}
