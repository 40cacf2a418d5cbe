//! Training by another program, with the shell in its place.
#![cfg(unix)]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::command::{root, run, stderr, stdout};

/// Writes four bytes over the last weight.
fn last_weight(bytes: &str) -> String {
    let file = "output/model.safetensors";
    format!(
        "cp -r model output && printf '{bytes}' | dd of={file} bs=1 conv=notrunc seek=$(($(wc -c < {file}) - 4))"
    )
}

/// Fine-tuning of the tiny model by this command.
fn sft<'a>(dir: &'a str, command: &'a str) -> Vec<&'a str> {
    vec!["sft", "--preset", "tiny", "--run", dir, "--set", "sft.engine=external", "--set", command]
}

fn refused(command: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run").display().to_string();
    stderr(&sft(&dir, &format!("external.command={command}")), 3)
}

#[test]
fn a_run_stops_where_another_program_is_to_train_and_goes_on_with_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    let run_dir = dir.to_str().unwrap();
    let text = stderr(&sft(run_dir, "external.command="), 75);
    for part in
        ["external/m1", "trl sft --config trl.yaml", "external/m1/output", "run the same command"]
    {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let given = dir.join("external/m1");
    for name in ["trl.yaml", "accelerate.yaml", "train.jsonl", "model/config.json", "manifest.json"]
    {
        assert!(given.join(name).exists(), "{name}");
    }
    let first = std::fs::read_to_string(given.join("train.jsonl")).unwrap();
    let row: Value = serde_json::from_str(first.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&row["prompt"][0]["role"], &row["completion"][0]["role"]),
        (&"user".into(), &"assistant".into())
    );

    // Another learning rate means another training.
    let again = ["sft", "--run", run_dir, "--set", "sft.train.epochs=7"];
    let text = stderr(&again, 3);
    assert!(
        text.contains("config.training.table.train.epochs: was 2, now 7")
            && text.contains("--force external/m1"),
        "{text}"
    );

    let trained = Command::new("sh")
        .args(["-c", &last_weight("\\001\\002\\003\\075")])
        .current_dir(&given)
        .output();
    assert!(trained.unwrap().status.success());
    let made = stdout(&["sft", "--run", run_dir]);
    assert_eq!(made.trim(), dir.join("m1").to_str().unwrap());
    let manifest = std::fs::read_to_string(dir.join("m1/manifest.json")).unwrap();
    assert!(
        manifest.contains("srlm-external/sft") && manifest.contains("external: trl"),
        "{manifest}"
    );
    assert!(dir.join("m1/external.json").exists());
    stdout(&["verify", run_dir]);

    // A dry run and a redoing know both folders.
    let plan = stdout(&["iterate", &format!("{run_dir}/run.toml"), "--run", run_dir, "--dry-run"]);
    assert!(plan.contains("made   external/m1") && !plan.contains("external/m2"), "{plan}");
}

#[test]
fn a_command_trains_from_here_and_its_failure_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run").display().to_string();
    let good = format!("external.command={}", last_weight("\\001\\002\\003\\075"));
    assert!(stdout(&sft(&dir, &good)).trim().ends_with("m1"));
    assert!(Path::new(&dir).join("external/m1/log.txt").exists());

    let other = folder.path().join("other").display().to_string();
    let text = stderr(&sft(&other, "external.command=echo no card; exit 9"), 4);
    assert!(
        text.contains("no card") && text.contains("log.txt") && text.contains("exit status: 9"),
        "{text}"
    );
    let text = stderr(&["sft", "--run", &other, "--set", "external.command=cd ."], 4);
    assert!(text.contains("there is no model at"), "{text}");
}

#[test]
fn folders_that_are_not_the_trained_model_are_refused() {
    let weights = |edit: &str| {
        format!("cp -r model output && LC_ALL=C sed -i '{edit}' output/model.safetensors")
    };
    let check = |command: &str, parts: &[&str]| {
        let text = refused(command);
        parts.iter().for_each(|part| assert!(text.contains(part), "{part} is not in {text}"));
    };
    check("cp -r model output", &["not one of", "nothing was trained"]);
    check(
        &last_weight("\\000\\000\\300\\177"),
        &["has NaN at index", "model.norm.weight", "diverged"],
    );
    check(
        &weights("1s/model.norm.weight/model.nora.weight/"),
        &["has no tensor model.norm.weight", "train again"],
    );
    let template = "cp -r model output && sed -i 's/{% for message/ {% for message/' output/tokenizer_config.json";
    check(template, &["the tokenizer or chat template was changed"]);
}

#[test]
fn settings_without_a_counterpart_are_refused_before_anything_is_made() {
    let set = ["config", "show", "--preset", "tiny", "--set", "dpo.engine=external"];
    let text = stderr(&[&set[..], &["--set", "dpo.loss_type=[\"ipo\"]"]].concat(), 2);
    assert!(text.contains("in [dpo]") && text.contains("ipo_mean"), "{text}");
    let text = stderr(&[&set[..], &["--set", "external.num_processes=3"]].concat(), 2);
    assert!(text.contains("no multiple of external.num_processes"), "{text}");
    // The presets can all be handed over; the paper's but for its dropout.
    let text = stderr(&["config", "show", "--preset", "paper", "--set", "dpo.engine=external"], 2);
    assert!(text.contains("set train.dropout = 0.0"), "{text}");
    for preset in ["smollm2", "tiny", "paper"] {
        let dropout = ["--set", "dpo.train.dropout=0.0", "--set", "sft.train.dropout=0.0"];
        let set = [&["--set", "dpo.engine=external", "--set", "sft.engine=external"][..], &dropout]
            .concat();
        let output = run(&[&["config", "show", "--preset", preset][..], &set].concat());
        assert!(output.status.success(), "{preset}: {}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(root().join("docs/guides/external-training.md").exists());
}
