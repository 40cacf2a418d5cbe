//! The rubrics as a judge reads them, and how they fit the seed data and the paper's wording.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::fs;
use std::path::Path;

use srlm_artifact::{EftRow, read_jsonl};
use srlm_judge::{Rubric, training_example};

const PROMPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/reference/prompts");
const SEED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../srlm/seed");

#[test]
fn the_additive_rubric_reads_well() {
    insta::assert_snapshot!(Rubric::additive().render("Name a tree.", "Oak."));
}

#[test]
fn the_multiple_choice_rubric_reads_well() {
    insta::assert_snapshot!(Rubric::multiple_choice().render("Name a tree.", "Oak."));
}

#[test]
fn the_safety_rubric_reads_well() {
    insta::assert_snapshot!(Rubric::safety().render("Name a tree.", "Oak."));
}

#[test]
fn the_pairwise_rubric_reads_well() {
    insta::assert_snapshot!(Rubric::pairwise().render_pair("Name a tree.", "Oak.", "Rose."));
}

#[test]
fn the_seed_data_answers_the_additive_rubric() {
    let rubric = Rubric::additive();
    for name in ["eft_train.jsonl", "eft_heldout.jsonl"] {
        let rows: Vec<EftRow> = read_jsonl(&Path::new(SEED).join(name)).unwrap();
        assert!(!rows.is_empty());
        for row in rows {
            training_example(&rubric, &row).unwrap();
        }
    }
}

/// A wording of the paper, if it is there.
fn wording(name: &str) -> Option<String> {
    let path = Path::new(PROMPTS).join(name);
    let text = fs::read_to_string(&path).ok();
    if text.is_none() {
        eprintln!("skipped: {} is not there", path.display());
    }
    text
}

/// Typical judgments in the forms that both wordings ask for, and their score.
fn check_judgments(rubric: &Rubric) {
    for (text, expected) in [
        ("It is a tree.\n“Score: 4”", Some(4.0)),
        ("It is a tree, and the name is right.\n\nScore: 5", Some(5.0)),
        ("- One point: it is a tree.\n- Another: it is asked for.\n\n**Score: 2**", Some(2.0)),
        ("It earns 1 + 1 + 1 points.\n\"Score: 3\"", Some(3.0)),
        ("Score: 3/5", Some(3.0)),
        ("It is a tree.\n“Score: <total points>”", None),
        ("It is a tree.\nScore: <rating>", None),
        ("I give this answer three points.", None),
        ("Score: 7", None),
    ] {
        assert_eq!(rubric.parse_score(text).ok().map(|score| score.get()), expected, "{text:?}");
    }
}

fn check_own_words(rubric: &Rubric, wording: &str) {
    let ours = rubric.render("", "");
    for sentence in
        wording.split(['.', '\n']).map(str::trim).filter(|sentence| sentence.split(' ').count() > 3)
    {
        assert!(!ours.contains(sentence), "taken over: {sentence}");
    }
}

#[test]
fn the_wording_of_the_paper_is_a_rubric() {
    let Some(text) = wording("judge_additive_paper.txt") else { return };
    let body = text
        .replace("<INSTRUCTION_HERE>", "{{ prompt }}")
        .replace("<RESPONSE_HERE>", "{{ response }}");
    let rubric = Rubric::parse(&format!(
        "---\nname: paper\nmin: 0\nmax: 5\nprefix: \"Score:\"\n---\n{body}"
    ))
    .unwrap();
    let rendered = rubric.render("Name a tree.", "Oak.");
    assert!(rendered.contains("User: Name a tree.\n<response>Oak.</response>\n"), "{rendered}");
    assert!(!rendered.contains("_HERE>") && !rendered.contains("{{"), "{rendered}");
    check_judgments(&rubric);
    assert_eq!(rubric.parse_score("Score: 0").unwrap().get(), 0.0);
    check_own_words(&Rubric::additive(), &text);
}

#[test]
fn the_multiple_choice_wording_of_the_paper_is_a_rubric() {
    let Some(text) = wording("judge_multiple_choice_li2023.txt") else { return };
    let head = "---\nname: li2023\nmin: 1\nmax: 5\nprefix: \"Score:\"\n---";
    let rubric =
        Rubric::parse(&format!("{head}\n{text}\n\n{{{{ prompt }}}}\n\n{{{{ response }}}}"))
            .unwrap();
    let rendered = rubric.render("Name a tree.", "Oak.");
    assert!(
        rendered.starts_with(text.trim()) && rendered.ends_with("\n\nName a tree.\n\nOak."),
        "{rendered}"
    );
    check_judgments(&rubric);
    assert!(rubric.parse_score("Score: 0").is_err(), "the lowest grade is 1");
    check_own_words(&Rubric::multiple_choice(), &text);
}
