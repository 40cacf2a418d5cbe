//! The row types: one for each artifact kind. These are the project's on-disk vocabulary.

use serde::{Deserialize, Serialize};

use crate::{Prompt, Score};

/// An instruction-following example.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IftRow {
    /// Unique within the artifact.
    pub prompt_id: String,
    /// What is asked.
    pub prompt: Prompt,
    /// The human's answer.
    pub response: String,
    /// Where the example comes from.
    pub source: String,
}

/// A judging example: a prompt, a response and what a good judge says of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EftRow {
    /// Several rows share one prompt; (`prompt_id`, `human_rank`) is unique.
    pub prompt_id: String,
    /// What was asked.
    pub prompt: Prompt,
    /// What was answered.
    pub response: String,
    /// The judge's rationale and, last, its score line.
    pub target: String,
    /// The score that `target` ends with.
    pub score: Score,
    /// Place among the prompt's responses by human order; 0 is best.
    pub human_rank: u32,
}

/// Where a prompt comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PromptSource {
    /// Given by the user.
    Seed,
    /// Written by a model.
    Generated,
}

/// A prompt to answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromptRow {
    /// Unique within the artifact.
    pub prompt_id: String,
    /// What is asked.
    pub prompt: Prompt,
    /// Given or generated.
    pub source: PromptSource,
}

/// Why a model stopped writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FinishReason {
    /// It ended its turn, or wrote a stop string.
    Stop,
    /// It reached the token limit.
    Length,
}

/// One candidate response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResponseRow {
    /// Unique within the artifact; `{prompt_id}/{sample_index}` where we make it.
    pub response_id: String,
    /// The prompt it answers.
    pub prompt_id: String,
    /// Place among the prompt's samples, from 0.
    pub sample_index: u32,
    /// The text, special tokens left out.
    pub response: String,
    /// Why it ended.
    pub finish_reason: FinishReason,
    /// Tokens generated, the end token included.
    pub n_tokens: u32,
    /// Seed of its generator, see [`row_seed`](crate::row_seed).
    pub seed: u64,
}

/// Why a judgment has no score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JudgmentFailure {
    /// No score line was found.
    NoScore,
    /// A score was found, outside 0 to 5.
    OutOfRange,
    /// The judge was cut off before any score.
    Truncated,
    /// The judge wrote nothing.
    Empty,
}

/// One judgment of one response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgmentRow {
    /// The response judged.
    pub response_id: String,
    /// Its prompt.
    pub prompt_id: String,
    /// Place among the response's judgments, from 0.
    pub judge_index: u32,
    /// The score, `None` where the judge gave none that can be read. Exactly one of `score` and
    /// `failure` is set.
    pub score: Option<Score>,
    /// All that the judge wrote.
    pub rationale: String,
    /// Why there is no score.
    pub failure: Option<JudgmentFailure>,
    /// Seed of its generator.
    pub seed: u64,
    /// The mean of the scores that could have stood in the score's place, weighted by their
    /// probability, where the judge's engine tells probabilities. Since 1.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_score: Option<Score>,
    /// Whether the judge read a shortened response. Since 1.1.
    #[serde(default, skip_serializing_if = "is_false")]
    pub truncated: bool,
}

/// Which of the two judgments of a [`BattleRow`] is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BattleWinner {
    /// The one shown first.
    A,
    /// The one shown second.
    B,
}

/// Why a battle has no winner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BattleFailure {
    /// Neither is named, or both.
    NoWinner,
    /// The judge was cut off before it named one.
    Truncated,
    /// The judge wrote nothing.
    Empty,
}

/// Two judgments of one response, compared in one order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BattleRow {
    /// The prompt of the response.
    pub prompt_id: String,
    /// The response that both judge.
    pub response_id: String,
    /// `judge_index` of the judgment shown first.
    pub judge_index_a: u32,
    /// `judge_index` of the judgment shown second.
    pub judge_index_b: u32,
    /// The better one, `None` where none can be read. Exactly one of `winner` and `failure` is set.
    pub winner: Option<BattleWinner>,
    /// All that the judge of the judgments wrote.
    pub rationale: String,
    /// Why there is no winner.
    pub failure: Option<BattleFailure>,
    /// Seed of its generator.
    pub seed: u64,
}

