//! Settings of EFT building.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Error;

/// How two responses with one mean score, of different human ranks, count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ScoreTies {
    /// A tie contradicts no order.
    Agree,
    /// A tie is not the order that people gave.
    Disagree,
}

/// Which ranked and judged responses become judging examples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EftConfig {
    /// Whether equal mean scores of responses that people rank differently `agree` or `disagree`
    /// with people; the paper does not say. A prompt whose responses all have one mean score is
    /// left out either way: it ranks nothing.
    pub ties: ScoreTies,
    /// Largest share of the training rows that may have one score, above 0; 1 discards nothing.
    /// With n different scores the bound is at least 1/n. The paper discards part of the most
    /// common score and does not say how much.
    pub max_score_share: f64,
    /// Share of the prompts that go to evaluation, from 0 to 1; about 0.25 in the paper (541 of
    /// 2,171 rows).
    pub eval_share: f64,
}

impl Default for EftConfig {
    fn default() -> Self {
        Self { ties: ScoreTies::Agree, max_score_share: 0.4, eval_share: 0.25 }
    }
}

impl EftConfig {
    /// # Errors
    /// [`Error::Config`] with the first setting that cannot be used.
    pub fn validate(&self) -> Result<(), Error> {
        check_share("max_score_share", self.max_score_share)?;
        if !(0.0..=1.0).contains(&self.eval_share) {
            return Err(config_error("eval_share", self.eval_share, "it must be from 0 to 1"));
        }
        Ok(())
    }
}

/// Refuses a largest share of a score that no rows can keep.
pub(crate) fn check_share(key: &str, share: f64) -> Result<(), Error> {
    if share > 0.0 && share <= 1.0 {
        return Ok(());
    }
    Err(config_error(key, share, "it must be above 0 and at most 1, which discards nothing"))
}

fn config_error(key: &str, value: f64, remedy: &'static str) -> Error {
    Error::Config { key: key.to_owned(), value: value.to_string(), remedy }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_be_used_are_named() {
        let check = |change: fn(&mut EftConfig), expected: &str| {
            let mut config = EftConfig::default();
            change(&mut config);
            assert_eq!(config.validate().unwrap_err().to_string(), expected);
        };
        EftConfig::default().validate().unwrap();
        let share = |value| {
            format!(
                "`max_score_share` is {value}; it must be above 0 and at most 1, which discards nothing"
            )
        };
        check(|c| c.max_score_share = 0.0, &share("0"));
        check(|c| c.max_score_share = 1.5, &share("1.5"));
        check(|c| c.max_score_share = f64::NAN, &share("NaN"));
        check(|c| c.eval_share = -0.1, "`eval_share` is -0.1; it must be from 0 to 1");
    }

    #[test]
    fn only_known_settings_are_read() {
        let mut value = serde_json::to_value(EftConfig::default()).unwrap();
        assert_eq!(
            serde_json::from_value::<EftConfig>(value.clone()).unwrap(),
            EftConfig::default()
        );
        value["tie"] = "agree".into();
        assert!(
            serde_json::from_value::<EftConfig>(value).unwrap_err().to_string().contains("`tie`")
        );
    }
}
