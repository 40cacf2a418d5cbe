//! Data in from other projects, and models and rows out to other programs.

use std::path::Path;

use serde_json::{Value, json};

use crate::command::{stderr, stdout};

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn logps(model: &str, input: &Path) -> Vec<f64> {
    let printed = stdout(&["logprobs", "--model", model, "--input", input.to_str().unwrap()]);
    rows(&printed).iter().map(|row| row["logps"].as_f64().unwrap()).collect()
}

#[test]
fn an_exported_model_gives_the_same_log_probabilities() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let input = folder.path().join("rows.jsonl");
    let row = json!({"id": "a", "prompt": "Describe a small boat.", "response": "The boat is a green lamp at night."});
    std::fs::write(&input, row.to_string()).unwrap();
    let original = logps("tiny:", &input);

    let hf = stdout(&["export", "hf", "--model", "tiny:", "--out", &at("hf"), "--name", "tiny"]);
    assert_eq!(hf.trim(), at("hf"));
    assert_eq!(logps(&at("hf"), &input), original);
    let card = std::fs::read_to_string(folder.path().join("hf/README.md")).unwrap();
    assert!(
        card.starts_with("---\n") && card.contains("# tiny") && card.contains("## Limits"),
        "{card}"
    );

    for (format, tolerance) in
        [("F32", 1e-4), ("F16", 0.05), ("BF16", 0.4), ("Q8_0", 0.4), ("Q4_0", 8.0)]
    {
        let file = at(&format!("{format}.gguf"));
        stdout(&["export", "gguf", "--model", "tiny:", "--format", format, "--out", &file]);
        let difference = (logps(&file, &input)[0] - original[0]).abs();
        assert!(difference <= tolerance, "{format} is off by {difference}");
    }
    let text = stderr(&["export", "gguf", "--model", "tiny:", "--out", &at("F32.gguf")], 2);
    assert!(text.contains("is there already"), "{text}");
    let text =
        stderr(&["export", "gguf", "--model", "tiny:", "--format", "Q9", "--out", &at("q9")], 2);
    assert!(text.contains("F32, F16, BF16, Q8_0, Q4_0"), "{text}");

    stdout(&["export", "ollama", "--model", "tiny:", "--out", &at("ollama")]);
    let modelfile = std::fs::read_to_string(folder.path().join("ollama/Modelfile")).unwrap();
    assert!(
        modelfile.starts_with("FROM ./model.gguf\n") && modelfile.contains("<|im_end|>"),
        "{modelfile}"
    );
}

#[test]
fn answers_are_written_for_other_evaluations() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let alpaca = json!([{"instruction": "Describe a boat.", "dataset": "own"}, {"instruction": "Sell a lamp."}]);
    std::fs::write(at("alpaca.json"), alpaca.to_string()).unwrap();
    let model = ["--model", "tiny:", "--max-tokens", "12", "--name", "tiny"];
    let files = |input: &str, out: &str| [at(input), at(out)];
    let [input, out] = files("alpaca.json", "outputs.json");
    stdout(&[&["export", "alpaca-eval", "--input", &input, "--out", &out][..], &model].concat());
    let outputs: Value = serde_json::from_str(&std::fs::read_to_string(&out).unwrap()).unwrap();
    assert_eq!(outputs[0]["generator"], "tiny");
    assert_eq!(outputs[1]["instruction"], "Sell a lamp.");
    assert!(outputs[0]["output"].as_str().is_some_and(|text| !text.is_empty()));

    let question = json!({"question_id": 81, "category": "own", "turns": ["Describe a boat.", "And at night?"]});
    std::fs::write(at("questions.jsonl"), question.to_string()).unwrap();
    let [input, out] = files("questions.jsonl", "answers.jsonl");
    stdout(&[&["export", "mt-bench", "--input", &input, "--out", &out][..], &model].concat());
    let answers = rows(&std::fs::read_to_string(&out).unwrap());
    assert_eq!(answers[0]["question_id"], 81);
    assert_eq!(answers[0]["choices"][0]["turns"].as_array().unwrap().len(), 2);
}

#[test]
fn instructions_are_checked_with_or_without_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.jsonl");
    let row = json!({"key": 7, "prompt": "Say it without commas.", "instruction_id_list": ["punctuation:no_comma"],
        "kwargs": [{}], "response": "It, too."});
    std::fs::write(&path, row.to_string()).unwrap();
    let path = path.to_str().unwrap();
    let found = rows(&stdout(&["eval", "ifeval", "--input", path]));
    assert_eq!((&found[0]["key"], &found[0]["strict"]), (&json!(7), &json!([false])));
    let found =
        rows(&stdout(&["eval", "ifeval", "--data", path, "--model", "tiny:", "--max-tokens", "8"]));
    assert!(found[0]["response"].is_string() && found[0]["strict"][0].is_boolean());
    let text = stderr(&["eval", "ifeval", "--data", path], 2);
    assert!(text.contains("--model"), "{text}");
}

#[test]
fn public_data_becomes_seed_data() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let line = |i: usize| {
        json!({"question": format!("Why is number {i} odd?"), "best": "It is not."}).to_string()
    };
    std::fs::write(at("own.jsonl"), (0..20).map(line).collect::<Vec<_>>().join("\n")).unwrap();
    let arguments =
        ["import", "prompt-response", "--input", &at("own.jsonl"), "--out", &at("seed")];
    let map = ["--map", "prompt=question,response=best", "--set", "near_threshold=1.0"];
    let printed = stdout(&[&arguments[..], &map].concat());
    assert!(printed.lines().any(|line| line.contains("ift-train/ift.jsonl")), "{printed}");
    assert!(stdout(&[&arguments[..], &map].concat()).contains("up to date"));
    let text = stderr(&["import", "oast", "--input", &at("own.jsonl"), "--out", &at("other")], 2);
    assert!(text.contains("oast") && text.contains("oasst"), "{text}");
    std::fs::write(at("bad.jsonl"), "{\"prompt\": \"a\"}\n").unwrap();
    let text = stderr(
        &["import", "prompt-response", "--input", &at("bad.jsonl"), "--out", &at("other")],
        3,
    );
    assert!(text.contains("bad.jsonl:1") && text.contains("response"), "{text}");
}

#[test]
fn benchmarks_are_scored_by_log_likelihood_and_by_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.jsonl");
    let run = |name: &str, row: Value| {
        std::fs::write(&path, row.to_string()).unwrap();
        rows(&stdout(&[
            "eval",
            "benchmark",
            name,
            "--input",
            path.to_str().unwrap(),
            "--model",
            "tiny:",
        ]))
        .remove(0)
    };
    let row =
        json!({"goal": "To open a jar,", "sol1": "tap the lid.", "sol2": "sing.", "label": 1});
    let found = run("piqa", row);
    let sums: Vec<f64> = found["log_likelihoods"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sum| sum.as_f64().unwrap())
        .collect();
    assert!(sums.len() == 2 && sums.iter().all(|sum| *sum < 0.0), "{sums:?}");
    assert_eq!(found["values"]["acc"].as_f64().unwrap(), f64::from(u8::from(sums[1] > sums[0])));
    let written =
        run("gsm8k", json!({"question": "What is 2 plus 2?", "answer": "It is 4.\n#### 4"}));
    assert!(written["response"].is_string() && written["values"].is_object());
    let text = stderr(
        &["eval", "benchmark", "arc_hard", "--input", path.to_str().unwrap(), "--model", "tiny:"],
        2,
    );
    assert!(text.contains("arc_easy"), "{text}");
}
