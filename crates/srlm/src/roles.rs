//! Who writes prompts, who answers them and who judges: M_t, a fixed model, a server, or a batch
//! run elsewhere.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use srlm_artifact::layout;
use srlm_generate::{BatchReader, BatchWriter, Generate, HttpConfig, Kept, OpenAi};
use srlm_model::Engine;

use crate::exit::{Exit, OrExit};
use crate::run::{LazyEngine, Run, Weights};

/// Who does what. Each is `self` (M_t), `m0`, the name of a table of `[engines]`, or a model source
/// (a folder, a GGUF file, `hub:` or `package:`) that stays the same in all iterations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RolesTable {
    /// Writes new prompts. The paper has a fixed, larger chat model here.
    pub(crate) prompts: String,
    /// Answers the prompts; the answers are trained on.
    pub(crate) responses: String,
    /// Judges the answers. With another model than `self` this is no self-rewarding.
    pub(crate) judge: String,
    /// Decides which of two models answers better, in evaluations. Here `self` is the model before
    /// the one evaluated, which took part in training; the report says so.
    pub(crate) evaluator: String,
}

impl Default for RolesTable {
    /// Self-rewarding: M_t does everything.
    fn default() -> Self {
        let own = "self".to_owned();
        Self { prompts: own.clone(), responses: own.clone(), judge: own.clone(), evaluator: own }
    }
}

/// What is written to or read from files instead of being generated here.
#[derive(Clone, Debug, Default)]
pub(crate) struct BatchFiles {
    /// Where requests go.
    pub(crate) emit: Option<PathBuf>,
    /// Results of earlier requests.
    pub(crate) ingest: Vec<PathBuf>,
}

impl BatchFiles {
    pub(crate) fn are_used(&self) -> bool {
        self.emit.is_some() || !self.ingest.is_empty()
    }
}

/// The engine that a role names.
pub(crate) enum Named {
    Weights(Weights),
    Server(HttpConfig),
}

/// Who a role's name means in iteration t. `{t}` in a server's model name is the iteration: the
/// server then has M_t.
pub(crate) fn named(name: &str, t: u32, engines: &BTreeMap<String, HttpConfig>) -> Named {
    match (name, engines.get(name)) {
        ("self", _) => Named::Weights(Weights::Iteration(t)),
        ("m0", _) => Named::Weights(Weights::Iteration(0)),
        (_, Some(server)) => {
            let model = server.model.replace("{t}", &t.to_string());
            Named::Server(HttpConfig { model, ..server.clone() })
        }
        _ => Named::Weights(Weights::Source(name.to_owned())),
    }
}

/// Requests that an engine of ours serves between two moments from which it can go on.
const KEPT_AT_ONCE: NonZeroUsize = NonZeroUsize::new(64).unwrap();

impl<'a> Run<'a> {
    /// The weights that a role's name means in iteration t; `None` where a server plays it.
    pub(crate) fn weights_of(&self, role: &str, t: u32) -> Option<Weights> {
        match named(role, t, &self.config.engines) {
            Named::Weights(weights) => Some(weights),
            Named::Server(_) => None,
        }
    }

    /// The engine of a role in iteration t, for the stage that writes `out`.
    pub(crate) fn engine_of(
        &self,
        role: &str,
        t: u32,
        out: &str,
    ) -> anyhow::Result<Box<dyn Generate + '_>> {
        match named(role, t, &self.config.engines) {
            Named::Weights(_) if self.batch.are_used() => {
                let refuse = || -> anyhow::Result<_> {
                    bail!(
                        "batch files are for roles that a server plays, and this one is played by {role:?}: name a table of [engines] in [roles]"
                    )
                };
                refuse().or_exit(Exit::Config)
            }
            Named::Weights(weights) => {
                let (_, hash) = self.weights(&weights)?;
                let identity = Engine::identity_of(&hash, &self.config.engine);
                Ok(Box::new(LazyEngine::new(self, weights, identity)))
            }
            Named::Server(server) => self.server(&server, t, out),
        }
    }

    /// [`Self::engine_of`] for a stage that keeps nothing itself before its end: finished samples
    /// survive an interruption, whoever plays the role.
    pub(crate) fn kept_engine_of(
        &self,
        role: &str,
        t: u32,
        out: &str,
    ) -> anyhow::Result<Box<dyn Generate + '_>> {
        let engine = self.engine_of(role, t, out)?;
        match named(role, t, &self.config.engines) {
            Named::Weights(_) => {
                Ok(Box::new(Kept::in_groups(engine, self.journal(out), KEPT_AT_ONCE)))
            }
            Named::Server(_) => Ok(engine),
        }
    }

    fn server(
        &self,
        server: &HttpConfig,
        t: u32,
        out: &str,
    ) -> anyhow::Result<Box<dyn Generate + '_>> {
        if self.batch.are_used() {
            let results =
                BatchReader::open(server.model.clone(), &self.batch.ingest).or_exit(Exit::Data)?;
            return Ok(match &self.batch.emit {
                Some(path) => Box::new(BatchWriter::new(results, path.clone())),
                None => Box::new(results),
            });
        }
        let made = self.path(out);
        let client = OpenAi::new(server.clone(), api_key(server)?, self.console.interrupt())
            .or_exit(Exit::Config)?;
        if !made.join("manifest.json").exists() {
            let folder = if t > 0 {
                format!(" (M{t} is in {})", self.path(&layout::model(t)).display())
            } else {
                String::new()
            };
            self.console
                .say(&format!("waiting for {} to serve {}{folder}", server.base_url, server.model));
            client.wait_until_ready().or_exit(Exit::Engine)?;
        }
        Ok(Box::new(Kept::new(client, self.journal(out))))
    }

    /// Where the samples of the stage that writes `out` wait for the rest.
    fn journal(&self, out: &str) -> PathBuf {
        self.path(&format!("{out}.partial")).join("checkpoint-samples.jsonl")
    }
}

/// The key that the server's configuration names; it goes nowhere but into the client.
pub(crate) fn api_key(server: &HttpConfig) -> anyhow::Result<Option<String>> {
    if server.api_key_env.is_empty() {
        return Ok(None);
    }
    let absent = || {
        anyhow!(
            "the environment variable {} with the API key of {} is not set",
            server.api_key_env,
            server.base_url
        )
    };
    std::env::var(&server.api_key_env).ok().with_context(absent).map(Some).or_exit(Exit::Config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_may_have_m_t_under_a_name_of_its_own() {
        let server = HttpConfig { model: "mine-m{t}".to_owned(), ..HttpConfig::default() };
        let engines = BTreeMap::from([("far".to_owned(), server)]);
        let name_of = |role, t| match named(role, t, &engines) {
            Named::Server(server) => server.model,
            Named::Weights(weights) => weights.to_string(),
        };
        assert_eq!(name_of("far", 2), "mine-m2");
        assert_eq!(name_of("self", 2), "M2");
        assert_eq!(name_of("m0", 2), "M0");
        assert_eq!(name_of("hub:a/b", 2), "hub:a/b");
    }
}
