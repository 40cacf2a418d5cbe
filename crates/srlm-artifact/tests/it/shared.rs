//! Runs take finished artifacts from each other, if they may and if nothing is wrong with them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use srlm_artifact::{Artifact, Begin, Prompts, Recipe, begin, share_runs};

use crate::samples::{self, recipe};

/// Two runs in a folder; the first has prompts.
fn two_runs(folder: &Path) -> [PathBuf; 2] {
    let runs = ["first", "second"].map(|name| folder.join(name));
    for run in &runs {
        fs::create_dir(run).unwrap();
        fs::write(run.join("run.toml"), "").unwrap();
    }
    let out = runs.map(|run| run.join("iter-1/prompts"));
    samples::write::<Prompts>(&out[0], samples::prompts());
    out
}

/// Whether the second run gets the prompts of the first, after `change`.
#[track_caller]
fn check(expected: bool, recipe: Recipe, change: impl Fn(&Path, &[PathBuf; 2])) {
    let folder = tempfile::tempdir().unwrap();
    let out = two_runs(folder.path());
    change(folder.path(), &out);
    match begin::<Prompts>(&out[1], recipe).unwrap() {
        Begin::UpToDate(artifact) => {
            artifact.verify().unwrap();
            assert_eq!(artifact.manifest(), Artifact::<Prompts>::open(&out[0]).unwrap().manifest());
            assert!(expected, "taken");
        }
        Begin::Write(_) => assert!(!expected, "not taken"),
    }
    assert!(!out[1].with_file_name("prompts.linked").exists());
}

fn share(folder: &Path, _: &[PathBuf; 2]) {
    share_runs(folder).unwrap();
}

#[test]
fn an_equal_key_is_taken_where_runs_share() {
    check(true, recipe(), share);
    check(false, recipe(), |_, _| ());
    check(false, Recipe { seed: 43, ..recipe() }, share);
    check(false, Recipe { config: json!({}).into(), ..recipe() }, share);
}

#[test]
fn a_damaged_folder_is_not_taken_and_not_touched() {
    let damage = |name: &'static str| {
        move |folder: &Path, out: &[PathBuf; 2]| {
            share_runs(folder).unwrap();
            fs::write(out[0].join(name), "{}").unwrap();
        }
    };
    check(false, recipe(), damage("prompts.jsonl"));
    check(false, recipe(), damage("manifest.json"));
    check(false, recipe(), |folder, out| {
        share_runs(folder).unwrap();
        fs::remove_file(out[0].join("prompts.jsonl")).unwrap();
    });
}

#[test]
fn what_was_begun_goes_on_and_what_was_half_linked_is_linked_anew() {
    check(false, recipe(), |folder, out| {
        let _ = samples::writer::<Prompts>(&out[1], recipe());
        share_runs(folder).unwrap();
    });
    check(true, recipe(), |folder, out| {
        share_runs(folder).unwrap();
        fs::create_dir_all(out[1].with_file_name("prompts.linked/of-a-dead-process")).unwrap();
    });
}

#[cfg(unix)]
#[test]
fn files_are_not_stored_twice() {
    use std::os::unix::fs::MetadataExt;
    let folder = tempfile::tempdir().unwrap();
    let out = two_runs(folder.path());
    share_runs(folder.path()).unwrap();
    begin::<Prompts>(&out[1], recipe()).unwrap();
    let [first, second] = out.map(|out| fs::metadata(out.join("prompts.jsonl")).unwrap().ino());
    assert_eq!(first, second);
}
