//! Hidden anchors: pairs of a right and a wrong answer to a question whose answer is known, judged
//! with the same rubric as everything else, to see what the judge's scores are worth.
//!
//! Each answer is a request of its own that looks like any other, so a judge cannot tell that it is
//! being tested.
//!
//! ```
//! use srlm_eval::anchors::{AnchorScores, anchor_summary, generated};
//!
//! let anchors = generated(8, 42);
//! // A judge that gives a right answer 4 and a wrong one 1.
//! let judged: Vec<AnchorScores> = anchors
//!     .iter()
//!     .map(|anchor| AnchorScores { id: anchor.id.clone(), kind: anchor.kind, right: Some(4.0), wrong: Some(1.0) })
//!     .collect();
//! let found = anchor_summary("M1", &judged, 3.0);
//! assert_eq!(found.youden_j.map(|j| j.value), Some(1.0));
//! ```

mod anchor;
mod arithmetic;
mod config;
mod difference;
mod form;
mod stage;
mod summary;

pub use anchor::{Anchor, AnchorKind, generated, read_anchors};
pub use config::AnchorsConfig;
pub use stage::{begin, read, write};
pub use summary::{AnchorScores, AnchorSummary, KindSummary, anchor_summary};
