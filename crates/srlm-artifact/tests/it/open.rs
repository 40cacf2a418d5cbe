//! Damaged folders, and what is said of them.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use srlm_artifact::{Artifact, Pairs, Prompts, verify_dir};

use crate::samples::{self, text};

/// Damages a fresh artifact of two prompts and opens it.
fn problem(damage: impl FnOnce(&Path)) -> String {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("prompts");
    samples::write::<Prompts>(&out, samples::prompts());
    damage(&out);
    text(&verify_dir(&out).unwrap_err(), dir.path())
}

fn edit(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    fs::write(file, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn a_folder_without_manifest_does_not_exist() {
    assert_snapshot!(problem(|out| fs::remove_file(out.join("manifest.json")).unwrap()), @"no artifact at prompts: it has no manifest.json; run the stage that writes it");
    assert_snapshot!(problem(|out| fs::remove_dir_all(out).unwrap()), @"no artifact at prompts: it has no manifest.json; run the stage that writes it");
}

#[test]
fn other_kinds_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("prompts");
    samples::write::<Prompts>(&out, samples::prompts());
    assert_snapshot!(text(&Artifact::<Pairs>::open(&out).unwrap_err(), dir.path()), @"prompts holds `prompts`, not `pairs`");
    assert_snapshot!(problem(|out| edit(&out.join("manifest.json"), "\"prompts\"", "\"poems\"")), @"prompts holds artifacts of the unknown kind `poems`; a newer srlm may read it");
}

#[test]
fn other_formats_are_refused_whatever_else_the_manifest_holds() {
    let set = |from: &'static str, to: &'static str| {
        move |out: &Path| edit(&out.join("manifest.json"), from, to)
    };
    let newer = |out: &Path| {
        set("\"minor\": 0", "\"minor\": 1")(out);
        set("\"counts\"", "\"amounts\"")(out);
    };
    assert_snapshot!(problem(newer), @"prompts has `prompts` format 1.1, this program reads 1.0; use a newer srlm");
    assert_snapshot!(problem(set("\"minor\": 0", "\"minor\": 1")), @"prompts has `prompts` format 1.1, this program reads 1.0; use a newer srlm");
    assert_snapshot!(problem(set("\"major\": 1", "\"major\": 0")), @"prompts has `prompts` format 0.0, this program reads 1.0; make it again with this srlm, or read it with an older one");
}

#[test]
fn a_manifest_that_cannot_be_read_is_named_with_its_field() {
    assert_snapshot!(problem(|out| edit(&out.join("manifest.json"), "\"seed\": 42", "\"seed\": -1")), @r"
        invalid manifest prompts/manifest.json, field `provenance.seed`
          invalid value: integer `-1`, expected u64 at line 28 column 14
    ");
    assert_snapshot!(problem(|out| edit(&out.join("manifest.json"), "\"counts\"", "\"amounts\"")), @r"
        invalid manifest prompts/manifest.json, field `amounts`
          unknown field `amounts`, expected one of `kind`, `format`, `rows`, `files`, `content_hash`, `key`, `provenance`, `environment`, `counts`, `seal` at line 42 column 11
    ");
}

#[test]
fn files_must_be_there_in_full() {
    assert_snapshot!(problem(|out| fs::remove_file(out.join("prompts.jsonl")).unwrap()), @"prompts/prompts.jsonl is missing, the manifest lists it");
    assert_snapshot!(problem(|out| edit(&out.join("prompts.jsonl"), "bird", "bi")), @"prompts/prompts.jsonl has 135 bytes, the manifest says 137");
}

#[test]
fn a_change_that_keeps_the_size_is_found_by_its_hash() {
    assert_snapshot!(problem(|out| edit(&out.join("prompts.jsonl"), "bird", "fish")), @"prompts/prompts.jsonl was changed: its sha256 is aaef008fd0b5dc4f18776a8ff3a63a5b201152a4188577637798a8bbdd5abed0, the manifest says 1c5b1c66e26f3645af991b6ad9ca16f773233720f52d7cdf0d239cbc3dc877a2");
}

#[test]
fn a_manifest_must_not_contradict_itself() {
    let manifest = |from: &'static str, to: &'static str| {
        move |out: &Path| edit(&out.join("manifest.json"), from, to)
    };
    assert_snapshot!(problem(manifest("\"rows\": 2", "\"rows\": 3")), @"prompts/prompts.jsonl has 2 rows, the manifest says 3");
    assert_snapshot!(problem(manifest("\"path\": \"prompts.jsonl\"", "\"path\": \"../prompts.jsonl\"")), @"prompts/manifest.json lists `../prompts.jsonl`, which is not inside the folder");
    // How long the manifest itself is depends on the time that it states.
    let listed = problem(manifest("\"path\": \"prompts.jsonl\"", "\"path\": \"manifest.json\""));
    assert!(
        listed.starts_with("prompts/manifest.json has ")
            && listed.ends_with("the manifest says 137"),
        "{listed}"
    );
    assert_snapshot!(problem(manifest("\"sha256\": \"", "\"sha256\": \"0")), @"prompts/manifest.json has a `content_hash` that is not that of its `files`");
    assert_snapshot!(problem(manifest("\"seed\": 42", "\"seed\": 43")), @"prompts/manifest.json has a `key` that is not that of its `provenance`");
}

#[test]
fn rows_are_checked_on_opening() {
    let swap = |from: &'static str, to: &'static str| {
        move |out: &Path| edit(&out.join("prompts.jsonl"), from, to)
    };
    assert_snapshot!(problem(swap("Name a bird.", "            ")), @"invalid row at prompts/prompts.jsonl:1: `prompt` is blank");
    assert_snapshot!(problem(swap("\"source\":\"seed\"", "\"source\":\"soil\"")), @r"
        invalid row at prompts/prompts.jsonl:1, field `source`
          unknown variant `soil`, expected `seed` or `generated` at line 1 column 56
    ");
}
