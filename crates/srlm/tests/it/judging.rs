//! Judges that are right, wrong, constant, random and silent by construction, through the whole of
//! `eval judge`.

use std::path::Path;

use serde_json::{Value, json};

use crate::command::{stderr, stdout};
use crate::stand_in::{JUDGES, server};

const N: usize = 60;

/// A response; every other prompt has longer ones where they are worse.
fn response(i: usize, worth: usize) -> String {
    let n = if i.is_multiple_of(2) { worth } else { 6 - worth };
    format!("Worth {worth}. {}", "and so on ".repeat(n))
}

fn write(dir: &Path, name: &str, rows: impl Iterator<Item = Value>) -> String {
    let path = dir.join(name);
    let lines: Vec<String> = rows.map(|row| row.to_string()).collect();
    std::fs::write(&path, lines.join("\n")).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The report of each judge on a file.
fn reports(dir: &Path, file: &str, more: &[&str]) -> Vec<Value> {
    let address = server();
    let report = |judge: &&str| {
        let out = dir.join(judge).join(Path::new(file).file_stem().unwrap());
        let mut arguments =
            vec!["eval", "judge", file, "--model", &address, "--served-name", judge];
        arguments.extend([
            "--out",
            out.to_str().unwrap(),
            "--set",
            "eval.verdict=written",
            "--json",
        ]);
        arguments.extend(more);
        let first = stdout(&arguments);
        assert_eq!(stdout(&arguments), first, "what is there is not made again");
        serde_json::from_str(&first).unwrap()
    };
    JUDGES.iter().map(report).collect()
}

#[track_caller]
fn check(report: &Value, path: &str, expected: Option<f64>) {
    let found = report.pointer(path).unwrap_or_else(|| panic!("no {path}"));
    let found = found.get("value").unwrap_or(found).as_f64();
    let is_near = match (found, expected) {
        (Some(found), Some(expected)) => (found - expected).abs() < 1e-9,
        (found, expected) => found == expected,
    };
    assert!(is_near, "{} {path}: {found:?}, not {expected:?}", report["judge"]);
}

/// What a blind judge reaches lies within three standard errors.
#[track_caller]
fn near(report: &Value, path: &str, expected: f64, standard_error: f64) {
    let found = report.pointer(path).unwrap()["value"].as_f64().unwrap();
    assert!(
        (found - expected).abs() < 3.0 * standard_error,
        "{path} is {found}, not about {expected}"
    );
}

fn covers(report: &Value, path: &str, value: f64) -> bool {
    let estimate = report.pointer(path).unwrap();
    (estimate["low"].as_f64().unwrap()..=estimate["high"].as_f64().unwrap()).contains(&value)
}

#[test]
fn ranked_groups_give_the_known_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let rows = (0..N).map(|i| {
        let replies = [1, 5, 3].map(|worth| json!({ "text": response(i, worth), "rank": (5 - worth) / 2 }));
        json!({ "id": format!("g{i}"), "tree_id": format!("t{}", i / 2), "prompt": format!("Say {i}."), "replies": replies })
    });
    let file = write(dir.path(), "ranked.jsonl", rows);
    let [perfect, reversed, constant, random, silent] =
        reports(dir.path(), &file, &[]).try_into().unwrap();
    let agreement = "/written/agreement";
    for (measure, values) in [
        ("pairwise_accuracy", [Some(1.0), Some(0.0), Some(0.0), None]),
        ("tie_rate", [Some(0.0), Some(0.0), Some(1.0), None]),
        ("five_best", [Some(1.0), Some(0.0), None, None]),
        ("exact_match", [Some(1.0), Some(0.0), Some(0.0), Some(0.0)]),
        ("spearman", [Some(1.0), Some(-1.0), None, None]),
        ("kendall_tau_b", [Some(1.0), Some(-1.0), None, None]),
    ] {
        for (report, value) in [&perfect, &reversed, &constant, &silent].into_iter().zip(values) {
            check(report, &format!("{agreement}/judge/{measure}"), value);
        }
    }
    check(&perfect, "/n_trees", Some(30.0));
    check(&perfect, "/parse_rate", Some(1.0));
    check(&perfect, &format!("{agreement}/length_baseline/pairwise_accuracy"), Some(0.5));
    check(&perfect, &format!("{agreement}/random_baseline/pairwise_accuracy"), Some(0.5));
    check(&perfect, &format!("{agreement}/random_baseline/exact_match"), Some(1.0 / 6.0));
    check(&silent, "/parse_rate", Some(0.0));
    check(&silent, "/abstention_rate", Some(1.0));
    near(&random, &format!("{agreement}/judge/untied_pairwise_accuracy"), 0.5, 0.042);
    near(&random, &format!("{agreement}/judge/spearman"), 0.0, 0.09);
    assert!(!covers(&perfect, &format!("{agreement}/shuffled_baseline/pairwise_accuracy"), 1.0));
    assert!(perfect["expected"].is_null() && perfect["pairwise"].is_null());
    assert_eq!(perfect["written"]["calibration"]["by_gap"][2]["n_pairs"], 2 * N, "gaps of 2");
}

