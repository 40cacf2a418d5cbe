//! Which candidates of a prompt are set against each other.

use std::cmp::Reverse;

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use srlm_artifact::{Place, row_seed};

use crate::config::in_iteration;
use crate::ranked::{Couple, Ranked};
use crate::{PairsConfig, Strategy};

/// The pairs that the strategy names, each with the higher rank score first; none where all rank
/// the same.
///
/// `candidates` are sorted by sample. Linear in their number for the strategies that take one,
/// quadratic for those that take every two.
pub(crate) fn proposed<'a>(
    candidates: &[Ranked<'a>],
    config: &PairsConfig,
    iteration: u32,
) -> Vec<Couple<'a>> {
    match config.strategy {
        Strategy::BestWorst => {
            let rho = in_iteration(&config.length_control, iteration);
            couples(best(candidates, rho).as_slice(), worst(candidates, rho).as_slice())
        }
        Strategy::BestRandom => couples(best(candidates, None).as_slice(), candidates),
        Strategy::AllAboveGap | Strategy::Random => couples(candidates, candidates),
        Strategy::TopBottom => {
            let mut sorted = candidates.to_vec();
            sorted.sort_by(|a, b| b.rank_score.total_cmp(&a.rank_score));
            let k = (config.candidates_per_end as usize).min(sorted.len() / 2);
            couples(&sorted[..k], &sorted[sorted.len() - k..])
        }
    }
}

/// Of the pairs that may be kept those that are, the farthest apart or drawn ones.
pub(crate) fn kept<'a>(
    mut pairs: Vec<Couple<'a>>,
    config: &PairsConfig,
    place: Place,
    prompt_id: &str,
) -> Vec<Couple<'a>> {
    let n = match (config.strategy, config.max_pairs_per_prompt) {
        (Strategy::BestRandom, _) => 1,
        (_, 0) => pairs.len(),
        (_, most) => most as usize,
    };
    if n >= pairs.len() {
        return pairs;
    }
    if config.draws() {
        let seed = row_seed(place.run_seed, "pairs", place.iteration, prompt_id, 0);
        return pairs.partial_shuffle(&mut ChaCha8Rng::seed_from_u64(seed), n).0.to_vec();
    }
    let gap = |(chosen, rejected): &Couple<'_>| chosen.score - rejected.score;
    pairs.sort_by(|a, b| gap(b).total_cmp(&gap(a)));
    pairs.truncate(n);
    pairs
}

fn couples<'a>(better: &[Ranked<'a>], worse: &[Ranked<'a>]) -> Vec<Couple<'a>> {
    let against = |one: &Ranked<'a>| {
        let one = *one;
        worse
            .iter()
            .filter(move |other| one.rank_score > other.rank_score)
            .map(move |other| (one, *other))
    };
    better.iter().flat_map(against).collect()
}

/// The candidate to choose: the best, or the shortest of the upper `rho` of the range; the earliest
/// among equals.
pub(crate) fn best<'a>(candidates: &[Ranked<'a>], rho: Option<f64>) -> Option<Ranked<'a>> {
    let (lowest, highest) = range(candidates);
    let floor = rho.map_or(highest, |rho| share(rho, highest, lowest).max(lowest).min(highest));
    let upper = candidates.iter().filter(|one| one.rank_score >= floor);
    upper.min_by_key(|one| rho.map(|_| one.n_characters())).copied()
}

/// The candidate to reject: the worst, or the longest of the lower `rho` of the range; the earliest
/// among equals.
pub(crate) fn worst<'a>(candidates: &[Ranked<'a>], rho: Option<f64>) -> Option<Ranked<'a>> {
    let (lowest, highest) = range(candidates);
    let ceiling = rho.map_or(lowest, |rho| share(rho, lowest, highest).max(lowest).min(highest));
    let lower = candidates.iter().filter(|one| one.rank_score <= ceiling);
    lower.min_by_key(|one| rho.map(|_| Reverse(one.n_characters()))).copied()
}

fn range(candidates: &[Ranked<'_>]) -> (f64, f64) {
    let scores = || candidates.iter().map(|one| one.rank_score);
    (scores().fold(f64::INFINITY, f64::min), scores().fold(f64::NEG_INFINITY, f64::max))
}

/// The score that is `rho` of the way to another.
fn share(rho: f64, from: f64, to: f64) -> f64 {
    (1.0 - rho) * from + rho * to
}
