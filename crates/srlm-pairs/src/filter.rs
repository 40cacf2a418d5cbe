//! What a pair must not be.

use crate::PairsConfig;
use crate::config::in_iteration;
use crate::ranked::{Couple, Ranked};

/// Why a prompt has no pair, or why two candidates are none. In the order in which it is looked
/// for: of several reasons, a prompt is counted under the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Dropped {
    Unscored,
    Unfinished,
    Tied,
    NotLower,
    BelowGap,
    Identical,
    ChosenTooLong,
    LengthRatio,
}

/// The first reason against a pair, if any.
pub(crate) fn check(
    (chosen, rejected): &Couple<'_>,
    config: &PairsConfig,
    iteration: u32,
) -> Result<(), Dropped> {
    if rejected.score >= chosen.score {
        return Err(Dropped::NotLower);
    }
    if chosen.score - rejected.score < config.min_score_gap {
        return Err(Dropped::BelowGap);
    }
    if chosen.candidate.response == rejected.candidate.response {
        return Err(Dropped::Identical);
    }
    let most = in_iteration(&config.max_chosen_characters, iteration).unwrap_or(0);
    if most > 0 && chosen.n_characters() > most as usize {
        return Err(Dropped::ChosenTooLong);
    }
    if config.max_length_ratio > 0.0 && !is_within(config.max_length_ratio, chosen, rejected) {
        return Err(Dropped::LengthRatio);
    }
    Ok(())
}

fn is_within(max_ratio: f64, one: &Ranked<'_>, other: &Ranked<'_>) -> bool {
    let (a, b) = (one.n_characters(), other.n_characters());
    a.max(b) as f64 <= max_ratio * a.min(b) as f64
}
