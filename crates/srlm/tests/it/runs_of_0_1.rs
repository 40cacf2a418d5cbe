//! A run folder of version 0.1 is opened by every later version.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{root, stdout};
use crate::tiny_loop::hashes;

fn fixture() -> PathBuf {
    root().join("crates/srlm/tests/fixtures/run_of_0_1")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// A copy of the run, whose `run.toml` names the model wherever it lies and is changed as told.
fn unpacked(dir: &Path, change: impl Fn(String) -> String) -> PathBuf {
    let run = dir.join("run");
    copy(&fixture().join("run"), &run);
    let saved = run.join("run.toml");
    let text = fs::read_to_string(&saved).unwrap();
    let model = toml::Value::from(fixture().join("model").to_str().unwrap()).to_string();
    let named = "\"crates/srlm/tests/fixtures/run_of_0_1/model\"";
    assert!(text.contains(named));
    fs::write(&saved, change(text.replace(named, &model))).unwrap();
    run
}

/// When each artifact was made, by its folder.
fn made_at(run: &Path) -> BTreeMap<String, String> {
    let created = |name: &String| fs::read_to_string(run.join(name).join("manifest.json")).unwrap();
    hashes(run).into_keys().map(|name| (name.clone(), created(&name))).collect()
}

fn check(change: impl Fn(String) -> String) {
    let dir = tempfile::tempdir().unwrap();
    let run = unpacked(dir.path(), change);
    let before = made_at(&run);
    assert_eq!(before.len(), 25);
    let (config, folder) = (run.join("run.toml"), run.to_str().unwrap());
    stdout(&["iterate", config.to_str().unwrap(), "--run", folder]);
    assert_eq!(made_at(&run), before, "every artifact is as it was, its manifest included");
    stdout(&["verify", folder]);
    stdout(&["report", "--run", folder]);
    let report = fs::read_to_string(run.join("report/index.html")).unwrap();
    assert!(report.contains("M2"));
}

#[test]
fn a_run_of_0_1_is_up_to_date_whole_and_reported_on() {
    check(|saved| saved);
}

#[test]
fn keys_that_were_renamed_or_given_up_are_read_from_a_saved_configuration() {
    check(|saved| {
        let old = saved.replace("candidates_per_end = 1", "top_k = 1");
        assert_ne!(old, saved);
        old + "\n[eval.ratings]\nanchor = 1000.0\n[eval.sampling]\nmax_tokens = 64\n"
    });
}
