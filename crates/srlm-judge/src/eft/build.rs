//! The rule by which ranked and judged responses become judging examples.

use std::collections::BTreeMap;

use serde::Serialize;
use srlm_artifact::{EftRow, row_seed};

use super::examples::{Examples, examples};
use super::thin::thin;
use super::{EftConfig, EftCounts};
use crate::{JudgedPrompt, Rubric};

/// Judging examples, and what became of everything else. Rows are sorted by `prompt_id` and
/// `human_rank`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EftSelection {
    /// To train on; no score is more common than the settings allow.
    pub train: Vec<EftRow>,
    /// To evaluate on: other prompts, each with all its examples.
    pub evaluation: Vec<EftRow>,
    /// How many of what; reasons included.
    pub counts: EftCounts,
    /// How common each score is.
    pub scores: EftScores,
}

/// How many examples have each score, by the score as text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EftScores {
    /// Of training, before any were discarded.
    pub train_before: BTreeMap<String, u64>,
    /// Of training.
    pub train: BTreeMap<String, u64>,
    /// Of evaluation.
    pub evaluation: BTreeMap<String, u64>,
}

/// Makes judging examples of the prompts whose judgments agree with people; `sample_index` is the
/// human rank, 0 best.
///
/// - A prompt is kept where no two of its responses have mean scores in the order contrary to their
///   human ranks. Ties count as [`EftConfig::ties`] says; equal ranks contradict nothing. A prompt
///   is left out where a response has no score (its place in the order is unknown), or all have the
///   same mean.
/// - A response's target is its judgment whose score is nearest to the mean, of several the one of
///   the smallest `judge_index` that reasons before its score. It ends with the score line in the
///   rubric's form; what the judge wrote behind its score is left out. A single judgment can be far
///   from the mean, so a prompt whose targets themselves have scores in the contrary order is left
///   out as well.
/// - A hash of the prompt's text sends it to training or to evaluation: the same text never stands
///   on both sides, whatever its id, the seed and the other prompts.
/// - Of training, rows of the most common scores are discarded until none has more than
///   `max_score_share`; `seed` decides which. That leaves some prompts with part of their
///   responses, as the paper's rule does. Evaluation keeps whole prompts: measures of order need
///   them.
///
/// The order of prompts, responses and judgments does not matter.
///
/// # Source
/// Yuan et al. 2024, section 3.1.1.
///
/// # Panics
/// If the rubric compares two responses.
pub fn build(
    groups: &[JudgedPrompt],
    rubric: &Rubric,
    config: &EftConfig,
    seed: u64,
) -> EftSelection {
    let mut selection = EftSelection::default();
    for group in groups {
        let counts = &mut selection.counts;
        counts.prompts += 1;
        match examples(group, rubric, config.ties) {
            Err(left_out) => *left_out.count(counts) += 1,
            Ok(Examples { rows, same_rank, blank, no_rationale }) => {
                counts.kept += 1;
                counts.responses += group.responses.len() as u64;
                counts.same_rank += same_rank;
                counts.blank += blank;
                counts.no_rationale += no_rationale;
                counts.rows += rows.len() as u64;
                let is_evaluation = draws_evaluation(group, config.eval_share);
                *(if is_evaluation {
                    &mut counts.evaluation_prompts
                } else {
                    &mut counts.train_prompts
                }) += 1;
                if is_evaluation { &mut selection.evaluation } else { &mut selection.train }
                    .extend(rows);
            }
        }
    }
    finish(selection, config, seed)
}

/// Whether the prompt's text is in the share that is evaluated on.
fn draws_evaluation(group: &JudgedPrompt, share: f64) -> bool {
    let drawn = row_seed(0, "eft/split", 0, &group.prompt.to_text(), 0);
    (drawn as f64 / (1_u64 << 53) as f64) < share
}

/// Discards what is too common, sorts and counts.
fn finish(mut selection: EftSelection, config: &EftConfig, seed: u64) -> EftSelection {
    let EftSelection { train, evaluation, counts, scores } = &mut selection;
    let order = |row: &EftRow| {
        let drawn = row_seed(seed, "eft/thin", 0, &row.prompt_id, row.human_rank);
        (drawn, row.prompt_id.clone(), row.human_rank)
    };
    scores.train_before = histogram(train);
    let n_before = train.len();
    *train = thin(std::mem::take(train), config.max_score_share, |row| row.score, order);
    counts.thinned = (n_before - train.len()) as u64;
    (scores.train, scores.evaluation) = (histogram(train), histogram(evaluation));
    counts.judged = counts.prompts - counts.too_few - counts.unscored;
    (counts.train, counts.evaluation) = (train.len() as u64, evaluation.len() as u64);
    for rows in [train, evaluation] {
        rows.sort_by(|a, b| (&a.prompt_id, a.human_rank).cmp(&(&b.prompt_id, b.human_rank)));
    }
    selection
}

fn histogram(rows: &[EftRow]) -> BTreeMap<String, u64> {
    let mut histogram = BTreeMap::new();
    rows.iter().for_each(|row| *histogram.entry(row.score.get().to_string()).or_default() += 1);
    histogram
}
