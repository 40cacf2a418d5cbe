//! Verdicts on IFEval, against those of the official checker.

use std::path::Path;

use serde_json::{Value, json};
use srlm_eval::{Bootstrap, ifeval};

/// One instruction checked on one response: strict and loose.
fn verdict(id: &str, kwargs: &Value, response: &str) -> [bool; 2] {
    let row = json!({"key": 0, "prompt": "p", "instruction_id_list": [id], "kwargs": [kwargs]});
    let row = ifeval::Row::parse(&row.to_string())
        .unwrap_or_else(|error| panic!("{id} {kwargs}: {error}"));
    let found = ifeval::check(&row, response);
    [found.strict[0], found.loose[0]]
}

#[test]
fn verdicts_equal_the_official_checkers_on_responses_of_our_own() {
    let fixture: Value =
        serde_json::from_str(include_str!("fixtures/ifeval.json")).expect("the fixture is JSON");
    let mut ids = std::collections::BTreeSet::new();
    let (mut n, mut wrong) = (0, Vec::new());
    for response in fixture["responses"].as_array().expect("a list") {
        let text = response["response"].as_str().expect("a text");
        for check in response["checks"].as_array().expect("a list") {
            let (id, kwargs) = (check[0].as_str().expect("an id"), &check[1]);
            let expected = [check[2] == true, check[3] == true];
            let found = verdict(id, kwargs, text);
            if found != expected {
                wrong.push(format!("{id} {kwargs} on {text:?}: {found:?}, not {expected:?}"));
            }
            ids.insert(id.to_owned());
            n += 1;
        }
    }
    assert_eq!(ids.len(), 25, "every type is checked: {ids:?}");
    assert!(n > 1000, "the fixture is broad: {n}");
    assert!(wrong.is_empty(), "{} of {n} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// The official checker draws the letter of these two rows at random.
const RANDOM_KEYS: [u64; 2] = [1122, 1129];

#[test]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn verdicts_equal_the_official_checkers_on_released_responses() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/ifeval/sample60_with_verdicts.jsonl");
    let Ok(text) = std::fs::read_to_string(&path) else {
        return eprintln!("skipped: no {}", path.display());
    };
    let mut all = Vec::new();
    for line in text.lines() {
        let expected: Value = serde_json::from_str(line).expect("a row");
        let row = ifeval::Row::parse(line).expect("a row of IFEval");
        let found = ifeval::check(&row, expected["gpt4_response"].as_str().expect("a response"));
        if !RANDOM_KEYS.contains(&row.key) {
            assert_eq!(json!(found.strict), expected["strict"], "strict, row {}", row.key);
            assert_eq!(json!(found.loose), expected["loose"], "loose, row {}", row.key);
        }
        all.push(found);
    }
    assert_eq!(all.len(), 60);
    let summary = ifeval::summary(&all, &Bootstrap::default()).expect("60 responses");
    assert!(summary.prompt_strict.value <= summary.prompt_loose.value);
    assert!(summary.instruction_strict.value <= summary.instruction_loose.value);
}
