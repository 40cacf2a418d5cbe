//! What a study compares.

use super::StudyRun;
use super::reading::{Reading, Sample};
use crate::report::format::{duration, percent};

/// Ends that a share cannot exceed.
const SHARE: [f64; 2] = [0.0, 1.0];
/// Ends of what is counted or timed.
const POSITIVE: [f64; 2] = [0.0, f64::INFINITY];

/// A measure of a run's last model, or of the run.
pub(crate) struct Measure {
    /// In JSON.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) unit: &'static str,
    /// What the reader should know.
    pub(crate) note: &'static str,
    /// A level with a meaning, and its name.
    pub(crate) level: Option<(f64, &'static str)>,
    pub(crate) range: [f64; 2],
    pub(crate) of: fn(&StudyRun) -> Option<Sample>,
    pub(crate) text: fn(f64) -> String,
}

pub(crate) const MEASURES: [Measure; 5] = [
    Measure {
        name: "win_rate",
        title: "Win rate",
        unit: "last model over M1",
        note: "0.5 is no change",
        level: Some((0.5, "no change")),
        range: SHARE,
        of: |run| run.last()?.win_rate.map(Sample::from),
        text: |value| format!("{value:.2}"),
    },
    Measure {
        name: "judge_accuracy",
        title: "As a judge",
        unit: "pairs ordered as people do",
        note: "last model",
        level: None,
        range: SHARE,
        of: |run| run.last()?.judge_accuracy.map(Sample::from),
        text: percent,
    },
    Measure {
        name: "held_out_loss",
        title: "Held-out loss",
        unit: "nats per token",
        note: "last model; lower is better",
        level: None,
        range: POSITIVE,
        of: |run| run.last()?.held_out_loss.map(Sample::from),
        text: |value| format!("{value:.3}"),
    },
    Measure {
        name: "response_tokens",
        title: "Response length",
        unit: "tokens, mean",
        note: "last model",
        level: None,
        range: POSITIVE,
        of: |run| run.last()?.response_tokens.map(Sample::from),
        text: |value| format!("{value:.0}"),
    },
    Measure {
        name: "seconds",
        title: "Time",
        unit: "seconds of all stages",
        note: "what is shared counted in each run",
        level: None,
        range: POSITIVE,
        of: |run| run.last().and(run.cost.seconds).map(Sample::from),
        text: duration,
    },
];

impl Measure {
    /// `0.51 [0.45, 0.57]`.
    pub(crate) fn reading(&self, reading: &Reading) -> String {
        let text = self.text;
        let interval =
            reading.interval.map(|[low, high]| format!(" [{}, {}]", text(low), text(high)));
        text(reading.value) + &interval.unwrap_or_default()
    }
}
