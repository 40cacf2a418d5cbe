//! Settings of judging.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use srlm_generate::Sampling;

use crate::{Error, HealthConfig};

/// How responses are judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JudgeConfig {
    /// `additive` (the paper's scheme), `multiple_choice`, `safety`, or the path of a rubric file.
    /// Who calls
    /// [`run`](crate::run) reads the file; its text is part of the artifact's key, its path is not.
    pub rubric: String,
    /// Judgments of each response; the paper takes 3 and averages them.
    pub judgments: u32,
    /// Whether each judgment has an expected score as well: the mean of the possible scores,
    /// weighted by the probability that the judge gave them. The paper has none. With it one
    /// judgment may do.
    pub expected_score: bool,
    /// Most characters of a response that the judge reads; the rest is left out, and the judge is
    /// told so. 0 leaves nothing out, as the paper does.
    pub max_response_characters: u32,
    /// What is done with responses that reached the token limit; the paper does not say.
    pub unfinished: Unfinished,
    /// Responses that are judged together, and saved together when the run is interrupted.
    pub group_responses: u32,
    /// How tokens are drawn; the paper's values are temperature 0.7 and top-p 0.9.
    pub sampling: Sampling,
    /// When judging counts as unhealthy.
    pub health: HealthConfig,
}

/// What is done with responses that reached the token limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Unfinished {
    /// They are judged as the others are.
    Judge,
    /// They are not judged, and counted.
    Exclude,
}

impl Default for JudgeConfig {
    fn default() -> Self {
        Self {
            rubric: "additive".to_owned(),
            judgments: 3,
            expected_score: false,
            max_response_characters: 0,
            unfinished: Unfinished::Judge,
            group_responses: 32,
            sampling: Sampling {
                max_tokens: 256,
                temperature: 0.7,
                top_p: 0.9,
                ..Sampling::default()
            },
            health: HealthConfig::default(),
        }
    }
}

impl JudgeConfig {
    /// # Errors
    /// [`Error::Config`] with the first setting that cannot be used.
    pub fn validate(&self) -> Result<(), Error> {
        let problem = |key: &str, value: String, remedy| {
            Err(Error::Config { key: key.to_owned(), value, remedy })
        };
        if self.rubric.trim().is_empty() {
            return problem("rubric", format!("{:?}", self.rubric), RUBRIC);
        }
        if self.judgments == 0 {
            return problem("judgments", "0".to_owned(), "it must be at least 1");
        }
        if self.group_responses == 0 {
            return problem("group_responses", "0".to_owned(), "it must be at least 1");
        }
        check_sampling(&self.sampling)?;
        self.health.validate()
    }
}

const RUBRIC: &str =
    "it must be `additive`, `multiple_choice`, `safety` or the path of a rubric file";

pub(crate) fn check_sampling(sampling: &Sampling) -> Result<(), Error> {
    let Some((key, remedy)) = sampling.problem() else { return Ok(()) };
    let value = match serde_json::to_value(sampling) {
        Ok(fields) => fields[key].to_string(),
        Err(_) => "not a number".to_owned(),
    };
    Err(Error::Config { key: format!("sampling.{key}"), value, remedy })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_be_used_are_named() {
        let check = |change: fn(&mut JudgeConfig), expected: &str| {
            let mut config = JudgeConfig::default();
            change(&mut config);
            assert_eq!(config.validate().unwrap_err().to_string(), expected);
        };
        JudgeConfig::default().validate().unwrap();
        check(|c| c.rubric = " ".to_owned(), &format!("`rubric` is \" \"; {RUBRIC}"));
        check(|c| c.judgments = 0, "`judgments` is 0; it must be at least 1");
        check(|c| c.group_responses = 0, "`group_responses` is 0; it must be at least 1");
        check(|c| c.sampling.top_p = 1.5, "`sampling.top_p` is 1.5; must be above 0 and at most 1");
        let share = "it must be a number from 0 to 1";
        check(
            |c| c.health.min_parse_rate = 80.0,
            &format!("`health.min_parse_rate` is 80; {share}"),
        );
        check(
            |c| c.health.max_tie_rate = f64::NAN,
            &format!("`health.max_tie_rate` is NaN; {share}"),
        );
        let correlation = "`health.max_length_correlation` is -2; it must be a number from -1 to 1";
        check(|c| c.health.max_length_correlation = -2.0, correlation);
    }

    #[test]
    fn unknown_keys_are_refused() {
        let mut value = serde_json::to_value(JudgeConfig::default()).unwrap();
        assert_eq!(
            serde_json::from_value::<JudgeConfig>(value.clone()).unwrap(),
            JudgeConfig::default()
        );
        value["judgements"] = 3.into();
        assert!(
            serde_json::from_value::<JudgeConfig>(value)
                .unwrap_err()
                .to_string()
                .contains("judgements")
        );
    }
}
