//! Settings of response sampling.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use srlm_generate::Sampling;

use crate::Error;
use crate::prompts::check_sampling;

/// How candidate responses are written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Samples of each prompt; the paper takes 4.
    pub samples: u32,
    /// A system turn before each prompt that has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Prompts whose samples are generated together, and saved together when the run is
    /// interrupted.
    pub group_prompts: u32,
    /// How tokens are drawn; the paper's values are temperature 0.7 and top-p 0.9.
    pub sampling: Sampling,
}

impl Default for Config {
    fn default() -> Self {
        let sampling =
            Sampling { max_tokens: 512, temperature: 0.7, top_p: 0.9, ..Sampling::default() };
        Self { samples: 4, system: None, group_prompts: 16, sampling }
    }
}

impl Config {
    /// # Errors
    /// [`Error::Config`] with the first setting that cannot be used.
    pub fn validate(&self) -> Result<(), Error> {
        let problem = |key: &str, value: String, remedy| {
            Err(Error::Config { key: key.to_owned(), value, remedy })
        };
        if self.samples == 0 {
            return problem("samples", "0".to_owned(), "it must be at least 1");
        }
        if self.group_prompts == 0 {
            return problem("group_prompts", "0".to_owned(), "it must be at least 1");
        }
        if let Some(system) = self.system.as_ref().filter(|system| system.trim().is_empty()) {
            return problem("system", format!("{system:?}"), "leave it out, or give it a text");
        }
        check_sampling(&self.sampling)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_be_used_are_named() {
        let check = |change: fn(&mut Config), expected: &str| {
            let mut config = Config::default();
            change(&mut config);
            assert_eq!(config.validate().unwrap_err().to_string(), expected);
        };
        Config::default().validate().unwrap();
        check(|c| c.samples = 0, "`samples` is 0; it must be at least 1");
        check(|c| c.group_prompts = 0, "`group_prompts` is 0; it must be at least 1");
        check(
            |c| c.system = Some(" ".to_owned()),
            "`system` is \" \"; leave it out, or give it a text",
        );
        check(|c| c.sampling.max_tokens = 0, "`sampling.max_tokens` is 0; must be at least 1");
    }
}
