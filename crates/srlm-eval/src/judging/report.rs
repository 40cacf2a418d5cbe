//! `judge.json`: what is known of one judge on one set of human data.

use serde::{Deserialize, Serialize};
use srlm_artifact::JudgeHealth;

use super::{PairwiseReport, RatingsReport, Scale, ScoreCalibration};
use crate::{Agreement, Estimate};

/// A judge against people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgeReport {
    /// Who judged.
    pub judge: String,
    /// What people judged: a name to show.
    pub data: String,
    /// `ranked`, `pairwise` or `ratings`.
    pub format: String,
    /// The rubric's name.
    pub rubric: String,
    /// Judgments asked for of each response.
    pub judgments: u32,
    /// Trees, the clusters of every interval.
    pub n_trees: u64,
    /// Prompts.
    pub n_prompts: u64,
    /// Responses.
    pub n_responses: u64,
    /// Those none of whose judgments has a score.
    pub n_unscored: u64,
    /// Share of the judgments that have a score.
    pub parse_rate: Option<Estimate>,
    /// `n_unscored` of `n_responses`.
    pub abstention_rate: Option<Estimate>,
    /// What the judgments alone say.
    pub health: JudgeHealth,
    /// The scores that the judge wrote.
    pub written: ScoreReport,
    /// The means of the scores that it could have written, by their probability; `None` where no
    /// engine told any.
    pub expected: Option<ScoreReport>,
    /// The scale of people's ratings.
    pub scale: Option<Scale>,
    /// Verdicts on pairs in both orders; `None` where they were not asked for.
    pub pairwise: Option<PairwiseReport>,
}

/// One kind of score against people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreReport {
    /// Within prompts: the paper's measures.
    pub agreement: Agreement,
    /// Against ratings, where people rate.
    pub ratings: Option<RatingsReport>,
    /// Whether the scores mean what they say.
    pub calibration: ScoreCalibration,
}
