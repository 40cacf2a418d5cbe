//! The candidates of a prompt as the selection of pairs ranks them.

use serde::Deserialize;
use srlm_artifact::{Aggregation, FinishReason};

use super::TracedResponse;

/// The settings of pair selection that decide whether a prompt has a pair. What an older version
/// did not have is left out of the manifest and means what it did then.
#[derive(Deserialize)]
#[serde(default)]
pub(super) struct Settings {
    pub(super) aggregation: Aggregation,
    pub(super) strategy: String,
    #[serde(alias = "top_k")]
    candidates_per_end: usize,
    pub(super) min_score_gap: f64,
    length_control: Vec<f64>,
    length_penalty: f64,
    pub(super) max_length_ratio: f64,
    max_chosen_characters: Vec<u64>,
    exclude_unfinished: bool,
    pub(super) anchored_rejection: bool,
    safety_weight: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            aggregation: Aggregation::Mean,
            strategy: "best_worst".to_owned(),
            candidates_per_end: 1,
            min_score_gap: 0.0,
            length_control: Vec::new(),
            length_penalty: 0.0,
            max_length_ratio: 0.0,
            max_chosen_characters: Vec::new(),
            exclude_unfinished: false,
            anchored_rejection: false,
            safety_weight: 0.0,
        }
    }
}

/// A response with a score.
#[derive(Clone, Copy)]
pub(super) struct Candidate<'a> {
    pub(super) text: &'a str,
    pub(super) score: f64,
    rank_score: f64,
    is_finished: bool,
}

impl Candidate<'_> {
    pub(super) fn n_characters(&self) -> usize {
        self.text.chars().count()
    }
}

/// Two candidates, the one to be chosen first.
pub(super) type Couple<'a> = (Candidate<'a>, Candidate<'a>);

impl Settings {
    /// The reward of a response by both rubrics, as `srlm_pairs::with_safety` makes it; the score
    /// alone where safety weighs nothing.
    pub(super) fn reward(&self, score: Option<f64>, safety: Option<f64>) -> Option<f64> {
        let weight = self.safety_weight;
        if weight == 0.0 {
            return score;
        }
        let (score, safety) = (score?, safety?);
        let reward = (score + weight * safety) / (1.0 + weight);
        Some(((reward * 1e9).round() / 1e9).clamp(score.min(safety), score.max(safety)))
    }

    /// The responses with a score, by sample.
    pub(super) fn scored<'a>(&self, responses: &[&'a TracedResponse]) -> Vec<Candidate<'a>> {
        let mut responses = responses.to_vec();
        responses.sort_by_key(|response| (response.row.sample_index, &response.row.response_id));
        let candidate = |response: &'a TracedResponse| {
            // Adding zero turns -0.0 into 0.0: the two are one score.
            let (score, text) = (response.score? + 0.0, response.row.response.as_str());
            let penalty = self.length_penalty * text.chars().count() as f64 / 1000.0;
            let is_finished = response.row.finish_reason == FinishReason::Stop;
            Some(Candidate { text, score, rank_score: score - penalty, is_finished })
        };
        responses.into_iter().filter_map(candidate).collect()
    }

    /// Those that may stand in a pair.
    pub(super) fn usable<'a>(&self, mut scored: Vec<Candidate<'a>>) -> Vec<Candidate<'a>> {
        scored.retain(|one| !self.exclude_unfinished || one.is_finished);
        scored
    }

    /// The best with M0's worst.
    pub(super) fn anchored<'a>(
        &self,
        own: &[Candidate<'a>],
        anchors: &[Candidate<'a>],
        t: u32,
    ) -> Vec<Couple<'a>> {
        let rho = of_iteration(&self.length_control, t);
        best(own, rho).zip(worst(anchors, rho)).into_iter().collect()
    }

    /// The pairs that the strategy names.
    pub(super) fn proposed<'a>(&self, all: &[Candidate<'a>], t: u32) -> Vec<Couple<'a>> {
        let rho = of_iteration(&self.length_control, t);
        match self.strategy.as_str() {
            "best_worst" => couples(best(all, rho).as_slice(), worst(all, rho).as_slice()),
            "best_random" => couples(best(all, None).as_slice(), all),
            "top_bottom" => {
                let mut sorted = all.to_vec();
                sorted.sort_by(|a, b| b.rank_score.total_cmp(&a.rank_score));
                let k = self.candidates_per_end.min(sorted.len() / 2);
                couples(&sorted[..k], &sorted[sorted.len() - k..])
            }
            _ => couples(all, all),
        }
    }

    /// The most characters that a chosen response may have; 0 for no limit.
    pub(super) fn max_chosen_characters(&self, t: u32) -> u64 {
        of_iteration(&self.max_chosen_characters, t).unwrap_or(0)
    }
}

/// The value for an iteration of a list whose last value holds on.
fn of_iteration<T: Copy>(values: &[T], t: u32) -> Option<T> {
    values.get(t.saturating_sub(1) as usize).or(values.last()).copied()
}

fn couples<'a>(better: &[Candidate<'a>], worse: &[Candidate<'a>]) -> Vec<Couple<'a>> {
    let all = better.iter().flat_map(|one| worse.iter().map(move |other| (*one, *other)));
    all.filter(|(one, other)| one.rank_score > other.rank_score).collect()
}

/// The best, or the shortest of the upper `rho` of the range.
fn best<'a>(all: &[Candidate<'a>], rho: Option<f64>) -> Option<Candidate<'a>> {
    let (low, high) = range(all);
    let floor = rho.map_or(high, |rho| ((1.0 - rho) * high + rho * low).max(low).min(high));
    let upper = all.iter().filter(|one| one.rank_score >= floor);
    upper.min_by_key(|one| rho.map(|_| one.n_characters())).copied()
}

/// The worst, or the longest of the lower `rho` of the range.
fn worst<'a>(all: &[Candidate<'a>], rho: Option<f64>) -> Option<Candidate<'a>> {
    let (low, high) = range(all);
    let ceiling = rho.map_or(low, |rho| ((1.0 - rho) * low + rho * high).max(low).min(high));
    let lower = all.iter().filter(|one| one.rank_score <= ceiling);
    lower.min_by_key(|one| rho.map(|_| std::cmp::Reverse(one.n_characters()))).copied()
}

fn range(all: &[Candidate<'_>]) -> (f64, f64) {
    let scores = || all.iter().map(|one| one.rank_score);
    (scores().fold(f64::INFINITY, f64::min), scores().fold(f64::NEG_INFINITY, f64::max))
}
