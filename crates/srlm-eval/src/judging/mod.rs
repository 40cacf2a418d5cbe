//! Any judge against people: ranked groups, verdicts on pairs, ratings.
//!
//! [`measure`] takes what people and the judge say of the same responses and gives a
//! [`JudgeReport`]: the paper's five measures, those of ratings and of verdicts, parse, tie and
//! abstention rates, and whether the judge's scores mean what they say. Beside each figure stand
//! the length baseline and two random ones, and every interval is by bootstrap over the trees that
//! responses depend on each other in.

mod calibration;
mod data;
mod measure;
mod pairwise;
mod ratings;
mod report;
mod stage;
mod table;

pub use calibration::{GapBin, ScoreBin, ScoreCalibration};
pub use data::{JudgedGroup, JudgedPair, JudgedResponse, Scale};
pub use measure::{Judged, measure};
pub use pairwise::{PairMeasures, PairwiseReport};
pub use ratings::{RatingMeasures, RatingsReport};
pub use report::{JudgeReport, ScoreReport};
pub use stage::{read, write};
