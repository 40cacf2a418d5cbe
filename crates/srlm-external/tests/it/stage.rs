//! Out and back with a stand-in for the trainer.

use std::path::Path;

use insta::assert_snapshot;
use serde_json::{Value, json};
use srlm_artifact::{
    Artifact, Begin, Counts, Input, Model, PairRow, Pairs, Prompt, Recipe, begin, read_metrics,
    verify_dir,
};
use srlm_checkpoint::Checkpoint;
use srlm_external::{
    Data, Error, ExternalConfig, HandOver, Inputs, begin_model, hand_over, take_back,
};
use srlm_settings::{DpoConfig, LossType};

use crate::samples::{base, dpo, of_dpo, trained};

fn pair(id: &str, label_weight: f64) -> PairRow {
    serde_json::from_value(json!({
        "prompt_id": id, "prompt": Prompt::user("Which is best?"), "chosen": "The cat.", "rejected": "No.",
        "chosen_id": format!("{id}/0"), "rejected_id": format!("{id}/1"),
        "score_chosen": 4.0, "score_rejected": 1.0, "label_weight": label_weight,
    }))
    .unwrap()
}

fn pairs(dir: &Path, rows: Vec<PairRow>) -> Artifact<Pairs> {
    let recipe = Recipe {
        stage: "test".into(),
        stage_version: 1,
        crate_version: "0".into(),
        config: json!({ "rows": rows.len() }).into(),
        seed: 0,
        inputs: Vec::<Input>::new(),
    };
    let Begin::Write(writer) = begin::<Pairs>(&dir.join("pairs"), recipe).unwrap() else {
        panic!()
    };
    writer.finish(rows, Counts::new(), "none").unwrap()
}

/// Both halves of the stage; between them `trainer` is given the folder where the model is
/// expected.
fn run(
    dir: &Path,
    table: &DpoConfig,
    rows: &Artifact<Pairs>,
    trainer: impl Fn(&HandOver),
) -> Result<Artifact<Model>, Error> {
    let config = ExternalConfig::default();
    let model = Checkpoint::open(&base()).unwrap();
    let inputs = Inputs { model: &model, model_hash: "sha256:m1", data: Data::Pairs(rows) };
    let writer = match begin_model(&config, of_dpo(table), inputs, 42, &dir.join("m2"))? {
        Begin::UpToDate(artifact) => return Ok(artifact),
        Begin::Write(writer) => writer,
    };
    let given = hand_over(&config, of_dpo(table), inputs, 42, &dir.join("external/m2"))?;
    if !given.has_returned() {
        trainer(&given);
    }
    take_back(writer, &given, &config, &model)
}

fn log(output: &Path) {
    let state = json!({ "log_history": [
        {"step": 1, "epoch": 0.5, "loss": 0.7, "grad_norm": 2.0, "learning_rate": 0.0, "num_tokens": 100.0,
         "rewards/margins": 0.0, "rewards/accuracies": 0.0, "entropy": 1.5},
        {"step": 2, "epoch": 1.0, "loss": 0.65, "grad_norm": 1.5, "learning_rate": 1e-6, "num_tokens": 250.0,
         "rewards/margins": 0.1, "rewards/accuracies": 1.0},
        {"step": 2, "epoch": 1.0, "train_loss": 0.67, "train_runtime": 3.0},
    ]});
    let last = output.join("checkpoint-2");
    std::fs::create_dir_all(&last).unwrap();
    std::fs::write(last.join("trainer_state.json"), state.to_string()).unwrap();
    std::fs::write(output.join("README.md"), "### Framework versions\n\n- TRL: 1.16.0\n").unwrap();
}

