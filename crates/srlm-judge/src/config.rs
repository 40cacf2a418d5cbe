//! Settings of judging.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use srlm_generate::Sampling;

use crate::Error;

/// How responses are judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JudgeConfig {
    /// `additive`, or the path of a rubric file. Who calls [`run`](crate::run) reads the file; its text is part of the
    /// artifact's key, its path is not.
    pub rubric: String,
    /// Judgments of each response; the paper takes 3 and averages them.
    pub judgments: u32,
    /// Responses that are judged together, and saved together when the run is interrupted.
    pub group_responses: u32,
    /// How tokens are drawn; the paper's values are temperature 0.7 and top-p 0.9.
    pub sampling: Sampling,
}

impl Default for JudgeConfig {
    fn default() -> Self {
        let sampling = Sampling { max_tokens: 256, temperature: 0.7, top_p: 0.9, ..Sampling::default() };
        Self { rubric: "additive".to_owned(), judgments: 3, group_responses: 32, sampling }
    }
}

impl JudgeConfig {
    /// # Errors
    /// [`Error::Config`] with the first setting that cannot be used.
    pub fn validate(&self) -> Result<(), Error> {
        let problem = |key: &str, value: String, remedy| Err(Error::Config { key: key.to_owned(), value, remedy });
        if self.rubric.trim().is_empty() {
            return problem(
                "rubric",
                format!("{:?}", self.rubric),
                "it must be `additive` or the path of a rubric file",
            );
        }
        if self.judgments == 0 {
            return problem("judgments", "0".to_owned(), "it must be at least 1");
        }
        if self.group_responses == 0 {
            return problem("group_responses", "0".to_owned(), "it must be at least 1");
        }
        check_sampling(&self.sampling)
    }
}

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
        check(|c| c.rubric = " ".to_owned(), "`rubric` is \" \"; it must be `additive` or the path of a rubric file");
        check(|c| c.judgments = 0, "`judgments` is 0; it must be at least 1");
        check(|c| c.group_responses = 0, "`group_responses` is 0; it must be at least 1");
        check(|c| c.sampling.top_p = 1.5, "`sampling.top_p` is 1.5; must be above 0 and at most 1");
    }

    #[test]
    fn unknown_keys_are_refused() {
        let mut value = serde_json::to_value(JudgeConfig::default()).unwrap();
        assert_eq!(serde_json::from_value::<JudgeConfig>(value.clone()).unwrap(), JudgeConfig::default());
        value["judgements"] = 3.into();
        assert!(serde_json::from_value::<JudgeConfig>(value).unwrap_err().to_string().contains("judgements"));
    }
}
