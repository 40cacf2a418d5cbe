//! Evaluations: who decides, what is written down, when the loop stops, and answers compared
//! without a run.

use std::cmp::Ordering;
use std::path::Path;

use serde_json::{Value, json};

use crate::command::{run, stderr, stdout};
use crate::stand_in::serving;
use crate::tiny_loop::{hashes, kill_at};

fn read(path: &Path) -> Value {
    let text =
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// The address of a server that prefers the answer with the word gold to the one with the word
/// stone, and else says that there is a tie.
fn server() -> String {
    serving(&["far-away"], |request| {
        let asked = request.to_string();
        let verdict = match (asked.find("gold"), asked.find("stone")) {
            (Some(gold), Some(stone)) if gold < stone => "A",
            (Some(_), Some(_)) => "B",
            _ => "tie",
        };
        format!("One is better.\nVerdict: {verdict}")
    })
}

/// The address of a server that prefers the longer answer.
fn lengths() -> String {
    serving(&["far-away"], |request| {
        let asked = request["messages"][0]["content"].as_str().unwrap();
        let (a, rest) =
            asked.split_once("### Response A\n").unwrap().1.split_once("### Response B\n").unwrap();
        let b = rest.split_once("### Judgment\n").unwrap().0;
        let verdict = match a.len().cmp(&b.len()) {
            Ordering::Greater => "A",
            Ordering::Less => "B",
            Ordering::Equal => "tie",
        };
        format!("Verdict: {verdict}")
    })
}

fn engine(url: &str) -> String {
    format!(
        "engines.far={{base_url = \"{url}\", model = \"far-away\", api_key_env = \"\", concurrency = 2, \
         timeout_seconds = 5.0, max_retries = 0, backoff_seconds = 0.1, max_backoff_seconds = 1.0, \
         ready_timeout_seconds = 5.0}}"
    )
}

fn iterate<'a>(dir: &'a Path, settings: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["iterate", "--preset", "tiny", "--run", dir.to_str().unwrap()];
    settings.iter().for_each(|setting| arguments.extend(["--set", setting]));
    arguments
}

#[test]
fn an_evaluation_says_all_that_was_measured_and_why_the_rest_was_not() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    let output = run(&iterate(&dir, &["run.iterations=1", "judge.expected_score=true"]));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");

    let [m1, m2] = [0, 1].map(|t| read(&dir.join(format!("iter-{t}/eval/eval.json"))));
    for field in [
        "agreement",
        "accuracy_change",
        "judge_rates",
        "calibration",
        "length_bias",
        "evaluator",
        "head_to_head",
        "position",
        "length_controlled",
        "length_matched",
        "ratings",
        "lengths",
        "length_growth",
        "diversity",
        "answers",
    ] {
        assert!(m2[field].is_object() || m2[field].is_number(), "{field}: {}", m2["unmeasured"]);
    }
    assert_eq!(m1["unmeasured"]["accuracy_change"], "M0 is not measured as a judge");
    assert_eq!(m2["opponent"], "M1");
    assert_eq!(m2["earlier"][0]["opponent"], "M0");
    let rated: Vec<&str> = m2["ratings"]["models"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rating| rating["model"].as_str().unwrap())
        .collect();
    assert_eq!(rated, ["M0", "M1", "M2"]);
    // 12 prompts: M1 against M0, then M2 against M1 and M0.
    let ratings = &m2["ratings"];
    assert_eq!(
        ratings["n_comparisons"].as_u64().unwrap() + ratings["n_missing"].as_u64().unwrap(),
        36
    );
    assert_eq!(ratings["evaluators"], json!(["M0", "M1"]));

    assert_eq!(m2["evaluator"]["independent"], false);
    assert_eq!(m2["evaluator"]["part_in_training"], "it judged the answers that M2 learned from");
    assert!(m2["warnings"][0].as_str().unwrap().contains("not independent"), "{}", m2["warnings"]);
    assert!(said.contains("warning: the only evaluator of answers is M1"), "{said}");

    let best = read(&dir.join("best.json"));
    assert!(best["model"].is_string() && best["stopped"].is_null());
    assert!(said.contains("best model: "), "{said}");
}

#[test]
fn a_server_decides_independently_and_gives_no_likelihoods() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    let server = engine(&lengths());
    let settings = ["run.iterations=1", &server, "roles.evaluator=far"];
    let text = stderr(&iterate(&dir, &settings), 2);
    assert!(
        text.contains("eval.verdict = \"written\"") && text.contains("roles.evaluator"),
        "{text}"
    );

    let validation =
        "dpo.train.validation={every=2, by=\"judge\", share=0.0, prompts=4, patience=0}";
    stdout(&iterate(&dir, &[&settings[..], &["eval.verdict=written", validation]].concat()));
    let metrics = std::fs::read_to_string(dir.join("m2/metrics.jsonl")).unwrap();
    let rates: Vec<f64> = metrics
        .lines()
        .filter_map(|row| serde_json::from_str::<Value>(row).unwrap()["eval_win_rate"].as_f64())
        .collect();
    assert!(
        rates.iter().any(|&rate| rate != 0.5),
        "the answers differ in length, and the server was asked: {rates:?}"
    );
    let m2 = read(&dir.join("iter-1/eval/eval.json"));
    let expected = json!({"name": "far-away", "independent": true, "part_in_training": null, "form": "written"});
    assert_eq!(m2["evaluator"], expected);
    let [wins, ties, losses] =
        ["wins", "ties", "losses"].map(|key| m2["head_to_head"][key].as_u64().unwrap());
    assert_eq!((wins + ties + losses, &m2["position"]["parse_rate"]), (12, &json!(1.0)));
    assert!(wins + losses > 0, "lengths differ, and the place of an answer does not count");
    assert!(!m2["warnings"].to_string().contains("independent"));
}

