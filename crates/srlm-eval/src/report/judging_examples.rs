//! How judging examples came to be, where a run makes them of ranked responses.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::funnel::{FunnelRow, eft_rows};

/// From ranked responses to the examples that M1 learns judging from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JudgingExamples {
    /// Prompts, responses and examples, each with what was left out.
    pub rows: Vec<FunnelRow>,
    /// How common each score is, `None` before the examples are made.
    pub scores: Option<ExampleScores>,
}

/// Number of examples by score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExampleScores {
    /// To train on, before the most common scores were thinned.
    pub train_before: BTreeMap<String, u64>,
    /// To train on.
    pub train: BTreeMap<String, u64>,
    /// To evaluate on, which is not thinned.
    pub evaluation: BTreeMap<String, u64>,
}

impl JudgingExamples {
    /// What the run's folder `eft` shows; `None` where there is none.
    pub(crate) fn read(run_dir: &Path) -> Option<Self> {
        let folder = run_dir.join("eft");
        let scores = std::fs::read_to_string(folder.join("train/scores.json")).ok();
        let scores = scores.and_then(|text| serde_json::from_str(&text).ok());
        folder.is_dir().then(|| Self { rows: eft_rows(run_dir), scores })
    }
}
