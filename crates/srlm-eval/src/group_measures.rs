//! What one prompt's responses add to the agreement with people.

use std::cmp::Ordering;

use srlm_artifact::spearman;

use crate::RankedResponse;
use crate::rank::kendall_tau_b;

/// A mean score that counts as a perfect 5.
const PERFECT: f64 = srlm_artifact::Score::MAX;

/// One group, measured.
#[derive(Debug)]
pub(crate) struct GroupMeasures {
    pub(crate) n_responses: u64,
    pub(crate) n_unscored: u64,
    /// Pairs that people ordered.
    pub(crate) n_pairs: u64,
    /// Those whose responses both have a score.
    pub(crate) n_scored_pairs: u64,
    pub(crate) judge: OrderMeasures,
    pub(crate) length: OrderMeasures,
    /// What an order drawn at random has on average.
    pub(crate) random: OrderMeasures,
}

/// One group under one order. What is counted is a fraction where it is expected of chance.
#[derive(Debug)]
pub(crate) struct OrderMeasures {
    /// Scored pairs in the human order.
    pub(crate) n_agree: f64,
    /// Scored pairs that the order ties.
    pub(crate) n_tied: f64,
    /// 1 where the whole order is the human one.
    pub(crate) exact: f64,
    /// Responses that the order calls perfect.
    pub(crate) n_top: f64,
    /// Those that people ranked first.
    pub(crate) n_top_and_best: f64,
    pub(crate) spearman: Option<f64>,
    pub(crate) kendall_tau_b: Option<f64>,
}

/// `None` when people put no response above another.
pub(crate) fn measure(responses: &[RankedResponse]) -> Option<GroupMeasures> {
    let n_pairs = ordered_pairs(responses.iter()).count() as u64;
    if n_pairs == 0 {
        return None;
    }
    let scored: Vec<&RankedResponse> =
        responses.iter().filter(|response| response.mean_score.is_some()).collect();
    let score = |response: &RankedResponse| response.mean_score.unwrap_or(f64::NAN);
    let length = |response: &RankedResponse| response.n_characters as f64;
    let longest = responses.iter().map(length).fold(0.0, f64::max);
    let n_scored_pairs = ordered_pairs(scored.iter().copied()).count() as u64;
    Some(GroupMeasures {
        n_responses: responses.len() as u64,
        n_unscored: (responses.len() - scored.len()) as u64,
        n_pairs,
        n_scored_pairs,
        judge: measure_order(responses, &scored, score, |response| {
            response.mean_score == Some(PERFECT)
        }),
        length: measure_order(responses, &scored, length, |response| length(response) == longest),
        random: random_order(responses, n_scored_pairs),
    })
}

fn measure_order(
    all: &[RankedResponse],
    scored: &[&RankedResponse],
    worth: impl Fn(&RankedResponse) -> f64,
    is_top: impl Fn(&RankedResponse) -> bool,
) -> OrderMeasures {
    let (mut n_agree, mut n_tied) = (0.0, 0.0);
    for (better, worse) in ordered_pairs(scored.iter().copied()) {
        match worth(better).total_cmp(&worth(worse)) {
            Ordering::Greater => n_agree += 1.0,
            Ordering::Equal => n_tied += 1.0,
            Ordering::Less => {}
        }
    }
    let top: Vec<&RankedResponse> = all.iter().filter(|response| is_top(response)).collect();
    // A low rank is good and a high worth is good, so the rank changes sign.
    let human: Vec<f64> = scored.iter().map(|response| -f64::from(response.human_rank)).collect();
    let ours: Vec<f64> = scored.iter().map(|response| worth(response)).collect();
    OrderMeasures {
        n_agree,
        n_tied,
        exact: f64::from(u8::from(same_order(all, &worth))),
        n_top: top.len() as f64,
        n_top_and_best: n_best(all, top.iter().copied()) as f64,
        spearman: spearman(&human, &ours),
        kendall_tau_b: kendall_tau_b(&human, &ours),
    }
}

/// An order without ties, all equally likely: the expected values.
fn random_order(all: &[RankedResponse], n_scored_pairs: u64) -> OrderMeasures {
    let n = all.len();
    let n_pairs = n * (n - 1) / 2;
    let has_ties = ordered_pairs(all.iter()).count() < n_pairs;
    let n_orders: f64 = (1..=n).map(|i| i as f64).product();
    let correlation = (n_scored_pairs > 0).then_some(0.0);
    OrderMeasures {
        n_agree: n_scored_pairs as f64 / 2.0,
        n_tied: 0.0,
        exact: if has_ties { 0.0 } else { 1.0 / n_orders },
        n_top: 1.0,
        n_top_and_best: n_best(all, all.iter()) as f64 / n as f64,
        spearman: correlation,
        kendall_tau_b: correlation,
    }
}

/// How many of `some` people ranked first among all.
fn n_best<'a>(all: &[RankedResponse], some: impl Iterator<Item = &'a RankedResponse>) -> usize {
    let best_rank = all.iter().map(|response| response.human_rank).min();
    some.filter(|response| Some(response.human_rank) == best_rank).count()
}

/// Whether `worth` orders every pair, human ties too, as people do; an unknown worth (NaN) orders
/// nothing.
fn same_order(all: &[RankedResponse], worth: impl Fn(&RankedResponse) -> f64) -> bool {
    all.iter().enumerate().all(|(i, one)| {
        all[..i].iter().all(|other| {
            worth(one).partial_cmp(&worth(other)) == Some(other.human_rank.cmp(&one.human_rank))
        })
    })
}

/// Pairs that people ordered, the better response first.
fn ordered_pairs<'a>(
    responses: impl Iterator<Item = &'a RankedResponse> + Clone,
) -> impl Iterator<Item = (&'a RankedResponse, &'a RankedResponse)> {
    let others = responses.clone();
    responses.flat_map(move |better| {
        others
            .clone()
            .filter(move |worse| better.human_rank < worse.human_rank)
            .map(move |worse| (better, worse))
    })
}