#[test]
fn verdicts_written_here_survive_a_kill_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    let settings = ["run.iterations=1", "eval.verdict=written", "eval.opponents=all"];
    stdout(&iterate(&whole, &settings));
    // M2 is compared with M1 and with M0, 24 verdicts each.
    assert!(kill_at(&iterate(&killed, &settings), "iter-1/eval", "progress", 30));
    let kept = std::fs::read_to_string(killed.join("iter-1/eval.partial/checkpoint-samples.jsonl"))
        .unwrap();
    assert!((24..48).contains(&kept.lines().count()), "{} of 48 verdicts", kept.lines().count());
    stdout(&iterate(&killed, &settings));
    assert_eq!(hashes(&killed), hashes(&whole));
}

#[test]
fn a_judge_that_has_degenerated_stops_the_loop_until_the_user_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    let settings =
        ["run.iterations=1", "stop.on_degeneration=true", "judge.health.max_one_score_share=0.0"];
    for _ in 0..2 {
        let output = run(&iterate(&dir, &settings));
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(said.contains("stopped after M1 (on_degeneration)"), "{said}");
        assert!(said.contains("--set stop.on_degeneration=false"), "{said}");
        assert!(!dir.join("iter-1/prompts").exists());
    }
    let stopped = &read(&dir.join("best.json"))["stopped"];
    assert_eq!((&stopped["model"], &stopped["rules"]), (&json!("M1"), &json!(["on_degeneration"])));

    stdout(&iterate(&dir, &[&settings[..], &["stop.on_degeneration=false"]].concat()));
    assert!(dir.join("m2/manifest.json").exists());
    assert!(read(&dir.join("best.json"))["stopped"].is_null());
}

#[test]
fn two_files_of_answers_are_compared_by_a_server_or_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let outputs = |word: &str| {
        let row = |i: usize| {
            let instruction = format!("What is ring {i} made of?");
            json!({"instruction": instruction, "output": format!("Of {word}."), "generator": word})
        };
        Value::from((0..40).map(row).collect::<Vec<_>>()).to_string()
    };
    std::fs::write(at("gold.json"), outputs("gold")).unwrap();
    std::fs::write(at("stone.json"), outputs("stone")).unwrap();
    let (gold, stone, url) = (at("gold.json"), at("stone.json"), server());
    let compare = ["eval", "head-to-head", &gold, &stone];
    let far = ["--server", &url, "--server-model", "far-away"];
    let found: Value =
        serde_json::from_str(&stdout(&[&compare[..], &far, &["--json"]].concat())).unwrap();
    assert_eq!(
        (&found["head_to_head"]["wins"], &found["position"]["n_prompts"]),
        (&json!(40), &json!(40))
    );
    assert!(found["length_controlled"]["controlled"]["value"].as_f64().unwrap() > 0.9);
    assert_eq!(found["comparisons"].as_array().unwrap().len(), 40);
    let text = stdout(&[&compare[..], &far].concat());
    assert!(text.contains("A wins 40, ties 0, loses 0 of 40"), "{text}");
    let text = stderr(&[&compare[..], &far, &["--verdict", "likelihood"]].concat(), 2);
    assert!(text.contains("--verdict written"), "{text}");

    // Rows without prompts need them from elsewhere; only what both answer is compared.
    let rows = |n: usize| {
        let row = |i: usize| {
            json!({"prompt_id": format!("p{i}"), "response": format!("The boat number {i}.")})
                .to_string()
        };
        (0..n).map(row).collect::<Vec<_>>().join("\n")
    };
    std::fs::write(at("a.jsonl"), rows(3)).unwrap();
    std::fs::write(at("b.jsonl"), rows(2)).unwrap();
    let prompts: Vec<String> = (0..3)
        .map(|i| json!({"prompt_id": format!("p{i}"), "prompt": "Describe a boat."}).to_string())
        .collect();
    std::fs::write(at("prompts.jsonl"), prompts.join("\n")).unwrap();
    let (a, b, prompts) = (at("a.jsonl"), at("b.jsonl"), at("prompts.jsonl"));
    let compare =
        ["eval", "head-to-head", &a, &b, "--model", "tiny:", "--verdict", "likelihood", "--json"];
    let text = stderr(&compare, 3);
    assert!(text.contains("p0") && text.contains("--prompts"), "{text}");
    let found: Value =
        serde_json::from_str(&stdout(&[&compare[..], &["--prompts", &prompts]].concat())).unwrap();
    // Equal answers: whichever place the model prefers, it prefers in both orders.
    assert_eq!((&found["head_to_head"]["ties"], &found["n_only_a"]), (&json!(2), &json!(1)));
    assert_eq!(found["position"]["decided_by_place"]["value"], 1.0);
    assert!(found["unmeasured"]["length_controlled"].as_str().unwrap().contains("min_pairs"));
}
