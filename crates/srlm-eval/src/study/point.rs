//! Runs that differ in their seeds only.

use std::collections::BTreeMap;

use serde::Serialize;

use super::measure::MEASURES;
use super::reading::{Reading, Sample};
use super::{Settings, StudyRun};

/// A combination of settings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// The values of the settings that the study changes.
    pub settings: Settings,
    /// One for each seed.
    pub runs: Vec<StudyRun>,
    /// `win_rate`, `judge_accuracy`, `held_out_loss`, `response_tokens`, `seconds`: of the last
    /// model of the runs that are done; absent where none is.
    pub readings: BTreeMap<&'static str, Reading>,
}

/// Groups runs by their settings, in the order in which these come first.
pub(crate) fn points(runs: Vec<(Settings, StudyRun)>) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::new();
    for (settings, run) in runs {
        match points.iter_mut().find(|point| point.settings == settings) {
            Some(point) => point.runs.push(run),
            None => points.push(Point { settings, runs: vec![run], readings: BTreeMap::new() }),
        }
    }
    for point in &mut points {
        point.readings = readings(&point.runs);
    }
    points
}

pub(crate) fn readings(runs: &[StudyRun]) -> BTreeMap<&'static str, Reading> {
    let reading = |measure: &super::measure::Measure| {
        let samples: Vec<Sample> = runs.iter().filter_map(measure.of).collect();
        Some((measure.name, Reading::of(&samples, measure.range)?))
    };
    MEASURES.iter().filter_map(reading).collect()
}
