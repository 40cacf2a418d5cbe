//! Settings of the hidden anchors.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use srlm_artifact::Score;

use crate::Error;

/// How many anchors a judge gets, and which scores accept an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnchorsConfig {
    /// Generated pairs of a right and a wrong answer, beside those of the user's file; 0 for none.
    /// The paper has none.
    pub count: u32,
    /// The least score that accepts an answer, in points of the judge's 0 to 5. 3 is the first
    /// whole score of the upper half.
    pub threshold: f64,
}

impl Default for AnchorsConfig {
    fn default() -> Self {
        Self { count: 0, threshold: 3.0 }
    }
}

impl AnchorsConfig {
    /// # Errors
    /// [`Error::Config`] where the threshold is no score, or the count beyond what differs.
    pub fn validate(&self) -> Result<(), Error> {
        if Score::new(self.threshold).is_none() {
            let remedy = "it must be from 0 to 5";
            return Err(Error::Config {
                key: "threshold",
                value: format!("{:?}", self.threshold),
                remedy,
            });
        }
        if self.count > 1000 {
            let remedy = "it must be at most 1000";
            return Err(Error::Config { key: "count", value: self.count.to_string(), remedy });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_be_used_are_named() {
        AnchorsConfig::default().validate().unwrap();
        let error = |count, threshold| {
            AnchorsConfig { count, threshold }.validate().unwrap_err().to_string()
        };
        assert_eq!(error(4, 5.5), "threshold = 5.5: it must be from 0 to 5");
        assert_eq!(error(4, f64::NAN), "threshold = NaN: it must be from 0 to 5");
        assert_eq!(error(1001, 3.0), "count = 1001: it must be at most 1000");
    }
}