#[test]
fn what_comes_back_is_the_stages_model() {
    let dir = tempfile::tempdir().unwrap();
    let rows = pairs(dir.path(), vec![pair("a", 1.0), pair("b", 1.0)]);
    let table = dpo(&[LossType::Sigmoid]);
    let made = run(dir.path(), &table, &rows, |given| {
        assert_eq!(given.command(), "trl dpo --config trl.yaml");
        let lines = std::fs::read_to_string(given.dir().join("train.jsonl")).unwrap();
        assert_eq!(lines.lines().count(), 2);
        let base = Checkpoint::open(&given.dir().join("model")).unwrap();
        assert_eq!(base.config, Checkpoint::open(&self::base()).unwrap().config);
        trained(&given.output());
        log(&given.output());
    })
    .unwrap();
    let manifest = made.manifest();
    assert_eq!(manifest.provenance.stage, "srlm-external/dpo");
    assert_eq!(manifest.environment.device, "external: trl");
    assert_snapshot!(serde_json::to_string(&manifest.counts).unwrap(), @r#"{"pairs":2,"steps":2,"tensors_changed":2,"tensors_unchanged":33,"tokens":250}"#);
    let metrics = read_metrics(made.dir()).unwrap();
    assert_eq!(
        (metrics[1].loss, metrics[1].n_tokens, metrics[1].rewards_margins),
        (0.65, 150, Some(0.1))
    );
    let record: Value =
        serde_json::from_slice(&std::fs::read(made.dir().join("external.json")).unwrap()).unwrap();
    assert_eq!((&record["tool"], &record["versions"]["TRL"]), (&json!("trl"), &json!("1.16.0")));
    verify_dir(made.dir()).unwrap();
    verify_dir(&dir.path().join("external/m2")).unwrap();

    // The second time there is nothing to do; with another table the field is named.
    run(dir.path(), &table, &rows, |_| panic!("it is there")).unwrap();
    let mut other = table;
    other.train.epochs = 3;
    let error =
        run(dir.path(), &other, &rows, |_| panic!("it is refused")).unwrap_err().to_string();
    assert!(error.contains("config.training.table.train.epochs: was 2, now 3"), "{error}");
}

#[test]
fn a_changed_table_is_noticed_before_the_model_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let rows = pairs(dir.path(), vec![pair("a", 1.0)]);
    let table = dpo(&[LossType::Sigmoid]);
    let error = run(dir.path(), &table, &rows, |_| ()).unwrap_err().to_string();
    assert!(error.contains("output cannot be taken"), "{error}");
    let mut other = table;
    other.train.learning_rate = 2e-6;
    let error = run(dir.path(), &other, &rows, |_| ()).unwrap_err().to_string();
    assert!(
        error.contains(
            "external/m2 was made with another config.training.table.train.learning_rate"
        ),
        "{error}"
    );
}

#[test]
fn pairs_that_are_half_trusted_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let rows = pairs(dir.path(), vec![pair("a", 0.75)]);
    let error = run(dir.path(), &dpo(&[LossType::Sigmoid]), &rows, |_| ()).unwrap_err();
    assert_snapshot!(error, @r#"pair a/0 over a/1 has label_weight 0.75: trl trusts every pair; set pairs.label_weights = "none", or train with engine = "self""#);
}

#[test]
fn a_killed_training_goes_on_from_its_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let rows = pairs(dir.path(), vec![pair("a", 1.0)]);
    let model = Checkpoint::open(&base()).unwrap();
    let inputs = Inputs { model: &model, model_hash: "sha256:m1", data: Data::Pairs(&rows) };
    let config = ExternalConfig::default();
    let table = dpo(&[LossType::Sigmoid]);
    let given = |dir: &Path| hand_over(&config, of_dpo(&table), inputs, 42, dir).unwrap();
    let out = dir.path().join("external/m2");
    let output = given(&out).output();
    for step in ["checkpoint-8", "checkpoint-16"] {
        std::fs::create_dir_all(output.join(step)).unwrap();
    }
    let given = given(&out);
    assert!(!given.has_returned());
    assert_eq!(
        given.command(),
        "trl dpo --config trl.yaml --resume_from_checkpoint output/checkpoint-16"
    );
}
