//! The whole loop on the tiny model: the same twice, nothing to do the third time, and the same
//! after a kill.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::command::{run, stderr, stdout, xtask};

/// Content hash of every artifact below `dir`, by folder.
pub(crate) fn hashes(dir: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        if let Ok(text) = std::fs::read_to_string(folder.join("manifest.json")) {
            let manifest: Value = serde_json::from_str(&text).unwrap();
            let name = folder.strip_prefix(dir).unwrap().to_string_lossy().into_owned();
            found.insert(name, manifest["content_hash"].as_str().unwrap().to_owned());
            continue;
        }
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        folders.extend(entries.filter(|path| path.is_dir()));
    }
    found
}

/// Arguments of the loop in `dir`.
fn loop_in(dir: &Path) -> [&str; 5] {
    ["iterate", "--preset", "tiny", "--run", dir.to_str().unwrap()]
}

fn iterate(dir: &Path) -> String {
    stdout(&loop_in(dir))
}

/// Starts a command, kills it after the `n`th event of this kind in this stage, and says whether it
/// came to that.
pub(crate) fn kill_at(arguments: &[&str], stage: &str, event: &str, n: usize) -> bool {
    let mut child = xtask(arguments)
        .arg("--json")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let events =
        lines.map_while(Result::ok).map(|line| serde_json::from_str::<Value>(&line).unwrap());
    let reached = events
        .filter(|found| found["stage"] == stage && found["event"] == event)
        .nth(n - 1)
        .is_some();
    child.kill().unwrap();
    child.wait().unwrap();
    reached
}

#[test]
fn the_loop_repeats_itself_resumes_and_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let page = iterate(&first);
    assert_eq!(page.trim(), first.join("report/index.html").to_str().unwrap());
    let expected = hashes(&first);
    for made in ["m1", "m2", "m3", "iter-1/pairs", "iter-2/ref-logps", "iter-0/eval", "iter-2/eval"]
    {
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
    assert_eq!(
        std::fs::metadata(first.join("m3/manifest.json")).unwrap().modified().unwrap(),
        before
    );

    let verified = stdout(&["verify", first.to_str().unwrap()]);
    assert_eq!(verified.lines().filter(|line| line.starts_with("ok ")).count(), expected.len());
    let page = std::fs::read_to_string(first.join("report/index.html")).unwrap();
    assert!(
        page.contains("M3") && !page.contains("<script"),
        "the report shows all models and runs nothing"
    );

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
    let traced: Value =
        serde_json::from_str(&stdout(&[&run_at[..], &[id, "--json"]].concat())).unwrap();
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
