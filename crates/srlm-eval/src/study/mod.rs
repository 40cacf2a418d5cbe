//! Many runs over a grid of settings: what each came to, and a curve over every setting that
//! varies.
//!
//! A *point* is a combination of settings; its *runs* differ in their seeds only. A study's folder
//! holds `runs/ID`, each an ordinary run, the pages that [`study_page`], [`study_markdown`] and
//! [`study_json`] make of them, and `result`, an artifact of the kind `study`.

mod chart;
mod cost;
mod curve;
mod markdown;
mod measure;
mod page;
mod point;
mod read;
mod reading;
mod result;
mod run;
mod sentences;

pub use cost::Cost;
pub use curve::{Axis, Curve, CurvePoint};
pub use markdown::study_markdown;
pub use page::study_page;
pub use point::Point;
pub use read::FAILED;
pub use reading::Reading;
pub use result::{seal, study_json};
pub use run::{ModelMeasures, PlannedRun, RunState, Settings, StudyRun};

use serde::Serialize;

/// What a study has come to so far; read with [`Study::read`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Study {
    /// Its name.
    pub name: String,
    /// Settings that differ between points, sorted by key.
    pub axes: Vec<Axis>,
    /// In the order of the plan.
    pub points: Vec<Point>,
    /// For each axis and measure, the points that differ in nothing else.
    pub curves: Vec<Curve>,
    /// Time of all stages in seconds, a shared one counted once; `None` in a sealed result, which
    /// does not depend on it.
    pub seconds: Option<f64>,
}

impl Study {
    /// Every run, point by point.
    pub fn runs(&self) -> impl Iterator<Item = &StudyRun> {
        self.points.iter().flat_map(|point| &point.runs)
    }
}
