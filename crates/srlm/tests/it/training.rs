//! Training through the binary: killed at any moment, with adapters of every kind, and on single
//! responses.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::command::{stdout, xtask};

const STEPS: usize = 60;
const KILLS: usize = 20;

fn json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// `sft` on the tiny model with a checkpoint after every step, dropout and a running mean of the
/// weights.
fn arguments(dir: &Path) -> Vec<String> {
    let mut arguments: Vec<String> =
        ["sft", "--run", dir.to_str().unwrap()].map(String::from).to_vec();
    if !dir.join("run.toml").exists() {
        arguments.extend(["--preset".to_owned(), "tiny".to_owned()]);
    }
    let steps = format!("sft.train.max_steps={STEPS}");
    let settings = [
        "sft.train.epochs=50",
        &steps,
        "sft.train.checkpoint_every=1",
        "sft.train.dropout=0.1",
        "sft.train.ema_decay=0.9",
    ];
    arguments
        .extend(settings.iter().flat_map(|setting| ["--set".to_owned(), (*setting).to_owned()]));
    arguments
}

fn spawn(dir: &Path) -> Child {
    let arguments = arguments(dir);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    xtask(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Steps in the newest checkpoint.
fn steps_done(dir: &Path) -> usize {
    let text = std::fs::read(dir.join("m1.partial/checkpoint/metrics.json")).unwrap_or_default();
    serde_json::from_slice::<Vec<Value>>(&text).map_or(0, |rows| rows.len())
}

#[test]
fn training_killed_at_twenty_moments_ends_at_the_same_weights() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    assert!(spawn(&whole).wait().unwrap().success());
    let mut random = srlm_artifact::row_seed(7, "kills", 0, "", 0);
    for kill in 0..KILLS {
        // Some time after its share of the steps: between two steps, in one, or while a checkpoint
        // is written.
        let reached = (kill + 1) * (STEPS - 6) / KILLS;
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let (mut child, started) = (spawn(&killed), Instant::now());
        while steps_done(&killed) < reached {
            assert!(child.try_wait().unwrap().is_none(), "training ended before kill {kill}");
            assert!(
                started.elapsed() < Duration::from_secs(120),
                "no step {reached} before kill {kill}"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros((random >> 33) % 60_000));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!killed.join("m1/manifest.json").exists(), "training ended before kill {kill}");
    }
    assert!(spawn(&killed).wait().unwrap().success());
    let hash = |dir: &Path| json(&dir.join("m1/manifest.json"))["content_hash"].clone();
    assert_eq!(hash(&killed), hash(&whole));
}

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
}

#[test]
fn adapters_of_every_kind_train_and_are_saved() {
    let folder = tempfile::tempdir().unwrap();
    let lora = "{rank=4, alpha=8.0, dropout=0.05, dora=true, stored_base=true, target_modules=[\"q_proj\", \"v_proj\"]}";
    let dir = folder.path().join("run");
    let (sft, dpo) = (format!("sft.lora={lora}"), format!("dpo.lora={lora}"));
    let rest = [
        "sft.loss_on=assistant_turns",
        "sft.eft_weight=0.5",
        "sft.train.validation={every=4, by=\"loss\", share=0.1, prompts=0, patience=0}",
        "dpo.train.dropout=0.1",
        // The tiny model's verdicts, by likelihood.
        "dpo.train.validation={every=2, by=\"judge\", share=0.0, prompts=4, patience=0}",
        "runtime.train.recompute_layers=true",
    ];
    round(&dir, &[&[sft.as_str(), dpo.as_str()], &rest[..]].concat());
    for model in ["m1", "m2"] {
        let adapter = json(&dir.join(model).join("adapter/adapter_config.json"));
        assert_eq!(
            (&adapter["use_dora"], &adapter["r"]),
            (&Value::Bool(true), &Value::from(4)),
            "{adapter}"
        );
    }
    let counts = &json(&dir.join("m1/manifest.json"))["counts"];
    let metrics = std::fs::read_to_string(dir.join("m1/metrics.jsonl")).unwrap();
    let validated = metrics.lines().filter(|line| line.contains("\"eval_loss\"")).count() as u64;
    assert_eq!(validated, counts["steps"].as_u64().unwrap().div_ceil(4));
    assert!(counts["held_out_examples"].as_u64().unwrap() > 0, "{counts}");
    let metrics = std::fs::read_to_string(dir.join("m2/metrics.jsonl")).unwrap();
    let rows: Vec<Value> =
        metrics.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let rates: Vec<f64> = rows.iter().filter_map(|row| row["eval_win_rate"].as_f64()).collect();
    assert_eq!(rates.len(), rows.len().div_ceil(2), "{rows:?}");
    assert!(rates.iter().all(|rate| (0.0..=1.0).contains(rate)), "{rates:?}");
}

#[test]
fn kto_trains_on_every_scored_answer() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    round(
        &dir,
        &["round.unpaired=scored", "dpo.loss_type=[\"kto\"]", "dpo.undesirable_weight=1.5"],
    );
    let counts = &json(&dir.join("m2/manifest.json"))["counts"];
    let n = |name: &str| counts[name].as_u64().unwrap();
    assert_eq!(
        n("desirable") + n("undesirable"),
        json(&dir.join("iter-1/unpaired/manifest.json"))["rows"].as_u64().unwrap()
    );
    let metrics = std::fs::read_to_string(dir.join("m2/metrics.jsonl")).unwrap();
    let first: Value = serde_json::from_str(metrics.lines().next().unwrap()).unwrap();
    // 1 - sigma(0), weighted.
    let loss = first["loss"].as_f64().unwrap();
    assert!((0.5..=0.75).contains(&loss) && first["kl"].as_f64().unwrap() < 1e-3, "{first}");
    let page = std::fs::read_to_string(dir.join("report/index.html")).unwrap();
    assert!(
        page.contains("responses trained on"),
        "the report's funnel leaves the trained responses out"
    );
    stdout(&["verify", dir.to_str().unwrap()]);
}
