//! Where the server is and how patient the client is.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::HttpError;

/// Settings of [`OpenAi`](super::OpenAi). None but `model` is part of an artifact's key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Address up to and with the version, such as `http://127.0.0.1:8000/v1`.
    pub base_url: String,
    /// The model's name at the server. It stands for the weights in artifact keys: give other
    /// weights another name.
    pub model: String,
    /// Name of the environment variable that holds the API key; empty for a server that needs none.
    /// The caller reads it: the key itself is in no configuration.
    pub api_key_env: String,
    /// Most requests under way at once.
    pub concurrency: u32,
    /// Time for one attempt at one request, in seconds, from connecting to the last byte.
    pub timeout_seconds: f64,
    /// Attempts after the first, where the server is busy (408, 429), fails (5xx) or cannot be
    /// reached.
    pub max_retries: u32,
    /// Wait before the first retry, in seconds; it doubles with each further one.
    pub backoff_seconds: f64,
    /// Longest wait before a retry, in seconds, also where the server asks for a longer one by
    /// `Retry-After`.
    pub max_backoff_seconds: f64,
    /// How long to wait for the server to be ready, in seconds.
    pub ready_timeout_seconds: f64,
}

impl Default for HttpConfig {
    /// A server on this machine; `model` is to be filled in.
    fn default() -> Self {
        Self {
            base_url: "http://127.0.0.1:8000/v1".to_owned(),
            model: String::new(),
            api_key_env: String::new(),
            concurrency: 32,
            timeout_seconds: 600.0,
            max_retries: 5,
            backoff_seconds: 0.5,
            max_backoff_seconds: 60.0,
            ready_timeout_seconds: 600.0,
        }
    }
}

impl HttpConfig {
    /// # Errors
    /// [`HttpError::Config`] with the first setting that cannot be used.
    pub fn validate(&self) -> Result<(), HttpError> {
        let problem = |key, value: &dyn ToString, remedy| {
            Err(HttpError::Config { key, value: value.to_string(), remedy })
        };
        let host =
            ["http://", "https://"].iter().find_map(|scheme| self.base_url.strip_prefix(scheme));
        if host.is_none_or(str::is_empty) {
            return problem(
                "base_url",
                &self.base_url,
                "it must start with http:// or https://, and name a host",
            );
        }
        if self.base_url.contains(['@', '?', '#']) {
            return problem(
                "base_url",
                &"not shown",
                "it must hold no user, password or query; give an API key instead",
            );
        }
        if self.model.trim().is_empty() {
            return problem(
                "model",
                &"empty",
                "give the name under which the server serves the model",
            );
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !self.api_key_env.chars().all(is_name) {
            let remedy = "it must be the name of an environment variable, not the key: letters, digits and _";
            return problem("api_key_env", &"not shown", remedy);
        }
        if self.concurrency == 0 {
            return problem("concurrency", &0, "it must be at least 1");
        }
        let times = [
            ("timeout_seconds", self.timeout_seconds),
            ("backoff_seconds", self.backoff_seconds),
            ("max_backoff_seconds", self.max_backoff_seconds),
            ("ready_timeout_seconds", self.ready_timeout_seconds),
        ];
        match times.into_iter().find(|(_, seconds)| !(*seconds > 0.0 && *seconds <= 1e6)) {
            Some((key, seconds)) => {
                problem(key, &seconds, "it must be above 0 and at most 1000000")
            }
            None => Ok(()),
        }
    }

    pub(super) fn timeout(&self) -> Duration {
        Duration::from_secs_f64(self.timeout_seconds)
    }

    /// The address of a part of the interface, such as `models`.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.base_url.trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_be_used_are_named() {
        let check = |change: fn(&mut HttpConfig), expected: &str| {
            let mut config = HttpConfig { model: "m".to_owned(), ..HttpConfig::default() };
            config.validate().unwrap();
            change(&mut config);
            assert_eq!(config.validate().unwrap_err().to_string(), expected);
        };
        check(
            |c| c.base_url = "localhost:8000".to_owned(),
            "`base_url` is localhost:8000; it must start with http:// or https://, and name a host",
        );
        check(
            |c| c.base_url = "http://me:secret@host/v1".to_owned(),
            "`base_url` is not shown; it must hold no user, password or query; give an API key instead",
        );
        check(
            |c| c.model.clear(),
            "`model` is empty; give the name under which the server serves the model",
        );
        check(
            |c| c.api_key_env = "sk-1234".to_owned(),
            "`api_key_env` is not shown; it must be the name of an environment variable, not the key: letters, digits and _",
        );
        check(|c| c.concurrency = 0, "`concurrency` is 0; it must be at least 1");
        check(
            |c| c.timeout_seconds = f64::NAN,
            "`timeout_seconds` is NaN; it must be above 0 and at most 1000000",
        );
    }
}
