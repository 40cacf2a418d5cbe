//! Settings of pair selection.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use srlm_artifact::Score;

use crate::Error;

/// Which pairs are kept: the best candidate of a prompt against its worst, as far as the two are apart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PairsConfig {
    /// A pair is kept where `score_chosen - score_rejected` is at least this, in points of the judge's 0 to 5, and
    /// above 0: ties never make a pair. The paper takes 0.
    pub min_score_gap: f64,
}

impl PairsConfig {
    /// # Errors
    /// [`Error::Config`] where the gap is not a number from 0 to 5.
    pub fn validate(&self) -> Result<(), Error> {
        if (0.0..=Score::MAX).contains(&self.min_score_gap) {
            return Ok(());
        }
        Err(Error::Config { key: "min_score_gap", value: self.min_score_gap, remedy: "it must be from 0 to 5" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_that_no_pair_can_have_is_refused() {
        let check = |min_score_gap, expected: Option<&str>| {
            let problem = PairsConfig { min_score_gap }.validate().err().map(|error| error.to_string());
            assert_eq!(problem.as_deref(), expected);
        };
        PairsConfig::default().validate().unwrap();
        check(0.0, None);
        check(0.5, None);
        check(5.0, None);
        check(5.5, Some("`min_score_gap` is 5.5; it must be from 0 to 5"));
        check(-0.5, Some("`min_score_gap` is -0.5; it must be from 0 to 5"));
        check(f64::NAN, Some("`min_score_gap` is NaN; it must be from 0 to 5"));
        check(f64::INFINITY, Some("`min_score_gap` is inf; it must be from 0 to 5"));
    }

    #[test]
    fn only_known_settings_are_read_and_every_one_is_needed() {
        let parse = |text| serde_json::from_str::<PairsConfig>(text);
        assert_eq!(parse(r#"{"min_score_gap": 1}"#).unwrap(), PairsConfig { min_score_gap: 1.0 });
        assert!(parse("{}").unwrap_err().to_string().contains("missing field `min_score_gap`"));
        let unknown = parse(r#"{"min_score_gap": 1.0, "min_gap": 1.0}"#).unwrap_err();
        assert!(unknown.to_string().contains("unknown field `min_gap`"));
    }
}
