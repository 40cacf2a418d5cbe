//! What a benchmark came to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ItemScore, Metric};
use crate::{Bootstrap, Estimate};

/// A metric of a benchmark with its uncertainty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// The value, with a bootstrap interval over questions.
    pub estimate: Estimate,
    /// Standard deviation of the sample over the root of the number of questions; `None` of a
    /// single question. Of perplexity, that of the mean log-likelihood times the perplexity (the
    /// harness resamples instead).
    pub standard_error: Option<f64>,
}

/// The metrics of a benchmark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Questions scored.
    pub n_items: u64,
    /// Each metric of the benchmark.
    pub metrics: BTreeMap<Metric, Measured>,
}

/// Means over the questions; of perplexity, `exp` of minus the mean log-likelihood.
pub fn summary(scores: &[ItemScore], bootstrap: &Bootstrap) -> Summary {
    let mut values: BTreeMap<Metric, Vec<f64>> = BTreeMap::new();
    for (&metric, &value) in scores.iter().flat_map(|score| &score.values) {
        values.entry(metric).or_default().push(value);
    }
    let metrics = values
        .into_iter()
        .filter_map(|(metric, values)| Some((metric, measured(metric, &values, bootstrap)?)));
    Summary { n_items: scores.len() as u64, metrics: metrics.collect() }
}

fn measured(metric: Metric, values: &[f64], bootstrap: &Bootstrap) -> Option<Measured> {
    let read = |mean: f64| if metric == Metric::Perplexity { (-mean).exp() } else { mean };
    let estimate = bootstrap.estimate(values, |values| mean(values.iter().copied()).map(read))?;
    let scale = if metric == Metric::Perplexity { estimate.value } else { 1.0 };
    Some(Measured { estimate, standard_error: standard_error(values).map(|error| error * scale) })
}

fn mean<'a>(values: impl ExactSizeIterator<Item = &'a f64>) -> Option<f64> {
    let n = values.len();
    (n > 0).then(|| values.sum::<f64>() / n as f64)
}

fn standard_error(values: &[f64]) -> Option<f64> {
    let (mean, n) = (mean(values.iter())?, values.len() as f64);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (n > 1.0).then(|| (squares / (n - 1.0)).sqrt() / n.sqrt())
}
