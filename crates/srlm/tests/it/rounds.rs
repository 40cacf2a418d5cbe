//! The rounds of the paper's successors, stages in parts, and stages whose requests are answered
//! elsewhere.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::command::{run, stderr, stdout, xtask};

/// One round on the tiny model with these settings.
fn round(dir: &Path, settings: &[&str]) {
    let mut arguments = vec![
        "iterate",
        "--preset",
        "tiny",
        "--run",
        dir.to_str().unwrap(),
        "--set",
        "run.iterations=1",
    ];
    settings.iter().for_each(|setting| arguments.extend(["--set", setting]));
    stdout(&arguments);
    stdout(&["verify", dir.to_str().unwrap()]);
}

fn rows(path: &Path) -> Vec<Value> {
    let text =
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn manifest(folder: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder.join("manifest.json")).unwrap()).unwrap()
}

#[test]
fn every_successor_of_the_paper_runs_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let pairs =
        |name: &str, stage: &str| rows(&at(name).join(format!("iter-1/{stage}/pairs.jsonl")));

    round(&at("meta"), &["round.meta_judge_rounds=1", "pairs.length_control=[0.3]"]);
    let (actor, judge) = (pairs("meta", "pairs"), pairs("meta", "judge-pairs"));
    assert!(!judge.is_empty(), "the meta-judge gave no pair");
    assert_eq!(pairs("meta", "all-pairs").len(), actor.len() + judge.len());
    assert!(judge.iter().all(|pair| pair["prompt_id"].as_str().unwrap().starts_with("judge/")));
    assert_eq!(
        manifest(&at("meta").join("iter-1/ref-logps"))["counts"]["pairs"],
        actor.len() + judge.len()
    );

    round(&at("cream"), &["pairs.label_weights=mean"]);
    let weights: Vec<f64> = pairs("cream", "pairs")
        .iter()
        .map(|pair| pair["label_weight"].as_f64().unwrap_or(1.0))
        .collect();
    assert!(weights[0] < 1.0 && weights.iter().all(|weight| *weight == weights[0]), "{weights:?}");

    round(&at("temporal"), &["pairs.anchored_rejection=true", "round.future_guided=true"]);
    let anchors: Vec<Value> = rows(&at("temporal").join("iter-1/anchor-responses/responses.jsonl"));
    let texts: Vec<&Value> = anchors.iter().map(|row| &row["response"]).collect();
    assert!(
        pairs("temporal", "guided-pairs").iter().all(|pair| texts.contains(&&pair["rejected"]))
    );

    round(&at("spin"), &["round.method=spin"]);
    let seed: BTreeMap<String, Value> = rows(&at("spin").join("seed/ift/ift.jsonl"))
        .into_iter()
        .map(|row| (row["prompt_id"].as_str().unwrap().to_owned(), row["response"].clone()))
        .collect();
    assert!(
        pairs("spin", "pairs")
            .iter()
            .all(|pair| pair["chosen"] == seed[pair["prompt_id"].as_str().unwrap()])
    );

    // The model knows nothing, so the right answer to a prompt is what it says first.
    let pool = at("pool.jsonl");
    let with_answers = |answers: &BTreeMap<String, Value>| {
        let line = |id: &String| {
            let prompt = format!("Describe a lamp number {id}.");
            json!({"prompt_id": id, "prompt": prompt, "answer": answers[id]}).to_string()
        };
        std::fs::write(&pool, answers.keys().map(line).collect::<Vec<_>>().join("\n")).unwrap();
    };
    with_answers(&(10..34).map(|id| (id.to_string(), json!("unknown"))).collect());
    let from_pool = format!("prompts.pool={}", pool.display());
    let from_pool = ["prompts.source=pool", &from_pool, "responses.sampling.temperature=1.0"];
    round(&at("pool"), &from_pool);
    let said = rows(&at("pool").join("iter-1/responses/responses.jsonl"));
    let first = said.iter().filter(|row| row["sample_index"] == 0);
    with_answers(
        &first
            .map(|row| (row["prompt_id"].as_str().unwrap().to_owned(), row["response"].clone()))
            .collect(),
    );
    let verified = ["round.method=verified", "round.answer_column=answer"];
    let rpo = ["pairs.strategy=random", "pairs.max_pairs_per_prompt=10"];
    let loss = ["dpo.loss_type=[\"sigmoid\", \"nll\"]", "dpo.loss_weights=[1.0, 1.0]"];
    round(&at("rpo"), &[&verified[..], &from_pool, &rpo, &loss].concat());
    let scores = |pair: &Value| (pair["score_chosen"].as_f64(), pair["score_rejected"].as_f64());
    assert!(pairs("rpo", "pairs").iter().all(|pair| scores(pair) == (Some(5.0), Some(0.0))));

    round(
        &at("positive"),
        &["round.method=positive_only", "round.perfect_score=3", "round.unpaired=tied"],
    );
    let [perfect, all] = ["perfect", "seed-and-perfect"]
        .map(|stage| rows(&at("positive").join(format!("iter-1/{stage}/ift.jsonl"))).len());
    assert!(perfect > 0 && all == perfect + seed.len(), "{perfect} perfect answers of {all}");
    let unpaired = rows(&at("positive").join("iter-1/unpaired/unpaired.jsonl"));
    assert!(unpaired.iter().all(|row| row["label"] == (row["score"].as_f64().unwrap() >= 3.0)));

    // Every kind of artifact that these rounds make is known to `verify`.
    for name in ["meta", "positive", "temporal"] {
        stdout(&["verify", at(name).to_str().unwrap()]);
    }

    let expected = ["judge.expected_score=true", "judge.judgments=1", "pairs.aggregation=expected"];
    round(&at("expected"), &expected);
    let judged = rows(&at("expected").join("iter-1/judgments/judgments.jsonl"));
    let scored = judged.iter().filter(|row| !row["score"].is_null());
    assert!(
        scored.clone().count() > 0 && scored.clone().all(|row| row["expected_score"].is_number())
    );
}

