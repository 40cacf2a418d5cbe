//! A run of a study, and what was measured of its models.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::Cost;
use crate::{Evaluation, Verdict};

/// Settings by key, such as `responses.samples`.
pub type Settings = BTreeMap<String, Value>;

/// A run that a study wants.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedRun {
    /// Unique; its folder is `runs/ID`.
    pub id: String,
    /// The values of the settings that the study changes; every run has the same keys.
    pub settings: Settings,
    /// Seed of everything random.
    pub seed: u64,
}

/// A run of a study, made or not.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StudyRun {
    /// Name of its folder.
    pub id: String,
    /// Seed of everything random.
    pub seed: u64,
    /// Whether it is done.
    pub state: RunState,
    /// M1 first; only those that were evaluated.
    pub models: Vec<ModelMeasures>,
    /// What it took so far.
    pub cost: Cost,
}

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// To do, or begun.
    Pending,
    /// Every model was evaluated, or a stop rule ended the run.
    Done,
    /// The last attempt failed, with this reason.
    Failed(String),
}

/// What a study shows of a model's evaluation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelMeasures {
    /// `M1`, `M2` ...
    pub model: String,
    /// Against the model before it.
    pub verdict: Verdict,
    /// Over M1, where they were compared.
    pub win_rate: Option<crate::Estimate>,
    /// Who compared them, and whether it took part in training.
    pub evaluator: Option<crate::Evaluator>,
    /// Share of human-ranked pairs that it orders as people do.
    pub judge_accuracy: Option<crate::Estimate>,
    /// The same of always preferring the longer response.
    pub length_baseline: Option<f64>,
    /// Nats per token of held-out responses.
    pub held_out_loss: Option<f64>,
    /// Mean length of its responses.
    pub response_tokens: Option<f64>,
}

impl ModelMeasures {
    pub(crate) fn of(evaluation: &Evaluation) -> Self {
        let accuracy = |measures: fn(&crate::Agreement) -> &crate::Measures| {
            evaluation
                .agreement
                .as_ref()
                .and_then(|agreement| measures(agreement).pairwise_accuracy)
        };
        Self {
            model: evaluation.model.clone(),
            verdict: evaluation.verdict,
            win_rate: over_m1(evaluation),
            evaluator: evaluation.evaluator.clone(),
            judge_accuracy: accuracy(|agreement| &agreement.judge),
            length_baseline: accuracy(|agreement| &agreement.length_baseline)
                .map(|estimate| estimate.value),
            held_out_loss: evaluation.held_out.map(|held_out| held_out.loss),
            response_tokens: evaluation.lengths.as_ref().map(|lengths| lengths.tokens.mean),
        }
    }
}

/// The win rate over M1: that of the model before it, for M2, else among the earlier ones.
fn over_m1(evaluation: &Evaluation) -> Option<crate::Estimate> {
    if evaluation.opponent.as_deref() == Some("M1") {
        return evaluation.head_to_head.as_ref()?.win_rate;
    }
    evaluation.earlier.iter().find(|versus| versus.opponent == "M1")?.head_to_head.win_rate
}

impl StudyRun {
    /// The last model of a run that is done.
    pub fn last(&self) -> Option<&ModelMeasures> {
        self.models.last().filter(|_| self.state == RunState::Done)
    }
}
