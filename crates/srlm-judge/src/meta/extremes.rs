//! The strongest and the weakest judgment of a response.

use std::collections::BTreeSet;

use srlm_artifact::{BattleRow, JudgmentRow};

use super::weights::battle_matrix;
use super::{JudgePairsConfig, PositionWeights, strengths, win_rates};
use crate::{Error, JudgedResponse};

/// Strengths that are no further apart are equal: they are found more exactly.
const EQUAL: f64 = 1e-9;

/// Why a response has no pair.
pub(crate) enum NoPair {
    Equal,
    Identical,
    TooLong,
}

/// A judgment and its win rate.
pub(crate) type Rated<'a> = (&'a JudgmentRow, f64);

/// The judgments that the battles of a response are about, by `judge_index`.
pub(crate) fn contenders<'a>(
    judged: &'a JudgedResponse,
    battles: &[&BattleRow],
) -> Result<Vec<&'a JudgmentRow>, Error> {
    let judge_indices: BTreeSet<u32> =
        battles.iter().flat_map(|row| [row.judge_index_a, row.judge_index_b]).collect();
    let judgment = |judge_index| {
        let found = judged
            .judgments
            .iter()
            .find(|row| row.judge_index == judge_index && row.score.is_some());
        found.ok_or_else(|| {
            let response_id = judged.response.response_id.clone();
            Error::UnknownJudgment { response_id, judge_index }
        })
    };
    judge_indices.into_iter().map(judgment).collect()
}

/// The strongest of the contenders and the weakest, of equals the first.
pub(crate) fn best_and_worst<'a>(
    contenders: &[&'a JudgmentRow],
    battles: &[&BattleRow],
    weights: PositionWeights,
    config: &JudgePairsConfig,
    iteration: u32,
) -> Result<[Rated<'a>; 2], NoPair> {
    let judge_indices: Vec<u32> = contenders.iter().map(|row| row.judge_index).collect();
    let strengths =
        strengths(&battle_matrix(battles, &judge_indices, weights), config.regularization);
    let most = strengths.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let least = strengths.iter().copied().fold(f64::INFINITY, f64::min);
    if most - least <= EQUAL {
        return Err(NoPair::Equal);
    }
    let rates = win_rates(&strengths);
    let near = |extreme: f64| {
        let at = strengths.iter().position(|strength| (strength - extreme).abs() <= EQUAL / 4.0);
        let at = at.expect("the extreme is one of them");
        (contenders[at], rates[at])
    };
    let (best, worst) = (near(most), near(least));
    if best.0.rationale == worst.0.rationale {
        return Err(NoPair::Identical);
    }
    let n_characters = best.0.rationale.chars().count();
    if n_characters > config.max_characters(iteration) as usize {
        Err(NoPair::TooLong)
    } else {
        Ok([best, worst])
    }
}
