//! Settings of prompt generation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use srlm_generate::Sampling;

use crate::filter::FilterConfig;
use crate::{Answers, Error, Form};

/// Where prompts come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A generator writes them: [`run`](super::run).
    Generate,
    /// They are drawn from a file: [`draw`](super::draw).
    Pool,
}

/// How new prompts are written, or drawn from a pool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Whether a model writes the prompts or they are drawn from `pool`. The paper's come from a
    /// model.
    pub source: Source,
    /// JSON Lines with `prompt`, optional `prompt_id` and any other columns; empty unless `source`
    /// is `pool`. What the file holds decides the result, not its path.
    pub pool: String,
    /// Column of the pool from each of whose values equally many prompts are drawn, as far as there
    /// are; empty for none.
    pub balance_by: String,
    /// Prompts to accept or to draw; generation ends when there are as many.
    pub count: u32,
    /// With fewer than this after `max_rounds`, or left in the pool, the stage fails.
    pub min_count: u32,
    /// Most rounds of requests.
    pub max_rounds: u32,
    /// Requests in a round. Accepted prompts become demonstrations in the next round.
    pub requests_per_round: u32,
    /// Prompts that one request asks for.
    pub tasks_per_request: u32,
    /// Seed prompts shown in a request; the paper shows 6.
    pub seed_demonstrations: u32,
    /// Generated prompts shown in a request; the paper shows 2. Where there are too few, seeds take
    /// their places.
    pub generated_demonstrations: u32,
    /// Seeds of more words are not shown; neither are conversations.
    pub max_demonstration_words: u32,
    /// Whether the list of demonstrations is continued as plain text or in a chat.
    pub form: Form,
    /// The line above the list.
    pub instruction: String,
    /// Whether what follows a prompt is cut off as an answer to it; the paper's appendix A.5 says
    /// that M2 and M3 write such answers.
    pub answers: Answers,
    /// How tokens are drawn; the paper's values are temperature 0.6 and top-p 0.9.
    pub sampling: Sampling,
    /// Which prompts are kept.
    pub filter: FilterConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            source: Source::Generate,
            pool: String::new(),
            balance_by: String::new(),
            count: 1000,
            min_count: 100,
            max_rounds: 100,
            requests_per_round: 16,
            tasks_per_request: 8,
            seed_demonstrations: 6,
            generated_demonstrations: 2,
            max_demonstration_words: 60,
            form: Form::Continue,
            instruction: "Come up with a series of tasks:".to_owned(),
            answers: Answers::Cut,
            sampling: Sampling {
                max_tokens: 512,
                temperature: 0.6,
                top_p: 0.9,
                ..Sampling::default()
            },
            filter: FilterConfig::default(),
        }
    }
}

impl Config {
    /// # Errors
    /// [`Error::Config`] with the first setting that cannot be used.
    pub fn validate(&self) -> Result<(), Error> {
        let at_least_one = [
            ("count", self.count),
            ("min_count", self.min_count),
            ("max_rounds", self.max_rounds),
            ("requests_per_round", self.requests_per_round),
            ("tasks_per_request", self.tasks_per_request),
            ("seed_demonstrations", self.seed_demonstrations),
        ];
        let problem = |key: &str, value: String, remedy| {
            Err(Error::Config { key: key.to_owned(), value, remedy })
        };
        if let Some((key, _)) = at_least_one.into_iter().find(|(_, value)| *value == 0) {
            return problem(key, "0".to_owned(), "it must be at least 1");
        }
        if self.min_count > self.count {
            return problem(
                "min_count",
                self.min_count.to_string(),
                "it must not be above `count`",
            );
        }
        if self.instruction.trim().is_empty() {
            return problem(
                "instruction",
                format!("{:?}", self.instruction),
                "it must not be blank",
            );
        }
        self.validate_source()?;
        check_sampling(&self.sampling)?;
        self.filter.validate()
    }

    /// [`validate`](Self::validate) for the function that serves one source.
    pub(crate) fn validate_for(&self, source: Source) -> Result<(), Error> {
        let (value, remedy) = match source {
            Source::Generate => {
                ("\"pool\"", "draw from the pool instead, or set it to \"generate\"")
            }
            Source::Pool => ("\"generate\"", "generate instead, or set it to \"pool\""),
        };
        if self.source == source {
            return self.validate();
        }
        Err(Error::Config { key: "source".to_owned(), value: value.to_owned(), remedy })
    }

    fn validate_source(&self) -> Result<(), Error> {
        let problem = |key: &str, value: &str, remedy| {
            Err(Error::Config { key: key.to_owned(), value: format!("{value:?}"), remedy })
        };
        match self.source {
            Source::Pool if self.pool.trim().is_empty() => problem(
                "pool",
                &self.pool,
                "`source` is \"pool\": give the path of a JSON Lines file",
            ),
            Source::Generate if !self.pool.is_empty() => {
                problem("pool", &self.pool, "it must be empty unless `source` is \"pool\"")
            }
            Source::Generate if !self.balance_by.is_empty() => problem(
                "balance_by",
                &self.balance_by,
                "it must be empty unless `source` is \"pool\"",
            ),
            _ => Ok(()),
        }
    }

    pub(crate) fn n_demonstrations(&self) -> usize {
        self.seed_demonstrations as usize + self.generated_demonstrations as usize
    }
}

/// [`Sampling::problem`] as an error that names the key.
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
        let check = |change: fn(&mut Config), expected: &str| {
            let mut config = Config::default();
            change(&mut config);
            assert_eq!(config.validate().unwrap_err().to_string(), expected);
        };
        Config::default().validate().unwrap();
        check(|c| c.max_rounds = 0, "`max_rounds` is 0; it must be at least 1");
        check(|c| c.min_count = 2000, "`min_count` is 2000; it must not be above `count`");
        check(|c| c.instruction.clear(), "`instruction` is \"\"; it must not be blank");
        check(
            |c| c.source = Source::Pool,
            "`pool` is \"\"; `source` is \"pool\": give the path of a JSON Lines file",
        );
        check(
            |c| c.pool = "p.jsonl".to_owned(),
            "`pool` is \"p.jsonl\"; it must be empty unless `source` is \"pool\"",
        );
        check(
            |c| c.balance_by = "topic".to_owned(),
            "`balance_by` is \"topic\"; it must be empty unless `source` is \"pool\"",
        );
        check(|c| c.sampling.top_p = 1.5, "`sampling.top_p` is 1.5; must be above 0 and at most 1");
        check(|c| c.filter.min_words = 0, "`filter.min_words` is 0; it must be at least 1");
    }
}
