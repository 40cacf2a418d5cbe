//! The examples that one prompt gives.

use std::collections::BTreeMap;

use srlm_artifact::EftRow;

use super::agree::{all_tied, contradicts};
use super::target::target;
use super::{EftCounts, ScoreTies};
use crate::{JudgedPrompt, JudgedResponse, Rubric};

/// Why a prompt has no examples.
pub(crate) enum LeftOut {
    TooFew,
    Unscored,
    AllTied,
    Disagreeing,
    TargetsDisagreeing,
}

impl LeftOut {
    pub(crate) fn count(self, counts: &mut EftCounts) -> &mut u64 {
        match self {
            Self::TooFew => &mut counts.too_few,
            Self::Unscored => &mut counts.unscored,
            Self::AllTied => &mut counts.all_tied,
            Self::Disagreeing => &mut counts.disagreeing,
            Self::TargetsDisagreeing => &mut counts.targets_disagreeing,
        }
    }
}

/// The examples of one prompt, and how many of its responses gave none.
#[derive(Default)]
pub(crate) struct Examples {
    pub(crate) rows: Vec<EftRow>,
    pub(crate) same_rank: u64,
    pub(crate) blank: u64,
    pub(crate) no_rationale: u64,
}

/// The examples of a prompt whose judgments agree with people, see [`build`](super::build).
pub(crate) fn examples(
    group: &JudgedPrompt,
    rubric: &Rubric,
    ties: ScoreTies,
) -> Result<Examples, LeftOut> {
    if group.responses.len() < 2 {
        return Err(LeftOut::TooFew);
    }
    let scored =
        |judged: &JudgedResponse| Some((judged.response.sample_index, judged.mean_score()?));
    let ranked: Option<Vec<(u32, f64)>> = group.responses.iter().map(scored).collect();
    let ranked = ranked.ok_or(LeftOut::Unscored)?;
    if all_tied(&ranked) {
        return Err(LeftOut::AllTied);
    }
    if contradicts(&ranked, ties) {
        return Err(LeftOut::Disagreeing);
    }
    let examples = by_rank(group, rubric);
    let taught: Vec<(u32, f64)> =
        examples.rows.iter().map(|row| (row.human_rank, row.score.get())).collect();
    if contradicts(&taught, ScoreTies::Agree) {
        Err(LeftOut::TargetsDisagreeing)
    } else {
        Ok(examples)
    }
}

/// An example of each rank that gives one; of several responses of one rank the first by id stands
/// for them.
fn by_rank(group: &JudgedPrompt, rubric: &Rubric) -> Examples {
    let mut of_rank: BTreeMap<u32, &JudgedResponse> = BTreeMap::new();
    for judged in &group.responses {
        let stands = of_rank.entry(judged.response.sample_index).or_insert(judged);
        if judged.response.response_id < stands.response.response_id {
            *stands = judged;
        }
    }
    let same_rank = (group.responses.len() - of_rank.len()) as u64;
    let mut examples = Examples { same_rank, ..Examples::default() };
    for (human_rank, judged) in of_rank {
        if judged.response.response.trim().is_empty() {
            examples.blank += 1;
        } else if let Some(row) = row(group, judged, human_rank, rubric) {
            examples.rows.push(row);
        } else {
            examples.no_rationale += 1;
        }
    }
    examples
}

/// The example that the judgment nearest to the mean gives.
fn row(
    group: &JudgedPrompt,
    judged: &JudgedResponse,
    human_rank: u32,
    rubric: &Rubric,
) -> Option<EftRow> {
    let mean = judged.mean_score()?;
    let scored = || judged.judgments.iter().filter_map(|row| Some((row.score?, row)));
    let nearest = scored().map(|(score, _)| (score.get() - mean).abs()).min_by(f64::total_cmp)?;
    let mut near: Vec<_> =
        scored().filter(|(score, _)| (score.get() - mean).abs() == nearest).collect();
    near.sort_by_key(|(_, row)| row.judge_index);
    let targets =
        near.into_iter().map(|(score, row)| Some((score, target(rubric, &row.rationale, score)?)));
    let (score, target) = targets.flatten().next()?;
    let (prompt_id, prompt) = (group.prompt_id.clone(), group.prompt.clone());
    Some(EftRow {
        prompt_id,
        prompt,
        response: judged.response.response.clone(),
        target,
        score,
        human_rank,
    })
}
