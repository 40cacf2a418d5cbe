//! The training curve that transformers' trainer keeps, as rows of `metrics.jsonl`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use srlm_artifact::MetricsRow;

use crate::error::{Error, io};
use crate::hand_over::newest_checkpoint;

const STATE: &str = "trainer_state.json";
/// Keys that have the same name and meaning there.
const SHARED: [&str; 10] = [
    "epoch",
    "loss",
    "rewards/chosen",
    "rewards/rejected",
    "rewards/accuracies",
    "rewards/margins",
    "logps/chosen",
    "logps/rejected",
    "grad_norm",
    "learning_rate",
];

/// Every logged step; none where the program left no log.
pub(super) fn read(folder: &Path) -> Result<Vec<MetricsRow>, Error> {
    let Some(path) = state(folder) else { return Ok(Vec::new()) };
    let bytes = fs::read(&path).map_err(io("read", &path))?;
    let json = |source| Error::Json { path: path.clone(), source };
    let state: Value = serde_json::from_slice(&bytes).map_err(json)?;
    let mut tokens = 0;
    let mut rows = Vec::new();
    for entry in state["log_history"].as_array().into_iter().flatten() {
        // The last entry sums the run up, and evaluations have entries of their own.
        if entry["loss"].is_number() && entry["grad_norm"].is_number() {
            rows.push(serde_json::from_value(row(entry, &mut tokens)).map_err(json)?);
        }
    }
    Ok(rows)
}

fn state(folder: &Path) -> Option<PathBuf> {
    let own = folder.join(STATE);
    if own.exists() {
        return Some(own);
    }
    let last = folder.join(newest_checkpoint(folder)?).join(STATE);
    last.exists().then_some(last)
}

/// `num_tokens` counts from the beginning of the run, ours those of the step.
fn row(entry: &Value, tokens: &mut u64) -> Value {
    let mut row = Map::new();
    row.insert("step".to_owned(), entry["step"].clone());
    let known = SHARED.iter().filter(|key| entry[**key].is_number());
    row.extend(known.map(|key| ((*key).to_owned(), entry[*key].clone())));
    let so_far = entry["num_tokens"].as_f64().map_or(*tokens, |n| n as u64);
    row.insert("n_tokens".to_owned(), json!(so_far.saturating_sub(*tokens)));
    *tokens = so_far;
    Value::Object(row)
}
