//! A judge's scores against people's ratings.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use super::data::{JudgedGroup, Pick, Scale, by_tree};
use crate::bootstrap::draw_below;
use crate::rank::kendall_tau_b;
use crate::{Bootstrap, Estimate, pearson, quadratic_kappa, spearman};

/// Measures of one source of scores. `None` where nothing can be measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatingMeasures {
    /// Pearson's correlation over all responses.
    pub pearson: Option<Estimate>,
    /// Spearman's rho over all responses.
    pub spearman: Option<Estimate>,
    /// Kendall's tau-b over all responses.
    pub kendall_tau_b: Option<Estimate>,
    /// Mean over the prompts with several rated responses of Pearson's correlation, where it is
    /// defined.
    pub pearson_within: Option<Estimate>,
    /// The same of Spearman's rho.
    pub spearman_within: Option<Estimate>,
    /// The same of Kendall's tau-b.
    pub kendall_tau_b_within: Option<Estimate>,
    /// Mean distance of score and rating, both from 0 to 5.
    pub mean_absolute_error: Option<Estimate>,
    /// Cohen's kappa with quadratic weights, both rounded to whole numbers from 0 to 5.
    pub quadratic_kappa: Option<Estimate>,
}

/// A judge beside three baselines on the same responses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatingsReport {
    /// Rated responses.
    pub n_ratings: u64,
    /// Those with a score of the judge; the others count for nothing.
    pub n_scored: u64,
    /// The judge.
    pub judge: RatingMeasures,
    /// The length in characters as the score; it is on no scale, so it has correlations only.
    pub length_baseline: RatingMeasures,
    /// Scores from 0 to 5 drawn at random, all equally likely: what is expected of them.
    pub random_baseline: RatingMeasures,
    /// The judge's own scores dealt to the responses at random: the mean over permutations, and the
    /// interval that holds most of them.
    pub shuffled_baseline: RatingMeasures,
}

/// A rated and scored response.
#[derive(Clone, Copy, Debug)]
struct Point {
    rating: f64,
    score: f64,
    length: f64,
}

/// The points of a tree, by prompt.
type Tree = Vec<Vec<Point>>;

const N_PERMUTATIONS: usize = 200;

pub(super) fn ratings(
    groups: &[JudgedGroup],
    scale: Scale,
    pick: Pick,
    bootstrap: &Bootstrap,
) -> RatingsReport {
    let point = |response: &super::JudgedResponse| {
        let (rating, length) = (scale.stored(response.worth), response.n_characters as f64);
        Some(Point { rating, score: pick(response)?, length })
    };
    let group = |group: &&JudgedGroup| group.responses.iter().filter_map(point).collect::<Vec<_>>();
    let trees = by_tree(groups, |group| &group.tree);
    let trees: Vec<Tree> = trees.iter().map(|groups| groups.iter().map(group).collect()).collect();
    RatingsReport {
        n_ratings: groups.iter().map(|group| group.responses.len() as u64).sum(),
        n_scored: trees.iter().flatten().map(|points| points.len() as u64).sum(),
        judge: measures(|statistic| {
            bootstrap.estimate(&trees, |trees| statistic(trees, |point| point.score))
        }),
        length_baseline: RatingMeasures {
            mean_absolute_error: None,
            quadratic_kappa: None,
            ..measures(|statistic| {
                bootstrap.estimate(&trees, |trees| statistic(trees, |point| point.length))
            })
        },
        random_baseline: random(&trees, bootstrap),
        shuffled_baseline: shuffled(&trees, bootstrap),
    }
}

type Value = fn(&Point) -> f64;
type Statistic = fn(&[&Tree], Value) -> Option<f64>;

