//! A process may die at any moment.

use std::fs;
use std::path::Path;
use std::process::Command;

use srlm_artifact::{Artifact, Begin, Counts, Prompts, Recipe, begin};

use crate::samples::{self, recipe, writer};

/// Set in a child process: the folder in which it is to die.
const DIE_IN: &str = "SRLM_TEST_DIE_IN";

/// Runs a test of this file again in a process of its own.
fn child(test: &str, variable: &str, dir: &Path) -> std::process::Output {
    let arguments = [&format!("crash::{test}"), "--exact", "--nocapture"];
    Command::new(std::env::current_exe().unwrap())
        .args(arguments)
        .env(variable, dir)
        .output()
        .unwrap()
}

#[test]
fn rows_of_a_killed_process_are_resumed() {
    if let Some(dir) = std::env::var_os(DIE_IN) {
        let mut prompts = writer::<Prompts>(&Path::new(&dir).join("prompts"), recipe());
        prompts.append(&samples::prompts()[..1]).unwrap();
        fs::create_dir(prompts.dir().join("checkpoint")).unwrap();
        std::process::abort();
    }
    let dir = tempfile::tempdir().unwrap();
    let died = child("rows_of_a_killed_process_are_resumed", DIE_IN, dir.path());
    assert!(!died.status.success());

    let out = dir.path().join("prompts");
    assert!(Artifact::<Prompts>::open(&out).is_err(), "an unfinished folder does not exist");
    let prompts = writer::<Prompts>(&out, recipe());
    assert_eq!(prompts.resumed(), &samples::prompts()[..1]);
    assert!(prompts.dir().join("checkpoint").is_dir());
    let resumed = prompts.finish(samples::prompts(), Counts::new(), "flex").unwrap();
    let unbroken = samples::write::<Prompts>(&dir.path().join("unbroken"), samples::prompts());
    assert_eq!(resumed.content_hash(), unbroken.content_hash());
}

/// What is resumed after two appends of one row each, when `tear` changed the file in between.
fn resumed_after(tear: impl Fn(&[u8]) -> Vec<u8>) -> usize {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("prompts");
    let rows = samples::prompts();
    let mut prompts = writer::<Prompts>(&out, recipe());
    prompts.append(&rows[..1]).unwrap();
    prompts.append(&rows[1..]).unwrap();
    let path = prompts.dir().join("rows.partial.jsonl");
    drop(prompts);
    fs::write(&path, tear(&fs::read(&path).unwrap())).unwrap();

    let mut prompts = writer::<Prompts>(&out, recipe());
    let n_resumed = prompts.resumed().len();
    assert_eq!(prompts.resumed(), &rows[..n_resumed]);
    for row in &rows[n_resumed..] {
        prompts.append(std::slice::from_ref(row)).unwrap();
    }
    drop(prompts);
    assert_eq!(
        writer::<Prompts>(&out, recipe()).resumed(),
        rows,
        "the torn line must not spoil later ones"
    );
    n_resumed
}

#[test]
fn a_torn_line_is_dropped_wherever_it_is_torn() {
    assert_eq!(resumed_after(<[u8]>::to_vec), 2);
    assert_eq!(resumed_after(|_| Vec::new()), 0);
    let first_line = |bytes: &[u8]| bytes.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    for n_bytes_of_second in [0, 1, 20, 40, 60] {
        assert_eq!(
            resumed_after(|bytes| bytes[..first_line(bytes) + n_bytes_of_second].to_vec()),
            1
        );
    }
    assert_eq!(resumed_after(|bytes| bytes[..bytes.len() - 1].to_vec()), 1);
    assert_eq!(resumed_after(|bytes| bytes[..first_line(bytes) - 1].to_vec()), 0);
    // A file system may have grown the file without having written it.
    let zeros = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        let (start, end) = (first_line(&bytes), bytes.len() - 1);
        bytes[start..end].fill(0);
        bytes
    };
    assert_eq!(resumed_after(zeros), 1);
}

#[test]
fn a_group_is_resumed_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("prompts");
    let mut prompts = writer::<Prompts>(&out, recipe());
    prompts.append(&samples::prompts()).unwrap();
    let path = prompts.dir().join("rows.partial.jsonl");
    drop(prompts);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
    assert!(writer::<Prompts>(&out, recipe()).resumed().is_empty());
}

#[test]
fn the_staging_folder_of_another_recipe_is_moved_aside() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("prompts");
    writer::<Prompts>(&out, recipe()).append(&samples::prompts()).unwrap();
    let other = Recipe { seed: 1, ..recipe() };
    assert!(writer::<Prompts>(&out, other).resumed().is_empty());
    assert!(dir.path().join("prompts.partial.old-1/rows.partial.jsonl").exists());
    assert!(writer::<Prompts>(&out, recipe()).resumed().is_empty());
    assert!(dir.path().join("prompts.partial.old-2/recipe.json").exists());
}

#[test]
fn a_staging_folder_that_says_not_whose_it_is_is_moved_aside() {
    for recipe_json in [None, Some("{\"key\": \"sha2")] {
        let dir = tempfile::tempdir().unwrap();
        let staging = dir.path().join("prompts.partial");
        fs::create_dir(&staging).unwrap();
        if let Some(text) = recipe_json {
            fs::write(staging.join("recipe.json"), text).unwrap();
        }
        writer::<Prompts>(&dir.path().join("prompts"), recipe());
        assert!(dir.path().join("prompts.partial.old-1").exists());
    }
}

/// The state after `finish` wrote the manifest and before the rename.
fn died_before_the_rename(damage: impl FnOnce(&Path)) -> Begin<Prompts> {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("prompts");
    samples::write::<Prompts>(&out, samples::prompts());
    let staging = dir.path().join("prompts.partial");
    fs::rename(&out, &staging).unwrap();
    damage(&staging);
    begin(&out, recipe()).unwrap()
}

#[test]
fn a_finished_staging_folder_only_lacks_its_name() {
    let checkpoint = |staging: &Path| fs::create_dir(staging.join("checkpoint")).unwrap();
    let Begin::UpToDate(artifact) = died_before_the_rename(checkpoint) else {
        panic!("it was finished")
    };
    assert!(artifact.dir().ends_with("prompts"));
    let damage = |staging: &Path| fs::write(staging.join("prompts.jsonl"), "").unwrap();
    assert!(
        matches!(died_before_the_rename(damage), Begin::Write(_)),
        "a damaged one is made again"
    );
}
