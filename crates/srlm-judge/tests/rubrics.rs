//! The rubrics as a judge reads them, and how they fit the seed data and the paper's wording.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::fs;
use std::path::Path;

use srlm_artifact::{EftRow, read_jsonl};
use srlm_judge::{Rubric, training_example};

const PAPER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/reference/prompts/judge_additive_paper.txt");
const SEED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/seed");

#[test]
fn the_additive_rubric_reads_well() {
    insta::assert_snapshot!(Rubric::additive().render("Name a tree.", "Oak."));
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

#[test]
fn the_wording_of_the_paper_is_a_rubric() {
    let Ok(text) = fs::read_to_string(PAPER) else {
        eprintln!("skipped: {PAPER} is not there");
        return;
    };
    let body = text.replace("<INSTRUCTION_HERE>", "{{ prompt }}").replace("<RESPONSE_HERE>", "{{ response }}");
    let rubric = Rubric::parse(&format!("---\nname: paper\nmin: 0\nmax: 5\nprefix: \"Score:\"\n---\n{body}")).unwrap();
    let rendered = rubric.render("Name a tree.", "Oak.");
    assert!(rendered.contains("User: Name a tree.\n<response>Oak.</response>\n"), "{rendered}");
    assert!(!rendered.contains("_HERE>") && !rendered.contains("{{"), "{rendered}");
    // The line that the wording asks for, once as it stands there and once filled in.
    assert!(rubric.parse_score("It is a tree.\n“Score: <total points>”").is_err());
    assert_eq!(rubric.parse_score("It is a tree.\n“Score: 4”").unwrap().get(), 4.0);
    for sentence in text.split(['.', '\n']).map(str::trim).filter(|sentence| sentence.split(' ').count() > 3) {
        assert!(!Rubric::additive().render("", "").contains(sentence), "taken over: {sentence}");
    }
}