fn measures(mut estimate: impl FnMut(Statistic) -> Option<Estimate>) -> RatingMeasures {
    RatingMeasures {
        pearson: estimate(|trees, value| overall(trees, value, pearson)),
        spearman: estimate(|trees, value| overall(trees, value, spearman)),
        kendall_tau_b: estimate(|trees, value| overall(trees, value, kendall_tau_b)),
        pearson_within: estimate(|trees, value| within(trees, value, pearson)),
        spearman_within: estimate(|trees, value| within(trees, value, spearman)),
        kendall_tau_b_within: estimate(|trees, value| within(trees, value, kendall_tau_b)),
        mean_absolute_error: estimate(|trees, value| {
            mean(points(trees).map(|p| (value(p) - p.rating).abs()))
        }),
        quadratic_kappa: estimate(|trees, value| {
            let grade = |x: f64| x.clamp(0.0, 5.0).round() as u8;
            quadratic_kappa(
                &points(trees).map(|p| (grade(value(p)), grade(p.rating))).collect::<Vec<_>>(),
            )
        }),
    }
}

fn points<'a>(trees: &'a [&Tree]) -> impl Iterator<Item = &'a Point> {
    trees.iter().copied().flatten().flatten()
}

type Correlate = fn(&[f64], &[f64]) -> Option<f64>;

fn overall(trees: &[&Tree], value: Value, correlate: Correlate) -> Option<f64> {
    let (values, ratings): (Vec<f64>, Vec<f64>) =
        points(trees).map(|point| (value(point), point.rating)).unzip();
    correlate(&values, &ratings)
}

fn within(trees: &[&Tree], value: Value, correlate: Correlate) -> Option<f64> {
    mean(trees.iter().copied().flatten().filter_map(|points| {
        let (values, ratings): (Vec<f64>, Vec<f64>) =
            points.iter().map(|point| (value(point), point.rating)).unzip();
        correlate(&values, &ratings)
    }))
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (n, sum) = values.fold((0u64, 0.0), |(n, sum), value| (n + 1, sum + value));
    (n > 0).then(|| sum / n as f64)
}

/// Correlations are 0 wherever the length, which is hardly ever constant, has one.
fn random(trees: &[Tree], bootstrap: &Bootstrap) -> RatingMeasures {
    let zero = |defined: bool| defined.then_some(Estimate { value: 0.0, low: 0.0, high: 0.0 });
    let n_points = trees.iter().flatten().map(Vec::len).sum::<usize>();
    let (overall, within) =
        (zero(n_points > 1), zero(trees.iter().flatten().any(|points| points.len() > 1)));
    RatingMeasures {
        pearson: overall,
        spearman: overall,
        kendall_tau_b: overall,
        pearson_within: within,
        spearman_within: within,
        kendall_tau_b_within: within,
        mean_absolute_error: bootstrap
            .estimate(trees, |trees| mean(points(trees).map(random_distance))),
        quadratic_kappa: overall,
    }
}

/// The mean distance of a rating from 0, 1 ... 5.
fn random_distance(point: &Point) -> f64 {
    (0..=5u8).map(|score| (f64::from(score) - point.rating).abs()).sum::<f64>() / 6.0
}

fn shuffled(trees: &[Tree], bootstrap: &Bootstrap) -> RatingMeasures {
    let mut generator = ChaCha8Rng::seed_from_u64(bootstrap.seed);
    let mut scores: Vec<f64> = trees.iter().flatten().flatten().map(|point| point.score).collect();
    let mut dealt: Vec<Vec<Tree>> = Vec::new();
    for _ in 0..N_PERMUTATIONS {
        for i in (1..scores.len()).rev() {
            scores.swap(i, draw_below(&mut generator, i + 1));
        }
        let (mut trees, mut rest) = (trees.to_vec(), scores.iter());
        for point in trees.iter_mut().flatten().flatten() {
            point.score = rest.next().copied().unwrap_or(point.score);
        }
        dealt.push(trees);
    }
    measures(|statistic| {
        let value =
            |trees: &Vec<Tree>| statistic(&trees.iter().collect::<Vec<_>>(), |point| point.score);
        bootstrap.spread(dealt.iter().filter_map(value).collect())
    })
}
