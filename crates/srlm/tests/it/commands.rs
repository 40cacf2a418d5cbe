//! Each command on its own.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::command::{run, stderr, stdout, xtask};

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn file(lines: &[&str]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    lines.iter().for_each(|line| writeln!(file, "{line}").unwrap());
    file
}

#[test]
fn every_command_has_help() {
    let help = stdout(&["--help"]);
    for command in [
        "iterate",
        "import",
        "eft",
        "sft",
        "prompts",
        "responses",
        "judge",
        "merge",
        "pairs",
        "dpo",
        "eval",
        "human",
        "report",
        "compare",
        "trace",
        "export",
        "generate",
        "chat",
        "logprobs",
        "tokenize",
        "doctor",
        "verify",
        "config",
        "completions",
        "man",
    ] {
        assert!(help.contains(command), "{command} is not in {help}");
        assert!(stdout(&[command, "--help"]).contains("Usage: srlm"), "{command}");
    }
}

#[test]
fn shells_and_manuals_know_every_command() {
    for (shell, part) in [("bash", "_srlm()"), ("zsh", "#compdef srlm"), ("fish", "complete -c")] {
        let script = stdout(&["completions", shell]);
        assert!(script.contains(part) && script.contains("iterate"), "{shell}");
    }
    assert!(stdout(&["man"]).contains(".TH srlm 1"));
    let folder = tempfile::tempdir().unwrap();
    stdout(&["man", folder.path().to_str().unwrap()]);
    for page in ["srlm.1", "srlm-iterate.1", "srlm-eval-judge.1", "srlm-export-gguf.1"] {
        assert!(folder.path().join(page).exists(), "{page}");
    }
}

#[test]
fn a_run_goes_on_from_any_folder() {
    let folder = tempfile::tempdir().unwrap();
    let [work, elsewhere] = ["work", "elsewhere"].map(|name| folder.path().join(name));
    for dir in [&work, &elsewhere] {
        std::fs::create_dir(dir).unwrap();
    }
    let row = |n: u32| {
        format!(
            "{{\"prompt_id\":\"p{n}\",\"prompt\":\"Describe a boat, {n}.\",\"response\":\"A boat.\",\"source\":\"me\"}}\n"
        )
    };
    std::fs::write(work.join("mine.jsonl"), (0..12).map(row).collect::<String>()).unwrap();
    let config = "preset = \"tiny\"\n[data]\nift = \"mine.jsonl\"\neft = \"\"\n\
        ift_held_out = \"builtin:ift_heldout\"\neft_held_out = \"builtin:eft_heldout\"\n";
    std::fs::write(work.join("my.toml"), config).unwrap();
    let in_folder = |dir: &std::path::Path, arguments: &[&str]| {
        let output = xtask(arguments).current_dir(dir).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{text}");
        text
    };
    // From a third folder: the data lie beside the file that names them.
    in_folder(folder.path(), &["sft", "--run", "run", "work/my.toml"]);
    assert!(folder.path().join("run/m1/manifest.json").exists());
    let text = in_folder(&elsewhere, &["sft", "--run", "../run"]);
    assert!(text.contains("up to date"), "{text}");
}

#[test]
fn presets_are_whole_and_the_schema_knows_every_table() {
    let schema: Value = serde_json::from_str(&stdout(&["config", "schema"])).unwrap();
    for preset in ["smollm2", "tiny", "paper"] {
        let shown = stdout(&["config", "show", "--preset", preset]);
        let table: toml::Table = toml::from_str(&shown).unwrap();
        for name in table.keys() {
            assert!(schema["properties"].get(name).is_some(), "{name} is not in the schema");
        }
    }
}

#[test]
fn bad_configuration_is_code_2_and_names_the_key() {
    let text = stderr(&["config", "show", "--set", "dpo.bata=1"], 2);
    assert!(text.contains("bata"), "{text}");
    let text = stderr(&["config", "show", "--set", "dpo.beta=-1"], 2);
    assert!(text.contains("beta must be above 0"), "{text}");
    let text = stderr(&["config", "show", "--preset", "large"], 2);
    assert!(text.contains("smollm2, tiny, paper"), "{text}");
    assert_eq!(run(&["iterate", "--no-such-flag"]).status.code(), Some(2));
}

#[test]
fn a_device_that_is_not_built_in_is_code_5_and_names_the_feature() {
    if cfg!(not(feature = "cuda")) {
        let text = stderr(&["doctor", "--device", "cuda:1"], 5);
        assert!(text.contains("install srlm with `--features cuda`"), "{text}");
    }
}

#[test]
fn the_cpu_passes_the_doctor() {
    let text = stdout(&["doctor"]);
    let checks = text.lines().filter(|line| line.starts_with("ok"));
    assert!(checks.count() >= 5 && !text.contains("FAIL"), "{text}");
    for rate in ["CPU kernels: ", "products: ", "memory: ", "tokens a second: "] {
        assert!(text.contains(rate), "{text}");
    }
    let capped = xtask(&["doctor"]).env("SRLM_CPU", "portable").output().unwrap();
    let text = String::from_utf8(capped.stdout).unwrap();
    assert!(capped.status.success() && text.contains("CPU kernels: portable of "), "{text}");
    let unknown = xtask(&["doctor"]).env("SRLM_CPU", "sse9").output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));
    let text = String::from_utf8(unknown.stderr).unwrap();
    assert!(
        text.contains("SRLM_CPU: \"sse9\" is none of auto, avx512, avx2 and portable"),
        "{text}"
    );
}

