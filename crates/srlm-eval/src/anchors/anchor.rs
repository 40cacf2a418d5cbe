//! A question with a right and a wrong answer: generated, or from a file of the user's.

use std::collections::BTreeSet;
use std::path::Path;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use super::{arithmetic, form};
use crate::Error;
use crate::rows_file::{bad_row, numbered};

/// What makes an answer right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnchorKind {
    /// A number that can be computed.
    Arithmetic,
    /// A form that a program can check, such as an answer without commas.
    Form,
    /// The user says so.
    Given,
}

/// A question with an answer that is right and one that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// Unique among the anchors.
    pub id: String,
    /// What makes the right answer right.
    pub kind: AnchorKind,
    /// The question.
    pub prompt: String,
    /// The right answer.
    pub right: String,
    /// The wrong answer, which reads alike and is about as long.
    pub wrong: String,
}

/// `count` anchors with different questions, arithmetic and form by turns; the same for the same
/// seed.
pub fn generated(count: u32, seed: u64) -> Vec<Anchor> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut asked = BTreeSet::new();
    let mut anchors = Vec::new();
    while anchors.len() < count as usize {
        let i = anchors.len();
        // There are fewer forms than sums: when they run out, sums go on.
        let kind = if i % 2 == 1 && i < 2 * form::N_DIFFERENT {
            AnchorKind::Form
        } else {
            AnchorKind::Arithmetic
        };
        let (prompt, right, wrong) = match kind {
            AnchorKind::Form => form::draw(&mut random),
            _ => arithmetic::draw(&mut random),
        };
        if asked.insert(prompt.clone()) {
            anchors.push(Anchor { id: format!("anchor-{i:04}"), kind, prompt, right, wrong });
        }
    }
    anchors
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenRow {
    prompt: String,
    right: String,
    wrong: String,
}

/// Reads anchors from JSON Lines with the columns `prompt`, `right` and `wrong`.
///
/// # Errors
/// [`Error::Io`]; [`Error::Artifact`] and [`Error::Row`] name file, line, column and remedy.
pub fn read_anchors(path: &Path) -> Result<Vec<Anchor>, Error> {
    let mut asked = BTreeSet::new();
    let mut anchors = Vec::new();
    for (line, GivenRow { prompt, right, wrong }) in numbered(path)? {
        for (key, text) in [("prompt", &prompt), ("right", &right), ("wrong", &wrong)] {
            if text.trim().is_empty() {
                return Err(bad_row(path, line, key, "is blank".to_owned(), "write the text out"));
            }
        }
        if right == wrong {
            return Err(bad_row(
                path,
                line,
                "wrong",
                "is the right answer".to_owned(),
                "give one that is wrong",
            ));
        }
        if !asked.insert((prompt.clone(), right.clone(), wrong.clone())) {
            return Err(bad_row(
                path,
                line,
                "prompt",
                "is there twice".to_owned(),
                "leave one of the rows out",
            ));
        }
        let id = format!("given-{:04}", anchors.len());
        anchors.push(Anchor { id, kind: AnchorKind::Given, prompt, right, wrong });
    }
    Ok(anchors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_differ_and_repeat_with_the_seed() {
        let anchors = generated(200, 7);
        assert_eq!(anchors, generated(200, 7));
        assert_ne!(anchors, generated(200, 8));
        assert_eq!(anchors[..5], generated(5, 7));
        let prompts: BTreeSet<_> = anchors.iter().map(|anchor| &anchor.prompt).collect();
        assert_eq!(prompts.len(), 200);
        assert!(anchors.iter().all(|anchor| anchor.right != anchor.wrong));
        let n_form = anchors.iter().filter(|anchor| anchor.kind == AnchorKind::Form).count();
        assert_eq!(n_form, form::N_DIFFERENT);
    }

    #[test]
    fn answers_of_a_pair_are_about_as_long() {
        for anchor in generated(200, 3) {
            let (right, wrong) =
                (anchor.right.chars().count() as f64, anchor.wrong.chars().count() as f64);
            assert!((right - wrong).abs() <= 0.25 * right.max(wrong) + 3.0, "{anchor:?}");
        }
    }

    #[test]
    fn a_row_that_cannot_be_used_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("anchors.jsonl");
        let check = |text: &str, expected: &str| {
            std::fs::write(&path, text).unwrap();
            let error = read_anchors(&path).unwrap_err().to_string();
            assert_eq!(error.replace(&folder.path().display().to_string(), ""), expected);
        };
        let row = r#"{"prompt": "2 + 2?", "right": "4", "wrong": "5"}"#;
        check(
            &format!("{row}\n\n{row}"),
            "/anchors.jsonl:3: `prompt` is there twice; leave one of the rows out",
        );
        check(
            r#"{"prompt": "2 + 2?", "right": "4", "wrong": "4"}"#,
            "/anchors.jsonl:1: `wrong` is the right answer; give one that is wrong",
        );
        check(
            r#"{"prompt": "2 + 2?", "right": " ", "wrong": "4"}"#,
            "/anchors.jsonl:1: `right` is blank; write the text out",
        );
        std::fs::write(&path, row).unwrap();
        assert_eq!(read_anchors(&path).unwrap()[0].kind, AnchorKind::Given);
    }
}
