//! What a writer refuses, and what it leaves alone.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use srlm_artifact::{Begin, Counts, Error, Model, Pairs, Prompts, RefLogps, Responses, begin};

use crate::samples::{self, recipe, text, writer};

#[test]
fn numbers_that_json_cannot_hold_never_reach_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("ref-logps");
    let mut rows = samples::ref_logps();
    rows[0].ref_rejected_logps = f64::NAN;
    let mut logps = writer::<RefLogps>(&out, recipe());
    assert_snapshot!(text(&logps.append(&rows).unwrap_err(), dir.path()), @r#"cannot write the row with chosen_id "a/0", rejected_id "a/3": `ref_rejected_logps` is NaN, which JSON cannot hold"#);
    assert_snapshot!(text(&logps.finish(rows, Counts::new(), "flex").unwrap_err(), dir.path()), @r#"cannot write the row with chosen_id "a/0", rejected_id "a/3": `ref_rejected_logps` is NaN, which JSON cannot hold"#);
    assert!(!out.exists());
}

#[test]
fn rows_that_break_a_rule_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("pairs");
    let mut rows = samples::pairs();
    rows.extend(samples::pairs());
    let error =
        writer::<Pairs>(&out, recipe()).finish(rows.clone(), Counts::new(), "flex").unwrap_err();
    assert_snapshot!(text(&error, dir.path()), @r#"duplicate row at pairs.partial/pairs.jsonl:2: chosen_id "a/0", rejected_id "a/3" is also on line 1"#);
    rows[0].score_rejected = 4.0;
    let error = writer::<Pairs>(&out, recipe()).finish(rows, Counts::new(), "flex").unwrap_err();
    assert_snapshot!(text(&error, dir.path()), @r#"cannot write the row with chosen_id "a/0", rejected_id "a/3": `score_chosen` is 3.6666666666666665, not above `score_rejected` 4"#);
}

#[test]
fn rows_are_sorted_by_prompt_then_sample_number() {
    let dir = tempfile::tempdir().unwrap();
    let mut rows: Vec<_> = (0..12)
        .map(|n| {
            let mut row = samples::responses()[0].clone();
            (row.response_id, row.sample_index) = (format!("a/{n}"), n);
            row
        })
        .collect();
    rows.sort_by(|a, b| a.response_id.cmp(&b.response_id));
    let artifact = samples::write::<Responses>(&dir.path().join("responses"), rows);
    let order: Vec<_> = artifact.rows().unwrap().iter().map(|row| row.sample_index).collect();
    assert_eq!(order, (0..12).collect::<Vec<_>>());
}

#[test]
fn a_folder_that_is_not_ours_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("prompts");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("notes.txt"), "mine").unwrap();
    assert_snapshot!(text(&begin::<Prompts>(&out, recipe()).unwrap_err(), dir.path()), @"prompts exists and is not a complete artifact; move it away");
    let file = dir.path().join("file");
    fs::write(&file, "mine").unwrap();
    assert!(matches!(begin::<Prompts>(&file, recipe()), Err(Error::Occupied { .. })));
    assert_eq!(fs::read_to_string(out.join("notes.txt")).unwrap(), "mine");
}

#[test]
fn a_folder_that_appears_meanwhile_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("prompts");
    let prompts = writer::<Prompts>(&out, recipe());
    fs::create_dir(&out).unwrap();
    fs::write(out.join("manifest.json"), "mine").unwrap();
    assert!(matches!(
        prompts.finish(samples::prompts(), Counts::new(), "flex"),
        Err(Error::Occupied { .. })
    ));
    assert_eq!(fs::read_to_string(out.join("manifest.json")).unwrap(), "mine");
    fs::remove_dir_all(&out).unwrap();
    let done = begin::<Prompts>(&out, recipe()).unwrap();
    assert!(matches!(done, Begin::UpToDate(_)), "what was finished needs only its name");
}

#[test]
fn an_empty_folder_is_no_obstacle() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("prompts");
    fs::create_dir(&out).unwrap();
    samples::write::<Prompts>(&out, samples::prompts()).verify().unwrap();
}

#[test]
fn nothing_but_the_artifact_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("m1");
    let model = writer::<Model>(&out, recipe());
    for folder in ["checkpoint", "checkpoint.new", ".cache", "kept"] {
        fs::create_dir(model.dir().join(folder)).unwrap();
        fs::write(model.dir().join(folder).join("state"), folder).unwrap();
    }
    fs::write(model.dir().join(".hidden"), "").unwrap();
    let model = model.finish(Vec::new(), Counts::new(), "flex").unwrap();
    assert_eq!(model.manifest().files.len(), 1);
    let names = |dir: &Path| {
        let mut names: Vec<_> = fs::read_dir(dir)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(&out), ["kept", "manifest.json"]);
    assert_eq!(names(dir.path()), ["m1"], "neither lock nor staging folder stays");
}

#[cfg(unix)]
#[test]
fn links_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let model = writer::<Model>(&dir.path().join("m1"), recipe());
    std::os::unix::fs::symlink("elsewhere", model.dir().join("model.safetensors")).unwrap();
    let error = model.finish(Vec::new(), Counts::new(), "flex").unwrap_err();
    assert_snapshot!(text(&error, dir.path()), @"m1.partial/model.safetensors is neither a file nor a folder; artifacts hold no links");
}