#[test]
fn a_dry_run_shows_the_plan_and_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    let text =
        stdout(&["iterate", "--preset", "tiny", "--dry-run", "--run", dir.to_str().unwrap()]);
    for part in [
        "iter-2/judgments",
        "response tokens, at most",
        "MiB",
        "A request for a judgment",
        "<|im_start|>user",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(!dir.exists());
}

#[test]
fn rows_are_answered_scored_and_tokenized_in_order() {
    let prompts = file(&[
        r#"{"id": "b", "prompt": "Describe a boat."}"#,
        r#"{"id": "a", "messages": [{"role": "user", "content": "Explain winter."}]}"#,
    ]);
    let path = prompts.path().to_str().unwrap();
    let arguments = [
        "generate",
        "--model",
        "tiny:",
        "--input",
        path,
        "--n",
        "2",
        "--max-tokens",
        "8",
        "--ignore-eos",
    ];
    let output = run(&arguments);
    let answers = rows(std::str::from_utf8(&output.stdout).unwrap());
    let ids: Vec<_> = answers
        .iter()
        .map(|row| (row["id"].as_str().unwrap(), row["sample_index"].as_u64().unwrap()))
        .collect();
    assert_eq!(ids, [("b", 0), ("b", 1), ("a", 0), ("a", 1)]);
    assert!(
        answers.iter().all(|row| row["n_tokens"] == 8 && row["finish_reason"] == "length"),
        "{answers:?}"
    );
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("prefill") && text.contains("tokens/s"), "{text}");
    assert_eq!(output.stdout, run(&arguments).stdout, "the same seed draws the same text");

    let scored =
        file(&[r#"{"id": 1, "prompt": "Describe a boat.", "response": "The boat is green."}"#
            .replace('1', "\"x\"")
            .as_str()]);
    let scored = rows(&stdout(&[
        "logprobs",
        "--model",
        "tiny:",
        "--input",
        scored.path().to_str().unwrap(),
    ]));
    assert!(
        scored[0]["logps"].as_f64().unwrap() < 0.0 && scored[0]["n_tokens"].as_u64().unwrap() > 3,
        "{scored:?}"
    );

    let texts = file(&[r#"{"id": "t", "text": "The boat is green."}"#]);
    let tokens =
        rows(&stdout(&["tokenize", "--model", "tiny:", "--input", texts.path().to_str().unwrap()]));
    assert!(!tokens[0]["ids"].as_array().unwrap().is_empty());

    let bad = file(&[r#"{"id": "t", "text": "fine"}"#, r#"{"id": "t"}"#]);
    let text =
        stderr(&["tokenize", "--model", "tiny:", "--input", bad.path().to_str().unwrap()], 3);
    assert!(text.contains(":2") && text.contains("text"), "{text}");
}

#[test]
fn measures_and_pairs_run_on_files_alone() {
    let ranks = file(&[r#"{"id": "r", "x": [1, 2, 3, 4], "y": [1, 3, 2, 4]}"#]);
    let rank = rows(&stdout(&["eval", "rank", "--input", ranks.path().to_str().unwrap()]));
    assert!((rank[0]["spearman"].as_f64().unwrap() - 0.8).abs() < 1e-12);
    let texts = file(&[r#"{"id": "r", "prediction": "a b c d", "reference": "a b x d"}"#]);
    let rouge = rows(&stdout(&["eval", "rouge", "--input", texts.path().to_str().unwrap()]));
    assert!((rouge[0]["rouge"]["rougeL"]["f_measure"].as_f64().unwrap() - 0.75).abs() < 1e-12);

    let response = |i: u32| {
        format!(
            r#"{{"response_id":"p/{i}","prompt_id":"p","sample_index":{i},"response":"r{i}","finish_reason":"stop","n_tokens":3,"seed":{i}}}"#
        )
    };
    let judgment = |i: u32, score: u32| {
        format!(
            r#"{{"response_id":"p/{i}","prompt_id":"p","judge_index":0,"score":{score},"rationale":"","failure":null,"seed":{i}}}"#
        )
    };
    let responses = file(&[&response(0), &response(1), &response(2)]);
    let judgments = file(&[&judgment(0, 2), &judgment(1, 5), &judgment(2, 1)]);
    let (responses, judgments) =
        (responses.path().to_str().unwrap(), judgments.path().to_str().unwrap());
    let pairs = rows(&stdout(&["pairs", "--input", responses, judgments]));
    assert_eq!(pairs.len(), 1);
    assert_eq!(
        (pairs[0]["chosen_id"].as_str(), pairs[0]["rejected_id"].as_str()),
        (Some("p/1"), Some("p/2"))
    );
}

#[test]
fn a_chat_answers_each_line_and_ends_with_the_input() {
    let mut chat = xtask(&["chat", "--model", "tiny:", "--max-tokens", "6"]);
    let mut child = chat.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"Describe a boat.\nExplain winter.\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 2);
}
