//! The whole loop on the tiny model: the same twice, nothing to do the third time, and the same after a kill.

use std::path::Path;

use serde_json::Value;

use crate::command::{hashes, kill_at, run, stderr, stdout};

/// Arguments of the loop in `dir`.
fn loop_in(dir: &Path) -> [&str; 5] {
    ["iterate", "--preset", "tiny", "--run", dir.to_str().unwrap()]
}

fn iterate(dir: &Path) -> String {
    stdout(&loop_in(dir))
}

#[test]
fn the_loop_repeats_itself_resumes_and_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let page = iterate(&first);
    assert_eq!(page.trim(), first.join("report/index.html").to_str().unwrap());
    let expected = hashes(&first);
    for made in ["m1", "m2", "m3", "iter-1/pairs", "iter-2/ref-logps", "iter-0/eval", "iter-2/eval"] {
        assert!(expected.contains_key(made), "{made} in {:?}", expected.keys());
    }

    // Killed in the middle of every kind of work, each time further on.
    for (stage, event, n) in [
        ("m1", "progress", 3),
        ("iter-0/eval-judgments", "progress", 5),
        ("iter-1/prompts", "progress", 2),
        ("iter-1/responses", "progress", 40),
        ("iter-1/judgments", "progress", 100),
        ("m2", "progress", 3),
        ("iter-2/pairs", "stage_finished", 1),
    ] {
        assert!(kill_at(&loop_in(&second), stage, event, n), "{stage} gave no {n} events {event}");
    }
    iterate(&second);
    assert_eq!(hashes(&second), expected);

    // The third time there is nothing to do.
    let before = std::fs::metadata(first.join("m3/manifest.json")).unwrap().modified().unwrap();
    let output = run(&["iterate", "--preset", "tiny", "--run", first.to_str().unwrap()]);
    let text = String::from_utf8(output.stderr).unwrap();
    let stages = text.lines().filter(|line| line.ends_with(')')).collect::<Vec<_>>();
    assert!(stages.iter().filter(|line| line.contains("up to date")).count() >= 20, "{text}");
    assert_eq!(std::fs::metadata(first.join("m3/manifest.json")).unwrap().modified().unwrap(), before);

    let verified = stdout(&["verify", first.to_str().unwrap()]);
    assert_eq!(verified.lines().filter(|line| line.starts_with("ok ")).count(), expected.len());
    let page = std::fs::read_to_string(first.join("report/index.html")).unwrap();
    assert!(page.contains("M3") && !page.contains("<script"), "the report shows all models and runs nothing");

    a_prompt_is_traced_from_its_generation_to_the_model(&first);
    a_changed_setting_is_named(&first);
    a_damaged_artifact_is_found(&first);
}

fn a_prompt_is_traced_from_its_generation_to_the_model(dir: &Path) {
    let run_at = ["trace", "--run", dir.to_str().unwrap()];
    let pairs = std::fs::read_to_string(dir.join("iter-1/pairs/pairs.jsonl")).unwrap();
    let pair: Value = serde_json::from_str(pairs.lines().next().unwrap()).unwrap();
    let id = pair["prompt_id"].as_str().unwrap();
    let text = stdout(&[&run_at[..], &[id]].concat());
    for part in [id, pair["chosen_id"].as_str().unwrap(), "M2"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let traced: Value = serde_json::from_str(&stdout(&[&run_at[..], &[id, "--json"]].concat())).unwrap();
    assert_eq!(traced["query"], id);
    let funnel = stdout(&run_at);
    assert!(funnel.contains("pairs") && funnel.contains("judgments"), "{funnel}");
    let unknown = stderr(&[&run_at[..], &["no-such-prompt"]].concat(), 3);
    assert!(unknown.contains("no-such-prompt"), "{unknown}");
}

fn a_changed_setting_is_named(dir: &Path) {
    let dir = dir.to_str().unwrap();
    let arguments = ["iterate", "--preset", "tiny", "--run", dir, "--set", "judge.judgments=2"];
    let text = stderr(&arguments, 3);
    assert!(text.contains("judgments") && text.contains("--force"), "{text}");
}

fn a_damaged_artifact_is_found(dir: &Path) {
    let path = dir.join("iter-1/pairs/pairs.jsonl");
    let rows = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, rows.replacen("chosen", "chosem", 1)).unwrap();
    let text = stderr(&["verify", dir.to_str().unwrap()], 3);
    assert!(text.contains("pairs.jsonl"), "{text}");
}
