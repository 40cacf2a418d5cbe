//! Whether a model is better than the one before it, by stated rules.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Error;

/// What an evaluation says of a model against the one before it. This is the one place where the
/// rules stand; their numbers are those of [`VerdictRules`].
///
/// Each axis is [`Change::Better`] or [`Change::Worse`] only where its interval leaves out no
/// change, see [`Change`]. From both axes:
///
/// 1. *worse* where the answers are worse.
/// 2. *suspicious* where something speaks against the numbers:
///    the win rate rises but its length-controlled interval does not lie above one half;
///    or the answers are longer than before by more than `max_length_growth`;
///    or the win rate rises only by an evaluator that took part in training, while agreement with
///    people falls.
/// 3. *improved* where the answers are better; or where they are the same and the judging is
///    better.
/// 4. *worse* where the judging is worse and the answers are not better.
/// 5. *flat* where the answers are the same.
/// 6. *inconclusive* otherwise: little data cannot show that nothing changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Shown to be better.
    Improved,
    /// Shown to be about the same.
    Flat,
    /// Shown to be worse.
    Worse,
    /// A gain or a growth that may be none.
    Suspicious,
    /// Nothing of this is shown.
    #[default]
    Inconclusive,
}

/// What is shown on one axis.
///
/// Answers, by the head-to-head: *better* and *worse* need the interval of the win rate on one side
/// of one half and a sign test's p-value below `significance`; the bootstrap interval of a few
/// prompts is too narrow, and the sign test leaves ties out. *Same* needs `min_prompts` prompts,
/// the interval within `flat_within` of one half, and at most half of the prompts decided by the
/// places of the answers.
///
/// Judging, by the change of pairwise accuracy: *better* and *worse* need its interval on one side
/// of zero and a sign test over prompts below `significance`, *same* `min_prompts` prompts and the
/// interval within `flat_within` of zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// The interval lies above no change.
    Better,
    /// The interval lies close around no change.
    Same,
    /// The interval lies below no change.
    Worse,
    /// None of these, or not measured.
    #[default]
    Unclear,
}

/// One axis.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// What is shown.
    pub change: Change,
    /// The numbers, as a part of a sentence.
    pub reason: String,
}

/// The numbers in the rules of [`Verdict`] and [`Change`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerdictRules {
    /// Wins against losses, and prompts judged better against worse, are uneven when the sign
    /// test's p-value is below this.
    pub significance: f64,
    /// No axis is the same on fewer prompts than this.
    pub min_prompts: u64,
    /// An axis is the same where its whole interval lies within this of no change; shares from 0 to
    /// 1.
    pub flat_within: f64,
    /// Mean response length in tokens over that of the model before, from which growth is
    /// suspicious. The paper's responses grew by 1.4 and 1.6 (section 3.2).
    pub max_length_growth: f64,
}

impl Default for VerdictRules {
    fn default() -> Self {
        Self { significance: 0.05, min_prompts: 30, flat_within: 0.1, max_length_growth: 1.5 }
    }
}

impl VerdictRules {
    /// Refuses numbers that have no meaning.
    ///
    /// # Errors
    /// [`Error::Config`] names the key, its value and the remedy.
    pub fn validate(&self) -> Result<(), Error> {
        let problem =
            |key, value: f64, remedy| Err(Error::Config { key, value: value.to_string(), remedy });
        if !(self.significance > 0.0 && self.significance < 1.0) {
            return problem(
                "significance",
                self.significance,
                "use a share between 0 and 1, such as 0.05",
            );
        }
        if !(self.flat_within > 0.0 && self.flat_within < 0.5) {
            return problem(
                "flat_within",
                self.flat_within,
                "use a share between 0 and 0.5, such as 0.1",
            );
        }
        if !(self.max_length_growth > 1.0 && self.max_length_growth.is_finite()) {
            return problem(
                "max_length_growth",
                self.max_length_growth,
                "use a factor above 1, such as 1.5",
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_rules_are_named() {
        let rows = [
            VerdictRules { significance: 0.0, ..VerdictRules::default() },
            VerdictRules { flat_within: 0.5, ..VerdictRules::default() },
            VerdictRules { max_length_growth: 1.0, ..VerdictRules::default() },
        ];
        let texts: Vec<String> =
            rows.iter().map(|rules| rules.validate().unwrap_err().to_string()).collect();
        insta::assert_snapshot!(texts.join("\n"), @r"
        significance = 0: use a share between 0 and 1, such as 0.05
        flat_within = 0.5: use a share between 0 and 0.5, such as 0.1
        max_length_growth = 1: use a factor above 1, such as 1.5
        ");
        assert!(VerdictRules::default().validate().is_ok());
    }
}
