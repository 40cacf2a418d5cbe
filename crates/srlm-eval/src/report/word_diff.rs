//! Which words of two responses differ.

use similar::{ChangeTag, TextDiff};

/// A run of text of one side.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Segment {
    pub(crate) text: String,
    /// Whether the other side lacks it.
    pub(crate) differs: bool,
}

/// Both sides, cut where they begin and cease to differ.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WordDiff {
    pub(crate) chosen: Vec<Segment>,
    pub(crate) rejected: Vec<Segment>,
    /// Too little is shared for marks to help a reader; nothing is marked.
    pub(crate) unrelated: bool,
}

/// Below this share of letters in common, everything would be marked.
const LEAST_SHARED: f64 = 0.2;

pub(crate) fn word_diff(chosen: &str, rejected: &str) -> WordDiff {
    let diff = TextDiff::from_words(rejected, chosen);
    let (mut chosen_side, mut rejected_side, mut n_shared) = (Vec::new(), Vec::new(), 0);
    for change in diff.iter_all_changes() {
        let text: &str = change.value();
        match change.tag() {
            ChangeTag::Equal => {
                push(&mut chosen_side, text, false);
                push(&mut rejected_side, text, false);
                n_shared += text.trim().len();
            }
            ChangeTag::Insert => push(&mut chosen_side, text, true),
            ChangeTag::Delete => push(&mut rejected_side, text, true),
        }
    }
    let n_longer = chosen.len().max(rejected.len());
    let unrelated = (n_shared as f64) < LEAST_SHARED * n_longer as f64;
    if unrelated {
        let whole = |text: &str| vec![Segment { text: text.to_owned(), differs: false }];
        (chosen_side, rejected_side) = (whole(chosen), whole(rejected));
    }
    WordDiff { chosen: join(chosen_side), rejected: join(rejected_side), unrelated }
}

/// Joins marks that only shared white space parts: a run of different words reads as one.
fn join(side: Vec<Segment>) -> Vec<Segment> {
    let mut joined: Vec<Segment> = Vec::new();
    let mut rest = side.into_iter().peekable();
    while let Some(segment) = rest.next() {
        let between_marks = joined.last().is_some_and(|last| last.differs) && rest.peek().is_some();
        let differs = segment.differs || (between_marks && segment.text.trim().is_empty());
        push(&mut joined, &segment.text, differs);
    }
    joined
}

fn push(side: &mut Vec<Segment>, text: &str, differs: bool) {
    match side.last_mut() {
        Some(last) if last.differs == differs => last.text.push_str(text),
        _ => side.push(Segment { text: text.to_owned(), differs }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(side: &[Segment]) -> String {
        side.iter().map(|segment| segment.text.as_str()).collect()
    }

    #[test]
    fn only_the_different_words_are_marked() {
        let diff = word_diff("the cat sat here", "the dog sat here");
        let marked: Vec<_> = diff.chosen.iter().filter(|segment| segment.differs).collect();
        assert_eq!(marked.len(), 1);
        assert_eq!(marked[0].text, "cat");
        // Shared spaces do not part a mark.
        assert_eq!(
            word_diff("see one two three here", "see four five six seven here").chosen.len(),
            3
        );
        assert!(word_diff("one two three", "completely other words").unrelated);
    }

    proptest! {
        #[test]
        fn no_text_is_lost(chosen in "[ab \n]{0,30}", rejected in "[ab \n]{0,30}") {
            let diff = word_diff(&chosen, &rejected);
            prop_assert_eq!(text(&diff.chosen), chosen);
            prop_assert_eq!(text(&diff.rejected), rejected);
        }
    }
}
