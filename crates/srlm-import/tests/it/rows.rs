//! Bad rows, and what is said of them.

use serde_json::json;
use srlm_import::{Format, ImportConfig, OnBadRow, Reason};

use crate::folder::{Folder, assert_adds_up, config};

#[test]
fn a_bad_row_is_named_by_file_line_and_field() {
    let check = |format: Format, row: &str, expected: &str| {
        let folder = Folder::new();
        let input = folder.write("rows.jsonl", format!("\n{row}\n"));
        let error = folder.import(&config(format), &input).unwrap_err().to_string();
        let found =
            error.split_once("rows.jsonl:").unwrap().1.split_once("; correct the row").unwrap().0;
        assert_eq!(found, format!("2: {expected}"), "{row}");
    };
    check(Format::Dolly, "{\"instruction\": 1}", "`instruction` is not a text but a number");
    check(
        Format::Dolly,
        "{\"instruction\": \"a\"}",
        "`response` is missing: none of `response` is there",
    );
    check(Format::Dolly, "7", "the row is not an object but a number");
    check(
        Format::Dolly,
        "{",
        "the row is not JSON: EOF while parsing an object at line 1 column 1",
    );
    check(
        Format::Messages,
        "{\"messages\": [{\"role\": 1}]}",
        "`messages.0.role` is not a text but a number",
    );
    check(
        Format::Messages,
        "{\"messages\": {}}",
        "`messages` is not a list of messages but an object",
    );
    let rating = json!({ "prompt": "a", "response": "b", "score": 7 }).to_string();
    check(
        Format::Ratings,
        &rating,
        "`score` is 7, outside 0 to 5; `score_scale` is the source's best score",
    );
    let tree = json!({ "prompt": { "text": "a", "role": "prompter", "replies": [{ "text": "b", "role": "x" }] } });
    let expected = "`prompt.replies.0.role` is neither `prompter` nor `assistant`";
    check(Format::Oasst, &tree.to_string(), expected);
    let group = json!({ "messages": [], "replies": [{ "text": "b", "rank": -1 }] }).to_string();
    check(Format::Oasst, &group, "`replies.0.rank` is not a rank from 0 but a number");
}

#[test]
fn bad_rows_can_be_dropped_and_are_listed() {
    let folder = Folder::new();
    let good = json!({ "prompt": "Name a tree.", "response": "Oak." });
    let input = folder.write(
        "rows.jsonl",
        format!("{good}\n{}{{\"prompt\":\"a\",\"response\":\" \"}}", "oops\n".repeat(25)),
    );
    let config = ImportConfig { on_bad_row: OnBadRow::Drop, ..config(Format::PromptResponse) };
    let accounting = folder.import(&config, &input).unwrap().accounting;
    assert_adds_up(&accounting);
    assert_eq!((accounting.rows, accounting.bad_rows, accounting.examples), (27, 25, 2));
    assert_eq!(accounting.dropped[&Reason::Blank], 1);
    assert_eq!(accounting.bad_row_list.len(), 20);
    let (place, problem) = &accounting.bad_row_list[0];
    assert_eq!(
        (place.line, problem.to_string().as_str()),
        (2, "the row is not JSON: expected value at line 1 column 1")
    );
}

#[test]
fn an_import_repeated_is_up_to_date_and_another_one_refused() {
    let folder = Folder::new();
    let input = folder
        .write("rows.jsonl", json!({ "prompt": "Name a tree.", "response": "Oak." }).to_string());
    let mut config = config(Format::PromptResponse);
    assert!(!folder.import(&config, &input).unwrap().artifacts[0].up_to_date);
    assert!(folder.import(&config, &input).unwrap().artifacts[0].up_to_date);
    config.seed = 7;
    let error = folder.import(&config, &input).unwrap_err().to_string();
    assert!(
        error.contains("was made with another seed: was 42, now 7; name another folder"),
        "{error}"
    );
}

#[test]
fn inputs_without_rows_are_refused() {
    let folder = Folder::new();
    let config = config(Format::Dolly);
    let error = |path: &std::path::Path| folder.import(&config, path).unwrap_err().to_string();
    assert!(error(folder.path()).contains("has no .jsonl, .ndjson, .json or .parquet file"));
    assert!(error(&folder.path().join("absent.jsonl")).starts_with("cannot open "));
    let empty = folder.write("empty.jsonl", "");
    assert!(error(&empty).starts_with("nothing is left of 0 rows (no rows)"));
}