#[test]
fn verdicts_on_pairs_give_the_known_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let rows = (0..N).map(|i| {
        let (first, second) = if i % 3 == 0 { (5, 1) } else { (1, 5) };
        json!({ "prompt": format!("Say {i}."), "response 1": response(i, first), "response 2": response(i, second),
            "label": usize::from(i % 3 != 0) })
    });
    let file = write(dir.path(), "pairs.jsonl", rows);
    let [perfect, reversed, constant, random, silent] =
        reports(dir.path(), &file, &[]).try_into().unwrap();
    for (path, values) in [
        ("/pairwise/judge/accuracy", [Some(1.0), Some(0.0), Some(0.0), None]),
        ("/pairwise/judge/tie_rate", [Some(0.0), Some(0.0), Some(1.0), None]),
        ("/pairwise/consistency", [Some(1.0), Some(1.0), Some(0.0), None]),
        ("/pairwise/first_place_rate", [Some(0.5), Some(0.5), Some(1.0), None]),
        ("/pairwise/position_bias", [Some(0.0), Some(0.0), Some(1.0), None]),
        ("/pairwise/abstention_rate", [Some(0.0), Some(0.0), Some(0.0), Some(1.0)]),
        ("/pairwise/random_baseline/accuracy", [Some(0.5), Some(0.5), Some(0.5), None]),
        ("/written/agreement/judge/pairwise_accuracy", [Some(1.0), Some(0.0), Some(0.0), None]),
    ] {
        for (report, value) in [&perfect, &reversed, &constant, &silent].into_iter().zip(values) {
            check(report, path, value);
        }
    }
    near(&random, "/pairwise/judge/untied_accuracy", 0.5, 0.09);
    near(&random, "/pairwise/position_bias", 0.0, 0.09);
}

#[test]
fn ratings_give_the_known_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let rows = (0..N).flat_map(|i| {
        [1, 2, 4, 5]
            .map(|worth| json!({ "query": format!("Say {i}."), "response": response(i, worth), "rating": worth }))
    });
    let file = write(dir.path(), "ratings.jsonl", rows);
    let [perfect, reversed, constant, random, silent] =
        reports(dir.path(), &file, &[]).try_into().unwrap();
    let ratings = "/written/ratings/judge";
    for (measure, values) in [
        ("pearson", [Some(1.0), Some(-1.0), None, None]),
        ("spearman", [Some(1.0), Some(-1.0), None, None]),
        ("kendall_tau_b", [Some(1.0), Some(-1.0), None, None]),
        ("kendall_tau_b_within", [Some(1.0), Some(-1.0), None, None]),
        ("mean_absolute_error", [Some(0.0), Some(3.0), Some(1.5), None]),
        ("quadratic_kappa", [Some(1.0), Some(-1.0), Some(0.0), None]),
    ] {
        for (report, value) in [&perfect, &reversed, &constant, &silent].into_iter().zip(values) {
            check(report, &format!("{ratings}/{measure}"), value);
        }
    }
    check(&perfect, "/written/calibration/calibration_error", Some(0.0));
    check(&perfect, "/written/ratings/length_baseline/mean_absolute_error", None);
    // From 0 to 5: a rating of 1 or 4 is 11/6 away on average, one of 2 or 5 is 3/2 or 5/2.
    check(
        &perfect,
        "/written/ratings/random_baseline/mean_absolute_error",
        Some((11.0 + 9.0 + 11.0 + 15.0) / 24.0),
    );
    near(&random, &format!("{ratings}/spearman"), 0.0, 0.065);
    near(&random, &format!("{ratings}/quadratic_kappa"), 0.0, 0.065);
}

#[test]
fn a_model_judges_a_part_of_the_trees_and_the_table_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let rows = (0..8)
        .map(|i| json!({ "prompt": format!("Say {i}."), "chosen": "Yes.", "rejected": "No." }));
    let file = write(dir.path(), "pairs.jsonl", rows);
    let out = dir.path().join("out");
    let table = stdout(&[
        "eval",
        "judge",
        &file,
        "--model",
        "tiny:",
        "--preset",
        "tiny",
        "--part",
        "2/2",
        "--part-seed",
        "7",
        "--out",
        out.to_str().unwrap(),
    ]);
    assert!(table.contains("8 responses, 4 prompts, 4 trees"), "{table}");
    assert!(table.contains("| expected scores |") || table.contains("expected scores"), "{table}");
    assert!(table.contains("verdicts in both orders (4 of 4 pairs)"), "{table}");
    assert!(
        out.join("measures/verdicts.jsonl").exists()
            && out.join("judgments/manifest.json").exists()
    );
}

#[test]
fn what_cannot_be_judged_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let file = write(
        dir.path(),
        "odd.jsonl",
        [json!({ "prompt": "Say.", "response": "Yes.", "score": 500 })].into_iter(),
    );
    assert!(stderr(&["eval", "judge", &file, "--model", "tiny:"], 2).contains("--scale MIN,MAX"));
    let file =
        write(dir.path(), "none.jsonl", [json!({ "prompt": "Say.", "text": "Yes." })].into_iter());
    let said = stderr(&["eval", "judge", &file, "--model", "tiny:"], 3);
    assert!(said.contains("none.jsonl:1: the row has neither ranked replies"), "{said}");
    assert!(stderr(&["eval", "judge", &file], 2).contains("--model"));
}
