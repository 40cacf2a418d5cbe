//! The numbers of the first screen, which are also those that runs are compared by.

use serde::Serialize;
use srlm_artifact::layout;

use super::{Facts, Folder, ModelSummary, RunSummary};
use crate::{Agreement, Change, Estimate, Evaluation, Verdict};

/// One model in numbers; `None` is not measured. Shares are from 0 to 1, intervals are of 95%.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct KeyMeasures {
    /// The model: `M0`, `M1` ...
    pub model: String,
    /// Against the model before it, where the two were compared.
    pub verdict: Option<Verdict>,
    /// The axis of following instructions.
    pub following: Option<Change>,
    /// The axis of judging.
    pub judging: Option<Change>,
    /// Who compared the answers.
    pub evaluator: Option<String>,
    /// Whether that evaluator took no part in training.
    pub evaluator_is_independent: Option<bool>,
    /// Head-to-head with the model before: `(wins + ties / 2) / n`; 0.5 is no change.
    pub win_rate: Option<Estimate>,
    /// The same at equal lengths.
    pub length_controlled_win_rate: Option<Estimate>,
    /// Rating over all iterations, in Elo points.
    pub elo: Option<Estimate>,
    /// Share of human-ordered pairs that the model, as a judge, orders as people do; ties are
    /// wrong.
    pub pairwise_accuracy: Option<Estimate>,
    /// What always preferring the longer response reaches on the same pairs.
    pub length_baseline: Option<f64>,
    /// What chance reaches, with as many ties as the judge has.
    pub random_baseline: Option<f64>,
    /// On hidden anchors: the judge's true-positive rate less its false-positive rate.
    pub anchors_youden_j: Option<Estimate>,
    /// Share of the harmful prompts that are served.
    pub unsafe_compliance_rate: Option<Estimate>,
    /// Share of the harmless prompts that are refused.
    pub over_refusal_rate: Option<Estimate>,
    /// Held-out loss, in nats per token.
    pub held_out_loss: Option<f64>,
    /// Mean length of held-out responses, in tokens.
    pub mean_response_tokens: Option<f64>,
    /// Share of held-out responses that decline.
    pub refusal_rate: Option<f64>,
    /// Share of held-out responses cut off at the token limit.
    pub truncation_rate: Option<f64>,
    /// Different word pairs as a share of all.
    pub distinct_2: Option<f64>,
    /// Likeness of the held-out responses to each other.
    pub self_bleu: Option<f64>,
    /// Seconds of all stages that made and evaluated the model. A stage that was resumed counts its
    /// last attempt.
    pub wall_seconds: f64,
    /// Tokens of responses sampled for it; those of prompts and judgments are not recorded.
    pub n_response_tokens: u64,
    /// Tokens that it was trained on, each pass counted.
    pub n_training_tokens: u64,
}

impl Agreement {
    /// Pairwise accuracy of a judge that orders by chance and ties as often as this one.
    pub fn chance_accuracy(&self) -> Option<f64> {
        self.judge.tie_rate.map(|ties| (1.0 - ties.value) / 2.0)
    }
}

impl RunSummary {
    /// The key measures of each model, M0 first.
    pub fn key_measures(&self) -> Vec<KeyMeasures> {
        self.models.iter().enumerate().map(|(t, model)| self.measured(t, model)).collect()
    }

    /// The complete folders that came to be for M_t: its seed data or round, its weights and its
    /// evaluation.
    fn made_for(&self, t: usize) -> impl Iterator<Item = &Facts> {
        let is_part = move |folder: &&Folder| {
            layout::part_of(&folder.path).is_some_and(|part| part.model() as usize == t)
        };
        self.folders().filter(is_part).filter_map(Folder::facts)
    }

    fn measured(&self, t: usize, model: &ModelSummary) -> KeyMeasures {
        let tokens = |kind: &str| -> u64 {
            let of_kind = self.made_for(t).filter(|facts| facts.kind == kind);
            of_kind.filter_map(|facts| facts.counts.get("tokens")).sum()
        };
        let cost = KeyMeasures {
            model: model.label.clone(),
            elo: self.elo(&model.label),
            anchors_youden_j: model.anchors.as_ref().and_then(|found| found.youden_j),
            unsafe_compliance_rate: model
                .safety
                .as_ref()
                .and_then(|found| found.unsafe_compliance_rate),
            over_refusal_rate: model.safety.as_ref().and_then(|found| found.over_refusal_rate),
            wall_seconds: self.made_for(t).map(|facts| facts.wall_seconds).sum(),
            n_response_tokens: tokens("responses"),
            n_training_tokens: model
                .metrics
                .iter()
                .map(|row| row.n_tokens)
                .sum::<u64>()
                .max(tokens("model")),
            ..KeyMeasures::default()
        };
        match &model.evaluation {
            Some(evaluation) => evaluated(cost, evaluation),
            None => cost,
        }
    }

    /// Of the newest table of ratings.
    fn elo(&self, label: &str) -> Option<Estimate> {
        let ratings = self
            .models
            .iter()
            .rev()
            .find_map(|model| model.evaluation.as_ref()?.ratings.as_ref())?;
        ratings.models.iter().find(|rating| rating.model == label).map(|rating| rating.elo)
    }
}

fn evaluated(cost: KeyMeasures, evaluation: &Evaluation) -> KeyMeasures {
    let Evaluation { agreement, head_to_head, evaluator, lengths, diversity, answers, .. } =
        evaluation;
    let is_compared = head_to_head.is_some();
    let accuracy = |agreement: &Agreement| agreement.judge.pairwise_accuracy;
    KeyMeasures {
        verdict: is_compared.then_some(evaluation.verdict),
        following: is_compared.then_some(evaluation.following.change),
        judging: evaluation.accuracy_change.map(|_| evaluation.judging.change),
        evaluator: evaluator.as_ref().map(|evaluator| evaluator.name.clone()),
        evaluator_is_independent: evaluator.as_ref().map(|evaluator| evaluator.independent),
        win_rate: head_to_head.as_ref().and_then(|found| found.win_rate),
        length_controlled_win_rate: evaluation
            .length_controlled
            .as_ref()
            .map(|found| found.controlled),
        pairwise_accuracy: agreement.as_ref().and_then(accuracy),
        length_baseline: agreement
            .as_ref()
            .and_then(|found| Some(found.length_baseline.pairwise_accuracy?.value)),
        random_baseline: agreement.as_ref().and_then(Agreement::chance_accuracy),
        held_out_loss: evaluation.held_out.map(|held_out| held_out.loss),
        mean_response_tokens: lengths.as_ref().map(|lengths| lengths.tokens.mean),
        refusal_rate: answers.as_ref().map(|answers| answers.refusal.value),
        truncation_rate: answers.as_ref().map(|answers| answers.truncation.value),
        distinct_2: diversity.as_ref().and_then(|diversity| diversity.distinct_2),
        self_bleu: diversity.as_ref().and_then(|diversity| diversity.self_bleu),
        ..cost
    }
}
