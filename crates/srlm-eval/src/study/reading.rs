//! A measure of a point: one run or several.

use serde::Serialize;

use crate::Estimate;

/// 97.5 % quantiles of Student's t with 1, 2, 3 ... degrees of freedom; beyond them the last, which
/// is too wide.
const T: [f64; 10] = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

/// A measure of a point, with its 95 % interval where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Reading {
    /// The mean over runs.
    pub value: f64,
    /// Of one run: what the run itself gives, a bootstrap over prompts. Of several: the wider of
    /// the mean of those and of Student's t over the runs, end by end.
    pub interval: Option<[f64; 2]>,
    /// Runs that have the measure.
    pub n_runs: usize,
}

/// What one run says: a value, and its own interval where it has one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) value: f64,
    pub(crate) interval: Option<[f64; 2]>,
}

impl From<Estimate> for Sample {
    fn from(estimate: Estimate) -> Self {
        Self { value: estimate.value, interval: Some([estimate.low, estimate.high]) }
    }
}

impl From<f64> for Sample {
    fn from(value: f64) -> Self {
        Self { value, interval: None }
    }
}

impl Reading {
    /// The mean of the samples; ends of the interval are kept within `range`. `None` without a
    /// sample.
    pub(crate) fn of(samples: &[Sample], range: [f64; 2]) -> Option<Self> {
        let values: Vec<f64> = samples.iter().map(|sample| sample.value).collect();
        let value = mean(&values)?;
        let intervals = [over_prompts(samples), over_runs(&values, value)];
        let interval =
            intervals.into_iter().flatten().reduce(|[a, b], [c, d]| [a.min(c), b.max(d)]);
        let interval = interval.map(|[low, high]| [low.max(range[0]), high.min(range[1])]);
        Some(Self { value, interval, n_runs: values.len() })
    }

    /// Whether the intervals of both have no value in common; `false` where one has none, or one
    /// without width: that all of a few prompts came out alike proves nothing.
    pub fn is_apart_from(&self, other: &Self) -> bool {
        match (self.with_width(), other.with_width()) {
            (Some([low, high]), Some([other_low, other_high])) => {
                high < other_low || other_high < low
            }
            _ => false,
        }
    }

    /// The interval, if it is more than a point.
    pub(crate) fn with_width(&self) -> Option<[f64; 2]> {
        self.interval.filter(|[low, high]| low < high)
    }
}

/// Runs answer the same held-out prompts: more of them do not make this narrower.
fn over_prompts(samples: &[Sample]) -> Option<[f64; 2]> {
    let ends: Vec<[f64; 2]> =
        samples.iter().map(|sample| sample.interval).collect::<Option<_>>()?;
    let end = |i: usize| mean(&ends.iter().map(|interval| interval[i]).collect::<Vec<_>>());
    Some([end(0)?, end(1)?])
}

fn over_runs(values: &[f64], mean: f64) -> Option<[f64; 2]> {
    let degrees = values.len().checked_sub(1).filter(|degrees| *degrees > 0)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let error = (squares / degrees as f64 / values.len() as f64).sqrt();
    let half = T[degrees.min(T.len()) - 1] * error;
    Some([mean - half, mean + half])
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERYWHERE: [f64; 2] = [f64::NEG_INFINITY, f64::INFINITY];

    fn estimate(value: f64, half: f64) -> Sample {
        Estimate { value, low: value - half, high: value + half }.into()
    }

    #[track_caller]
    fn check(samples: &[Sample], range: [f64; 2], value: f64, interval: Option<[f64; 2]>) {
        let found = Reading::of(samples, range).unwrap();
        let close = |a: f64, b: f64| (a - b).abs() < 1e-3;
        assert!(close(found.value, value), "{found:?}");
        assert_eq!(found.interval.is_some(), interval.is_some(), "{found:?}");
        let ends = found.interval.into_iter().flatten().zip(interval.into_iter().flatten());
        assert!({ ends }.all(|(a, b)| close(a, b)), "{found:?}");
    }

    #[test]
    fn intervals_are_the_wider_of_prompts_and_runs() {
        assert_eq!(Reading::of(&[], EVERYWHERE), None);
        check(&[2.0.into()], EVERYWHERE, 2.0, None);
        check(&[estimate(0.5, 0.1)], EVERYWHERE, 0.5, Some([0.4, 0.6]));
        // scipy.stats.t.interval(0.95, 2, loc=2, scale=scipy.stats.sem([1, 2, 3])) is (-0.4841,
        // 4.4841).
        check(&[1.0.into(), 2.0.into(), 3.0.into()], EVERYWHERE, 2.0, Some([-0.484, 4.484]));
        // Equal values of a few runs prove nothing: the prompts remain few.
        check(&[estimate(0.5, 0.1), estimate(0.5, 0.3)], EVERYWHERE, 0.5, Some([0.3, 0.7]));
        check(&[estimate(0.2, 0.1), estimate(0.6, 0.1)], [0.0, 1.0], 0.4, Some([0.0, 1.0]));
    }

    #[test]
    fn apart_needs_two_intervals_without_a_common_value() {
        let of = |value, half| Reading::of(&[estimate(value, half)], EVERYWHERE).unwrap();
        assert!(
            of(0.2, 0.05).is_apart_from(&of(0.5, 0.1))
                && of(0.5, 0.1).is_apart_from(&of(0.2, 0.05))
        );
        assert!(!of(0.2, 0.2).is_apart_from(&of(0.5, 0.125)));
        assert!(!Reading::of(&[1.0.into()], EVERYWHERE).unwrap().is_apart_from(&of(9.0, 0.1)));
        assert!(!of(0.5, 0.0).is_apart_from(&of(0.7, 0.1)), "only ties are no evidence");
    }
}