#[test]
fn judging_examples_are_built_of_ranked_responses() {
    let folder = tempfile::tempdir().unwrap();
    let (plain, built) = (folder.path().join("plain"), folder.path().join("built"));
    round(&plain, &[]);
    // What is held out of one run stands in for another's ranked data.
    let ranked = |what: &str| {
        format!(
            "data.ranked_{what}={}",
            plain.join(format!("seed/ranked-{what}/{what}.jsonl")).display()
        )
    };
    let (prompts, responses) = (ranked("prompts"), ranked("responses"));
    round(&built, &[&prompts, &responses, "eft.eval_share=0.0", "eft.max_score_share=1.0"]);
    let counts = &manifest(&built.join("eft/train"))["counts"];
    let count = |name: &str| counts[name].as_u64().unwrap();
    assert_eq!(count("prompts"), count("too_few") + count("unscored") + count("judged"));
    assert_eq!(
        count("judged"),
        count("all_tied") + count("disagreeing") + count("targets_disagreeing") + count("kept")
    );
    let examples = |dir: &Path, stage: &str| {
        rows(&dir.join(format!("{stage}/judge-sft/ift.jsonl"))).len() as u64
    };
    assert_eq!(examples(&built, "eft"), examples(&plain, "seed") + count("train"));
}

#[test]
fn parts_of_a_stage_join_to_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    let settings = [
        "--set",
        "responses.group_prompts=8",
        "--set",
        "judge.group_responses=32",
        "--set",
        "run.iterations=1",
    ];
    let preset = ["--preset", "tiny"];
    for dir in [&whole, &parts] {
        let run = ["--run", dir.to_str().unwrap()];
        stdout(&[&["sft"][..], &run, &preset, &settings].concat());
        stdout(&[&["prompts"][..], &run].concat());
    }
    for (stage, made) in [("responses", "responses"), ("judge", "judgments")] {
        stdout(&[stage, "--run", whole.to_str().unwrap()]);
        let parts_of = ["--run", parts.to_str().unwrap()];
        let output = run(&[&["merge"][..], &parts_of, &[stage]].concat());
        assert!(!output.status.success(), "there was nothing to merge");
        // Side by side, as on two machines.
        let started = ["2/2", "1/2"].map(|shard| {
            let arguments = [&[stage][..], &parts_of, &["--shard", shard]].concat();
            xtask(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        });
        for mut part in started {
            assert!(part.wait().unwrap().success());
        }
        stdout(&[&["merge"][..], &parts_of, &[stage]].concat());
        let of = |dir: &Path| manifest(&dir.join("iter-1").join(made));
        for field in ["content_hash", "key", "counts"] {
            assert_eq!(of(&whole)[field], of(&parts)[field], "{field} of {made}");
        }
    }
}

#[test]
fn requests_are_written_and_their_results_taken() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    let server = "engines.far={base_url = \"http://127.0.0.1:9/v1\", model = \"far-away\", api_key_env = \"\", \
                  concurrency = 2, timeout_seconds = 5.0, max_retries = 0, backoff_seconds = 0.1, \
                  max_backoff_seconds = 1.0, ready_timeout_seconds = 1.0}";
    let run_at = ["--run", dir.to_str().unwrap()];
    stdout(
        &[
            &["sft"][..],
            &run_at,
            &["--preset", "tiny", "--set", server, "--set", "roles.judge=far"],
        ]
        .concat(),
    );
    stdout(&[&["prompts"][..], &run_at].concat());
    stdout(&[&["responses"][..], &run_at].concat());

    let unreachable = stderr(&[&["judge"][..], &run_at].concat(), 4);
    assert!(unreachable.contains("http://127.0.0.1:9/v1"), "{unreachable}");

    let (requests, results) =
        (folder.path().join("requests.jsonl"), folder.path().join("results.jsonl"));
    let emit =
        run(&[&["judge"][..], &run_at, &["--emit-requests", requests.to_str().unwrap()]].concat());
    assert_eq!(emit.status.code(), Some(0), "{}", String::from_utf8_lossy(&emit.stderr));
    let asked = rows(&requests);
    let n_responses = rows(&dir.join("iter-1/responses/responses.jsonl")).len();
    assert_eq!(asked.len() % n_responses, 0);

    let answer = |(i, row): (usize, &Value)| {
        let body = json!({"choices": [{"message": {"content": format!("Fine.\nScore: {}", i % 6)}, "finish_reason": "stop"}],
            "usage": {"completion_tokens": 5}});
        json!({"custom_id": row["custom_id"], "response": {"status_code": 200, "body": body}, "error": null})
            .to_string()
    };
    let lines: Vec<String> = asked.iter().enumerate().map(answer).collect();
    std::fs::write(&results, lines[1..].join("\n")).unwrap();
    let ingest =
        [&["judge"][..], &run_at, &["--ingest-results", results.to_str().unwrap()]].concat();
    let missing = run(&ingest);
    assert_eq!(missing.status.code(), Some(3));
    let text = String::from_utf8(missing.stderr).unwrap();
    assert!(text.contains("1 of") && text.contains("have no result"), "{text}");

    std::fs::write(&results, lines.join("\n")).unwrap();
    stdout(&ingest);
    let judged = rows(&dir.join("iter-1/judgments/judgments.jsonl"));
    assert_eq!(judged.len(), asked.len());
    assert!(judged.iter().all(|row| row["score"].is_number()));
}
