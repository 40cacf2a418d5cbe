//! `judge`, `sft` and `dpo` on files alone.

use std::path::Path;

use serde_json::{Value, json};

use crate::command::{stderr, stdout};

fn write(path: &Path, rows: &[Value]) -> String {
    let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
    std::fs::write(path, lines).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn responses_of_a_file_are_judged_without_a_run() {
    let dir = tempfile::tempdir().unwrap();
    let rows = [
        json!({ "id": "a", "prompt": "Name a tree.", "response": "An oak." }),
        json!({ "id": "a", "prompt": "Name a tree.", "response": "A stone." }),
        json!({ "messages": [{ "role": "user", "content": "Why?" }], "response": "So." }),
    ];
    let input = write(&dir.path().join("rows.jsonl"), &rows);
    let judge = ["judge", "--model", "tiny:", "--preset", "tiny", "--set", "judge.judgments=2"];
    let text = stdout(&[&judge[..], &["--input", &input]].concat());
    let judged: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: Vec<&str> = judged.iter().map(|row| row["response_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["a/0", "a/0", "a/1", "a/1", "row-000003/0", "row-000003/0"]);

    let out = dir.path().join("judged");
    let to = out.to_str().unwrap();
    let printed = stdout(&[&judge[..], &["--input", &input, "--out", to]].concat());
    assert_eq!(printed.trim(), to);
    assert_eq!(std::fs::read_to_string(out.join("judgments.jsonl")).unwrap(), text);

    let other = [rows[0].clone(), json!({ "id": "a", "prompt": "Other?", "response": "No." })];
    let input = write(&dir.path().join("other.jsonl"), &other);
    let text = stderr(&[&judge[..], &["--input", &input]].concat(), 3);
    assert!(text.contains("row 2 of") && text.contains("the id \"a\" of another prompt"), "{text}");
}

#[test]
fn a_model_is_trained_on_files_without_a_run_and_the_same_command_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let examples = [
        json!({ "prompt": "Name a tree.", "response": "An oak." }),
        json!({ "prompt": "Name a bird.", "response": "A wren." }),
    ];
    let pairs = [json!({ "prompt": "Name a tree.", "chosen": "An oak.", "rejected": "A stone." })];
    let examples = write(&dir.path().join("rows.jsonl"), &examples);
    let pairs = write(&dir.path().join("pairs.jsonl"), &pairs);
    let tuned = dir.path().join("tuned");
    let tuned = tuned.to_str().unwrap();
    let sft = ["sft", "--model", "tiny:", "--preset", "tiny", "--set", "sft.train.epochs=1"];
    let sft = [&sft[..], &["--input", &examples, "--out", tuned]].concat();
    assert_eq!(stdout(&sft).trim(), tuned);
    let weights = || std::fs::read(Path::new(tuned).join("model.safetensors")).unwrap();
    let made = weights();
    assert_eq!(stdout(&sft).trim(), tuned);
    assert_eq!(weights(), made);

    let better = dir.path().join("better");
    let better = better.to_str().unwrap();
    let dpo = ["dpo", "--model", tuned, "--preset", "tiny", "--pairs", &pairs, "--out", better];
    assert_eq!(stdout(&dpo).trim(), better);
    let metrics = std::fs::read_to_string(Path::new(better).join("metrics.jsonl")).unwrap();
    let first: Value = serde_json::from_str(metrics.lines().next().unwrap()).unwrap();
    assert!((first["loss"].as_f64().unwrap() - 2f64.ln()).abs() < 1e-5, "{first}");

    let text = stderr(&["sft", "--model", "tiny:", "--input", &pairs, "--out", "unused"], 3);
    assert!(text.contains("row 1 of") && text.contains("has no `response`"), "{text}");
}
