//! The forms that human judgments come in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fields::Fields;

/// What the rows of a file of human judgments look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HumanFormat {
    /// A prompt and its responses in human order.
    Ranked,
    /// A prompt, two responses, and which is better.
    Pairwise,
    /// A prompt, a response, and its score.
    Ratings,
}

const FORMATS: [HumanFormat; 3] =
    [HumanFormat::Ranked, HumanFormat::Pairwise, HumanFormat::Ratings];

impl HumanFormat {
    /// As the command line names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ranked => "ranked",
            Self::Pairwise => "pairwise",
            Self::Ratings => "ratings",
        }
    }

    /// What the fields of a row say of its form.
    pub(super) fn of(row: &Value, fields: Fields<'_>) -> Option<Self> {
        let has = |column| fields.find(row, column).is_some();
        if (has("response_a") && has("response_b")) || (has("replies") && has("verdict")) {
            Some(Self::Pairwise)
        } else if has("replies") {
            Some(Self::Ranked)
        } else if has("response") && has("score") {
            Some(Self::Ratings)
        } else {
            None
        }
    }
}

impl fmt::Display for HumanFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for HumanFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = FORMATS.into_iter().find(|format| format.name() == text);
        found.ok_or_else(|| {
            format!("no form of human judgments is called `{text}`: ranked, pairwise or ratings")
        })
    }
}
