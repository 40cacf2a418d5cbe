//! Bare files, as users bring them.

use std::fs;

use insta::assert_snapshot;
use serde::Serialize;
use srlm_artifact::{
    BattleRow, EftRow, JudgmentRow, PairRow, PromptRow, Row, read_jsonl, read_rows, to_line,
};

use crate::samples::text;

fn problem<R: Row>(lines: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rows.jsonl");
    fs::write(&path, lines).unwrap();
    text(&read_rows::<R>(&path).unwrap_err(), dir.path())
}

const PROMPT: &str = r#"{"prompt_id": "a", "prompt": "Name a bird.", "source": "seed"}"#;

#[test]
fn a_file_may_lack_its_last_line_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rows.jsonl");
    for (lines, n_rows) in
        [(PROMPT.to_owned(), 1), (format!("{PROMPT}\r\n"), 1), (String::new(), 0)]
    {
        fs::write(&path, lines).unwrap();
        assert_eq!(read_rows::<PromptRow>(&path).unwrap().len(), n_rows);
    }
}

#[test]
fn a_line_that_is_no_json_is_named() {
    assert_snapshot!(problem::<PromptRow>(&format!("{PROMPT}\n{{\"prompt_id\": \"b\"\n")), @r"
        invalid row at rows.jsonl:2
          EOF while parsing an object at line 1 column 17
    ");
    assert_snapshot!(problem::<PromptRow>(&format!("{PROMPT}\n\n")), @r"
        invalid row at rows.jsonl:2
          EOF while parsing a value at line 1 column 0
    ");
    assert_snapshot!(problem::<PromptRow>(&format!("{PROMPT} {PROMPT}\n")), @r"
        invalid row at rows.jsonl:1
          trailing characters at line 1 column 64
    ");
}

#[test]
fn a_wrong_field_is_named() {
    assert_snapshot!(problem::<PromptRow>(r#"{"prompt_id": 3, "prompt": "x", "source": "seed"}"#), @r"
        invalid row at rows.jsonl:1, field `prompt_id`
          invalid type: integer `3`, expected a string at line 1 column 15
    ");
    assert_snapshot!(problem::<PromptRow>(r#"{"prompt_id": "a", "prompt": [{"role": "usr", "content": ""}], "source": "seed"}"#), @r"
        invalid row at rows.jsonl:1, field `prompt[0].role`
          unknown variant `usr`, expected one of `system`, `user`, `assistant` at line 1 column 44
    ");
    assert_snapshot!(problem::<PromptRow>(r#"{"prompt_id": "a", "prompt": "x", "source": "seed", "extra": 1}"#), @r"
        invalid row at rows.jsonl:1, field `extra`
          unknown field `extra`, expected one of `prompt_id`, `prompt`, `source` at line 1 column 59
    ");
    assert_snapshot!(problem::<PromptRow>(r#"{"prompt_id": "a", "source": "seed"}"#), @r"
        invalid row at rows.jsonl:1
          missing field `prompt` at line 1 column 36
    ");
    assert_snapshot!(problem::<EftRow>(r#"{"prompt_id": "a", "prompt": "x", "response": "y", "target": "z", "score": 6, "human_rank": 0}"#), @r"
        invalid row at rows.jsonl:1, field `score`
          score 6 is outside 0 to 5 at line 1 column 76
    ");
}

#[test]
fn a_broken_rule_is_named() {
    assert_snapshot!(problem::<PromptRow>(r#"{"prompt_id": "a", "prompt": " ", "source": "seed"}"#), @"invalid row at rows.jsonl:1: `prompt` is blank");
    assert_snapshot!(problem::<PromptRow>(r#"{"prompt_id": "a", "prompt": [], "source": "seed"}"#), @"invalid row at rows.jsonl:1: `prompt` is an empty list");
    let judgment = |score, failure| {
        format!(
            r#"{{"response_id": "a/0", "prompt_id": "a", "judge_index": 0, "score": {score}, "rationale": "", "failure": {failure}, "seed": 0}}"#
        )
    };
    assert_snapshot!(problem::<JudgmentRow>(&judgment("null", "null")), @"invalid row at rows.jsonl:1: `failure` is null, as `score` is; one of them must be given");
    assert_snapshot!(problem::<JudgmentRow>(&judgment("3", "\"no_score\"")), @"invalid row at rows.jsonl:1: `failure` is given beside `score`; one of them must be null");
    let battle = |b, winner, failure| {
        format!(
            r#"{{"prompt_id": "a", "response_id": "a/0", "judge_index_a": 0, "judge_index_b": {b}, "winner": {winner}, "rationale": "", "failure": {failure}, "seed": 0}}"#
        )
    };
    assert_snapshot!(problem::<BattleRow>(&battle(0, "\"a\"", "null")), @"invalid row at rows.jsonl:1: `judge_index_b` is 0, as `judge_index_a` is; they must differ");
    assert_snapshot!(problem::<BattleRow>(&battle(1, "null", "null")), @"invalid row at rows.jsonl:1: `failure` is null, as `winner` is; one of them must be given");
    assert_snapshot!(problem::<BattleRow>(&battle(1, "\"b\"", "\"empty\"")), @"invalid row at rows.jsonl:1: `failure` is given beside `winner`; one of them must be null");
    let pair = |chosen, rejected| {
        format!(
            r#"{{"prompt_id": "a", "prompt": "x", "chosen": "y", "rejected": "z", "chosen_id": "a/0", "rejected_id": "a/1", "score_chosen": {chosen}, "score_rejected": {rejected}}}"#
        )
    };
    assert_snapshot!(problem::<PairRow>(&pair(2.5, 2.5)), @"invalid row at rows.jsonl:1: `score_chosen` is 2.5, not above `score_rejected` 2.5");
    assert_snapshot!(problem::<PairRow>(&pair(5.5, 1.0)), @"invalid row at rows.jsonl:1: `score_chosen` is 5.5, outside 0 to 5");
}

#[test]
fn duplicates_are_named_with_both_lines() {
    assert_snapshot!(problem::<PromptRow>(&format!("{PROMPT}\n{PROMPT}\n")), @r#"duplicate row at rows.jsonl:2: prompt_id "a" is also on line 1"#);
}

#[test]
fn any_type_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rows.jsonl");
    fs::write(&path, "[1, 2]\n[3]\n").unwrap();
    assert_eq!(read_jsonl::<Vec<u8>>(&path).unwrap(), [vec![1, 2], vec![3]]);
    let missing = dir.path().join("missing.jsonl");
    assert_snapshot!(text(&read_jsonl::<u8>(&missing).unwrap_err(), dir.path()), @r"
        cannot open missing.jsonl
          No such file or directory (os error 2)
    ");
}

#[test]
fn lines_hold_no_nan() {
    #[derive(Serialize)]
    struct Row {
        logps: Option<f64>,
    }
    assert_eq!(to_line(&Row { logps: Some(-0.5) }).unwrap(), r#"{"logps":-0.5}"#);
    assert_eq!(to_line(&Row { logps: None }).unwrap(), r#"{"logps":null}"#);
    assert_snapshot!(to_line(&Row { logps: Some(f64::NAN) }).unwrap_err(), @"`logps` is NaN, which JSON cannot hold");
}
