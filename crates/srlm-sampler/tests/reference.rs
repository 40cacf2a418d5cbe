//! Agreement with `rouge-score` 0.1.2 and with Self-Instruct's filter on the outputs in
//! `tests/fixtures/reference` of the repository.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::fs;
use std::path::Path;

use serde::Deserialize;
use srlm_sampler::{Pool, RougeScore, Stemming, rouge};

const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");

#[derive(Deserialize)]
struct Scores {
    cases: Vec<Case>,
}

/// Scores are `[precision, recall, f]`, rounded to six digits.
#[derive(Deserialize)]
struct Case {
    stemmer: bool,
    target: String,
    prediction: String,
    rouge1: [f64; 3],
    rouge2: [f64; 3],
    #[serde(rename = "rougeL")]
    rouge_l: [f64; 3],
    #[serde(rename = "rougeLsum")]
    rouge_lsum: [f64; 3],
}

/// Rows are: index of a seed task, index of its nearest earlier one, their ROUGE-L F-measure to six
/// digits.
#[derive(Deserialize)]
struct Decisions {
    rows: Vec<(usize, usize, f64)>,
}

#[derive(Deserialize)]
struct SeedTask {
    instruction: String,
}

fn shared(path: &str) -> Option<String> {
    text(&Path::new(SHARED).join(path))
}

fn reference(path: &str) -> Option<String> {
    text(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/reference").join(path))
}

/// The file's text, `None` with a printed reason where the data are not at hand.
fn text(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok();
    if text.is_none() {
        eprintln!("skipped: {} is absent", path.display());
    }
    text
}

fn six_digits(x: f64) -> f64 {
    format!("{x:.6}").parse().unwrap()
}

#[test]
fn scores_are_those_of_rouge_score() {
    let Some(text) = reference("rouge_score.json") else { return };
    let scores: Scores = serde_json::from_str(&text).unwrap();
    assert_eq!(scores.cases.len(), 112);
    for case in scores.cases {
        let stemming = if case.stemmer { Stemming::Porter } else { Stemming::Off };
        let found = rouge(&case.target, &case.prediction, stemming);
        let rounded = |s: RougeScore| [s.precision, s.recall, s.f_measure].map(six_digits);
        let found = [found.rouge1, found.rouge2, found.rouge_l, found.rouge_lsum].map(rounded);
        let expected = [case.rouge1, case.rouge2, case.rouge_l, case.rouge_lsum];
        let apart = found
            .iter()
            .flatten()
            .zip(expected.iter().flatten())
            .any(|(a, b)| (a - b).abs() > 1e-9);
        assert!(
            !apart,
            "{:?} against {:?}: {found:?}, not {expected:?}",
            case.prediction, case.target
        );
    }
}

#[test]
fn nearest_seed_tasks_and_decisions_are_those_of_self_instruct() {
    let Some(decisions) = reference("self_instruct_rougeL_filter.json") else { return };
    let Some(tasks) = shared("self_instruct/seed_tasks.jsonl") else { return };
    let decisions: Decisions = serde_json::from_str(&decisions).unwrap();
    assert_eq!(decisions.rows.len(), 174);
    let mut pool = Pool::default();
    for (i, line) in tasks.lines().enumerate() {
        let task: SeedTask = serde_json::from_str(line).unwrap();
        if i > 0 {
            let (index, nearest, f_measure) = decisions.rows[i - 1];
            let found = pool.nearest(&task.instruction, -1.0).unwrap();
            assert_eq!((i, found.index, six_digits(found.f_measure)), (index, nearest, f_measure));
            let is_dropped = pool.nearest(&task.instruction, 0.7).is_some();
            assert_eq!(is_dropped, f_measure > 0.7, "seed task {i}");
        }
        pool.push(&task.instruction);
    }
}
