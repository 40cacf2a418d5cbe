//! The candidates of a prompt as selection sees them.

use srlm_artifact::FinishReason;

use crate::filter::Dropped;
use crate::{Candidate, PairsConfig, PromptCandidates};

/// A candidate with a score.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ranked<'a> {
    pub(crate) candidate: &'a Candidate,
    /// The score that a pair holds.
    pub(crate) score: f64,
    /// The score that candidates are ranked by: less what the length costs.
    pub(crate) rank_score: f64,
}

impl Ranked<'_> {
    pub(crate) fn n_characters(&self) -> usize {
        self.candidate.response.chars().count()
    }
}

/// Two candidates, the better one first.
pub(crate) type Couple<'a> = (Ranked<'a>, Ranked<'a>);

/// The candidates of a prompt that may be chosen or rejected, by sample; the reason where there are
/// fewer than `at_least`.
pub(crate) fn ranked<'a>(
    prompt: &'a PromptCandidates,
    config: &PairsConfig,
    at_least: usize,
) -> Result<Vec<Ranked<'a>>, Dropped> {
    let mut all: Vec<_> = scored(&prompt.candidates)
        .map(|(candidate, score)| rank(candidate, score, config))
        .collect();
    if all.len() < at_least {
        return Err(Dropped::Unscored);
    }
    all.retain(|one| {
        !config.exclude_unfinished || one.candidate.finish_reason == FinishReason::Stop
    });
    if all.len() < at_least {
        return Err(Dropped::Unfinished);
    }
    all.sort_by(|a, b| a.candidate.place().cmp(&b.candidate.place()));
    Ok(all)
}

/// The candidates whose score is a number.
pub(crate) fn scored(candidates: &[Candidate]) -> impl Iterator<Item = (&Candidate, f64)> {
    // Adding zero turns -0.0 into 0.0: the two are one score.
    candidates
        .iter()
        .filter_map(|one| Some((one, one.score.filter(|score| score.is_finite())? + 0.0)))
}

fn rank<'a>(candidate: &'a Candidate, score: f64, config: &PairsConfig) -> Ranked<'a> {
    let mut ranked = Ranked { candidate, score, rank_score: score };
    if config.length_penalty != 0.0 {
        ranked.rank_score -= config.length_penalty * ranked.n_characters() as f64 / 1000.0;
    }
    ranked
}
