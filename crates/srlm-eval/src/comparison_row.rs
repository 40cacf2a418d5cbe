//! One prompt answered by two models and compared: a line of `comparisons.jsonl`.

use serde::{Deserialize, Serialize};

use crate::controlled::{LengthPair, Match};
use crate::{Comparison, Outcome, Preference};

/// A comparison with whose answers they were and how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComparisonRow {
    /// The prompt.
    pub prompt_id: String,
    /// The model evaluated, the new one.
    pub model: String,
    /// The model it is compared with, the old one.
    pub opponent: String,
    /// The verdict with the new model's response first.
    pub new_first: Option<Preference>,
    /// The verdict with the new model's response second.
    pub new_second: Option<Preference>,
    /// Length of the new model's response, in characters (Unicode scalar values).
    pub new_characters: u64,
    /// Length of the old model's response, in characters.
    pub old_characters: u64,
}

impl ComparisonRow {
    /// The two verdicts alone.
    pub fn comparison(&self) -> Comparison {
        Comparison {
            prompt_id: self.prompt_id.clone(),
            new_first: self.new_first,
            new_second: self.new_second,
        }
    }

    /// For length control; `None` where a verdict is missing.
    pub(crate) fn length_pair(&self) -> Option<LengthPair> {
        let preference = self.points()?;
        Some(LengthPair {
            preference,
            new_length: self.new_characters,
            old_length: self.old_characters,
        })
    }

    /// For ratings; `None` where a verdict is missing.
    pub(crate) fn rated(&self) -> Option<Match> {
        let Self { prompt_id, model, opponent, .. } = self.clone();
        Some(Match { prompt_id, model, opponent, points: self.points()? })
    }

    fn points(&self) -> Option<f64> {
        self.comparison().outcome().points()
    }
}

impl Outcome {
    /// What the new model gets: 1 for a win, 0.5 for a tie, 0 for a loss.
    pub(crate) fn points(self) -> Option<f64> {
        match self {
            Self::Win => Some(1.0),
            Self::Tie | Self::Disagreement => Some(0.5),
            Self::Loss => Some(0.0),
            Self::Missing => None,
        }
    }
}
