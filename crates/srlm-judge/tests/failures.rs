//! The classes of judgments that small models write, each with an example in our own words and what
//! is read from it.
//!
//! The classes were collected from 1,098 judgments of a model with 135 million parameters (two
//! iterations and their evaluations): 1,076 end with the plain line, 7 of them after other mentions
//! of a score; 18 are cut off, 4 end without a score. Classes marked "seen elsewhere" are forms of
//! other models.
#![allow(clippy::unwrap_used)]

use srlm_judge::{Rubric, parse_score};

const CLASSES: [(&str, &str); 21] = [
    ("plain", "It stays on the topic but leaves the second half out.\nScore: 3"),
    (
        "mentions before the line",
        "The point for clarity is earned, so it gets a score of 5.\nScore: 2",
    ),
    ("contradicts its reasoning", "All five points are missed.\nThe score is 1.\nScore: 4"),
    (
        "loops until cut off",
        "The tree is a tree that is a tree that is a tree that is a tree that is",
    ),
    ("lists until cut off", "1. Relevance: yes.\n2. Coverage: no.\n3. Usefulness: the list lacks"),
    ("cut off before the number", "The shop is closed, so the point is missed.\nScore: "),
    ("ends without a line", "The answer is right, but the date is wrong."),
    ("ends in words", "The last line does not help, so it gets no score."),
    ("continues the response", "The missing version is 2.\n```"),
    ("repeats the form", "Earned: relevance.\nScore: n"),
    ("repeats the form with its range (seen elsewhere)", "Earned: relevance.\nScore: 0-5"),
    (
        "a score for each criterion (seen elsewhere)",
        "Relevance score: 1\nCoverage score: 1\nClarity score: 0",
    ),
    (
        "and then the total (seen elsewhere)",
        "Relevance score: 1\nCoverage score: 1\nTotal score: 2",
    ),
    ("one criterion behind the score (seen elsewhere)", "Score: 3\nClarity score: 1"),
    (
        "criteria in one line (seen elsewhere)",
        "Score: 1 for relevance, 1 for coverage, 0 for clarity",
    ),
    ("an addition (seen elsewhere)", "Score: 1 + 1 + 0 = 2"),
    ("another scale (seen elsewhere)", "Good.\nScore: 8/10"),
    ("too many points (seen elsewhere)", "Splendid.\nScore: 6"),
    ("quotes and Markdown (seen elsewhere)", "> **“Score:** *4*/5”"),
    ("a second thought (seen elsewhere)", "Score: 2\nWait, the limit is kept.\nScore: 3"),
    ("nothing", " \n"),
];

#[test]
fn every_class_of_judgment_is_read_or_is_a_failure() {
    let line = |(class, text): &(&str, &str)| match parse_score(text) {
        Ok(score) => format!("{class}: {}", score.get()),
        Err(failure) => format!("{class}: {failure}"),
    };
    let lines: Vec<String> = CLASSES.iter().map(line).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    plain: 3
    mentions before the line: 2
    contradicts its reasoning: 4
    loops until cut off: the judgment has no score line, or no number in the last one
    lists until cut off: the judgment has no score line, or no number in the last one
    cut off before the number: the judgment has no score line, or no number in the last one
    ends without a line: the judgment has no score line, or no number in the last one
    ends in words: the judgment has no score line, or no number in the last one
    continues the response: the judgment has no score line, or no number in the last one
    repeats the form: the judgment has no score line, or no number in the last one
    repeats the form with its range (seen elsewhere): the score line has more than one number
    a score for each criterion (seen elsewhere): the judgment has no score line, or no number in the last one
    and then the total (seen elsewhere): 2
    one criterion behind the score (seen elsewhere): the judgment has no score line, or no number in the last one
    criteria in one line (seen elsewhere): the score line has more than one number
    an addition (seen elsewhere): the score line has more than one number
    another scale (seen elsewhere): the score is on another scale
    too many points (seen elsewhere): the score is out of range
    quotes and Markdown (seen elsewhere): 4
    a second thought (seen elsewhere): 3
    nothing: the judgment is empty
    ");
}

#[test]
fn the_additive_rubric_reads_as_the_plain_form_does() {
    for (class, text) in CLASSES {
        assert_eq!(Rubric::additive().parse_score(text), parse_score(text), "{class}");
    }
}