/// A preference pair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairRow {
    /// The prompt both answer.
    pub prompt_id: String,
    /// What was asked.
    pub prompt: Prompt,
    /// The better response.
    pub chosen: String,
    /// The worse response.
    pub rejected: String,
    /// `response_id` of the better one.
    pub chosen_id: String,
    /// `response_id` of the worse one.
    pub rejected_id: String,
    /// Mean score of the better one.
    pub score_chosen: f64,
    /// Mean score of the worse one; always lower.
    pub score_rejected: f64,
    /// Trust in the order of the two, from 0 to 1: the loss is this times that of the pair, plus
    /// the rest times that of the pair turned around. Since 1.1; 1 where absent.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub label_weight: f64,
}

/// A response with a verdict of its own, as KTO trains on. Column names are TRL's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnpairedRow {
    /// The prompt it answers.
    pub prompt_id: String,
    /// What was asked.
    pub prompt: Prompt,
    /// The response.
    pub completion: String,
    /// Whether it is a good one.
    pub label: bool,
    /// `response_id` of the response; unique within the artifact.
    pub response_id: String,
    /// Its mean score.
    pub score: f64,
}

fn is_false(value: &bool) -> bool {
    !value
}

fn one() -> f64 {
    1.0
}

fn is_one(value: &f64) -> bool {
    *value == 1.0
}

/// Log-probabilities of a pair's responses under the reference model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefLogpsRow {
    /// The pair's chosen response.
    pub chosen_id: String,
    /// The pair's rejected response.
    pub rejected_id: String,
    /// Sum over the chosen response's tokens and its end token, in nats.
    pub ref_chosen_logps: f64,
    /// Sum over the rejected response's tokens and its end token, in nats.
    pub ref_rejected_logps: f64,
}

/// Log-probabilities under the reference model of a response and of one to another prompt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnpairedRefLogpsRow {
    /// The response.
    pub response_id: String,
    /// Sum over its tokens and its end token, in nats.
    pub ref_logps: f64,
    /// A response to another prompt, which stands after this response's prompt to estimate a
    /// divergence.
    pub mismatched_id: String,
    /// Sum over the mismatched response's tokens and its end token after this response's prompt, in
    /// nats.
    pub ref_mismatched_logps: f64,
}

/// One optimizer step, under the names that TRL gives them. SFT leaves the preference columns out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsRow {
    /// From 1.
    pub step: u32,
    /// Passes over the data so far.
    pub epoch: f64,
    /// Mean loss of the step's rows (tokens for SFT).
    pub loss: f64,
    /// Mean of `beta` times the chosen log-ratio.
    #[serde(rename = "rewards/chosen", default, skip_serializing_if = "Option::is_none")]
    pub rewards_chosen: Option<f64>,
    /// Mean of `beta` times the rejected log-ratio.
    #[serde(rename = "rewards/rejected", default, skip_serializing_if = "Option::is_none")]
    pub rewards_rejected: Option<f64>,
    /// Share of pairs whose chosen reward is the higher.
    #[serde(rename = "rewards/accuracies", default, skip_serializing_if = "Option::is_none")]
    pub rewards_accuracies: Option<f64>,
    /// Mean difference of the two rewards.
    #[serde(rename = "rewards/margins", default, skip_serializing_if = "Option::is_none")]
    pub rewards_margins: Option<f64>,
    /// Mean log-probability of the chosen responses, in nats.
    #[serde(rename = "logps/chosen", default, skip_serializing_if = "Option::is_none")]
    pub logps_chosen: Option<f64>,
    /// Mean log-probability of the rejected responses, in nats.
    #[serde(rename = "logps/rejected", default, skip_serializing_if = "Option::is_none")]
    pub logps_rejected: Option<f64>,
    /// KTO's reference point: the estimated divergence of policy and reference, in nats, at least
    /// 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kl: Option<f64>,
    /// Mean loss of the held-out examples after the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eval_loss: Option<f64>,
    /// Share of comparisons that the answers after the step win against those of the best step
    /// before it, ties counting half; the first is against the model that training started from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eval_win_rate: Option<f64>,
    /// Global norm of the gradient before clipping.
    pub grad_norm: f64,
    /// Learning rate of the step.
    pub learning_rate: f64,
    /// Tokens that went through the model.
    pub n_tokens: u64,
}
