//! A study on the tiny model: killed and gone on with, the same twice, M1 trained once, a run that
//! fails beside others.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::command::{stderr, stdout};
use crate::tiny_loop::{hashes, kill_at};

fn study<'a>(dir: &'a Path, arguments: &[&'a str]) -> Vec<&'a str> {
    [&["study", "--out", dir.to_str().unwrap()], arguments].concat()
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The runs' folders, sorted by name.
fn runs(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(dir.join("runs")).unwrap().map(|entry| entry.unwrap().path());
    let mut runs: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    runs.sort();
    runs
}

#[test]
fn a_study_resumes_shares_and_repeats_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let tiny = ["--preset", "tiny"];

    let plan = stdout(&study(&first, &[&tiny[..], &["--dry-run"]].concat()));
    assert!(plan.contains("In all 5 runs") && plan.contains("M1 is trained 2 times"), "{plan}");
    assert!(!first.exists());

    // Killed in the first run and in the third.
    for (stage, event, n) in [("m1", "progress", 3), ("iter-1/judgments", "stage_finished", 3)] {
        assert!(
            kill_at(&study(&first, &tiny), stage, event, n),
            "{stage} gave no {n} events {event}"
        );
    }
    let page = stdout(&study(&first, &tiny));
    assert_eq!(page.trim(), first.join("study.html").to_str().unwrap());
    stdout(&study(&second, &tiny));
    assert_eq!(hashes(&second), hashes(&first));
    assert!(hashes(&first).contains_key("result"));

    m1_is_trained_once_for_each_share_of_the_data(&first);
    the_pages_show_every_run_and_curve(&first);

    // The third time there is nothing to do.
    let made =
        |dir: &Path| fs::metadata(dir.join("result/manifest.json")).unwrap().modified().unwrap();
    let before = made(&first);
    stdout(&study(&first, &tiny));
    assert_eq!(made(&first), before);
    let verified = stdout(&["verify", first.to_str().unwrap()]);
    assert_eq!(
        verified.lines().filter(|line| line.starts_with("ok ")).count(),
        hashes(&first).len()
    );

    another_setting_under_the_same_name_is_refused(&first);
    a_run_that_fails_leaves_its_reason_and_the_others_go_on(&first);
}

fn m1_is_trained_once_for_each_share_of_the_data(dir: &Path) {
    let trained = |run: &Path| json(&run.join("m1/manifest.json"))["environment"].to_string();
    let (half, whole): (Vec<_>, Vec<_>) =
        runs(dir).into_iter().partition(|run| run.to_string_lossy().contains("data.train_share"));
    assert_eq!((half.len(), whole.len()), (1, 4));
    assert!(whole.iter().all(|run| trained(run) == trained(&whole[0])), "M1 was trained again");
    assert_ne!(hashes(&half[0])["m1"], hashes(&whole[0])["m1"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let weights =
            |run: &std::path::PathBuf| fs::metadata(run.join("m1/model.safetensors")).unwrap();
        assert!(
            whole.iter().all(|run| weights(run).ino() == weights(&whole[0]).ino()),
            "M1 is stored again"
        );
    }
}

fn the_pages_show_every_run_and_curve(dir: &Path) {
    let study = json(&dir.join("study.json"));
    let done = study["points"].as_array().unwrap().iter().map(|point| &point["runs"][0]["state"]);
    assert_eq!(done.collect::<Vec<_>>(), ["done"; 5]);
    let axes: Vec<&str> = study["axes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|axis| axis["key"].as_str().unwrap())
        .collect();
    assert_eq!(axes, ["data.train_share", "judge.judgments", "responses.samples"]);
    let curves = study["curves"].as_array().unwrap();
    // One over the share, two over each of the others, for each of five measures.
    assert_eq!(curves.len(), 25);
    assert!(
        curves.iter().all(|curve| curve["points"].as_array().unwrap().len() == 2),
        "{curves:?}"
    );
    let interval = &study["points"][0]["readings"]["win_rate"]["interval"];
    assert!(interval[0].as_f64() <= interval[1].as_f64() && interval[0].is_number(), "{interval}");

    let page = fs::read_to_string(dir.join("study.html")).unwrap();
    assert!(!page.contains("<script") && !page.contains("http:") && !page.contains("https:"));
    for run in runs(dir) {
        let id = run.file_name().unwrap().to_string_lossy().into_owned();
        assert!(page.contains(&format!("runs/{id}/report/index.html")), "{id}");
        assert!(run.join("report/index.html").exists());
    }
    assert!(fs::read_to_string(dir.join("study.md")).unwrap().contains("5 of 5 runs are done"));
}

fn another_setting_under_the_same_name_is_refused(dir: &Path) {
    let text = stderr(&study(dir, &["--preset", "tiny", "--set", "dpo.beta=0.5"]), 2);
    assert!(text.contains("run.toml has other settings"), "{text}");
}

fn a_run_that_fails_leaves_its_reason_and_the_others_go_on(dir: &Path) {
    let file = dir.join("broken.toml");
    let write = |rubric: &str, last: &str| {
        let common = "name = \"tiny\"\npreset = \"tiny\"\nrepeats = 1\n[set]\n\"run.iterations\" = 1\n\
            \"prompts.count\" = 12\n\"eval.bootstrap_samples\" = 200\n";
        let run = "[[runs]]\n\"responses.samples\" = 4\n\"judge.judgments\" = 2\n";
        fs::write(&file, format!("{common}{rubric}{last}{run}")).unwrap();
    };
    write("[[runs]]\n\"judge.rubric\" = \"no/such/rubric.md\"\n", "");
    let text = stderr(&study(dir, &[file.to_str().unwrap()]), 3);
    assert!(text.contains("1 of 2 runs failed") && text.contains("no/such/rubric.md"), "{text}");
    let study = json(&dir.join("study.json"));
    let states: Vec<&Value> = study["points"]
        .as_array()
        .unwrap()
        .iter()
        .map(|point| &point["runs"][0]["state"])
        .collect();
    assert!(states[0]["failed"].as_str().unwrap().contains("judge.rubric"), "{states:?}");
    assert_eq!(states[1], "done");
    assert!(dir.join("result.old-1/manifest.json").exists(), "the earlier result is moved aside");
}
