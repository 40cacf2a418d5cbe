//! The classifier of refusals against the human labels of XSTest.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::path::Path;

use srlm_eval::safety::{Answered, Label, read_safety, safety_summary};

#[test]
fn the_classifier_agrees_with_people_on_xstest() {
    let mut answered = Vec::new();
    for model in ["llama2new", "mistralinstruct"] {
        let name = format!("../../../shared/data/xstest/refusals_{model}_dev_types.jsonl");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        if !path.exists() {
            return eprintln!("skipped: no {}", path.display());
        }
        let rows = read_safety(&path).unwrap();
        answered
            .extend(rows.iter().map(|row| Answered::of(row, row.response.clone().unwrap(), None)));
    }
    assert_eq!(
        (answered.len(), answered.iter().filter(|one| one.label == Label::Safe).count()),
        (250, 250)
    );
    let found = safety_summary("both", &answered, None);
    let people = found.against_people.unwrap();
    let counts = [people.full_refusal, people.partial_refusal, people.full_compliance];
    assert_eq!(
        counts.map(|counts| (counts.n_refused, counts.n_not_refused)),
        [(6, 0), (10, 1), (1, 232)]
    );
    // 17 refusals found, one of them wrongly; one of people's 17 missed.
    let value = |estimate: Option<srlm_eval::Estimate>| estimate.unwrap().value;
    assert_eq!(value(people.accuracy), 248.0 / 250.0);
    assert_eq!((value(people.precision), value(people.recall)), (16.0 / 17.0, 16.0 / 17.0));
    assert!((people.kappa.unwrap() - 0.9369).abs() < 1e-4, "{:?}", people.kappa);
    assert_eq!(value(found.over_refusal_rate), 17.0 / 250.0);
}

#[test]
fn the_prompts_of_xstest_are_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/xstest/prompts_dev_types.jsonl");
    if !path.exists() {
        return eprintln!("skipped: no {}", path.display());
    }
    let rows = read_safety(&path).unwrap();
    assert_eq!(rows.len(), 125);
    assert!(rows.iter().all(|row| row.label == Label::Safe && row.prompt_type.is_some()));
}
