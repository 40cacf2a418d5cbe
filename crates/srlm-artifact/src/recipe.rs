//! What an artifact is made from.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::canonical::hash_json;
use crate::{Format, Kind, Settings};

/// An artifact that went into another, by what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// What it is used for; unique in a recipe.
    pub role: String,
    /// Its kind.
    pub kind: String,
    /// Its content hash, or what else identifies it.
    pub content_hash: String,
}

impl Input {
    /// A model, by the content hash of its weights or by what else identifies it.
    pub fn model(role: &str, content_hash: impl Into<String>) -> Self {
        Self { role: role.to_owned(), kind: "model".to_owned(), content_hash: content_hash.into() }
    }

    /// What is no artifact and is known by its content alone, such as a rubric's text.
    pub fn plain(role: &str, content_hash: impl Into<String>) -> Self {
        Self { role: role.to_owned(), kind: role.to_owned(), content_hash: content_hash.into() }
    }
}

/// What decides a stage's result, and which program made it. The manifest's `provenance`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct Recipe {
    /// The crate, and which of its stages where it has several: `srlm-sampler/prompts`.
    pub stage: String,
    /// Raised by hand when the stage's behavior changes.
    pub stage_version: u32,
    /// Version of the crate; not part of the key.
    pub crate_version: String,
    /// The stage's configuration.
    pub config: Settings,
    /// The run's seed.
    pub seed: u64,
    /// What the stage reads.
    pub inputs: Vec<Input>,
}

/// A recipe as manifests have it; those of 0.1 also name a commit, which decides nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    stage: String,
    stage_version: u32,
    crate_version: String,
    #[serde(default, rename = "git_commit")]
    _git_commit: Option<String>,
    config: Settings,
    seed: u64,
    inputs: Vec<Input>,
}

impl From<Stored> for Recipe {
    fn from(stored: Stored) -> Self {
        let Stored { stage, stage_version, crate_version, config, seed, inputs, .. } = stored;
        Self { stage, stage_version, crate_version, config, seed, inputs }
    }
}

/// What a stage is called, and the version of what it does. [`stage!`](crate::stage) makes one.
#[derive(Clone, Copy, Debug)]
pub struct Stage {
    /// The crate, and which of its stages where it has several: `srlm-sampler/prompts`.
    pub name: &'static str,
    /// Raised by hand when the same settings and inputs would give something else.
    pub version: u32,
    /// Version of the crate that holds the stage.
    pub crate_version: &'static str,
}

impl Stage {
    /// What decides the result of this stage: its settings, the run's seed and its sources.
    pub fn recipe(self, settings: impl Into<Settings>, seed: u64, inputs: Vec<Input>) -> Recipe {
        Recipe {
            stage: self.name.to_owned(),
            stage_version: self.version,
            crate_version: self.crate_version.to_owned(),
            config: settings.into(),
            seed,
            inputs,
        }
    }
}

/// The [`Stage`] of this name and version, in the crate that it is written in.
#[macro_export]
macro_rules! stage {
    ($name:expr, $version:expr) => {
        $crate::Stage {
            name: $name,
            version: $version,
            crate_version: ::core::env!("CARGO_PKG_VERSION"),
        }
    };
}

impl Recipe {
    /// This recipe with another value of one setting, or with one more.
    ///
    /// # Panics
    /// If the settings are not a table.
    #[must_use]
    pub fn with(mut self, setting: &str, value: impl Into<Value>) -> Self {
        self.config[setting] = value.into();
        self
    }

    /// The key of the artifact that this makes: equal keys, equal content. The order of
    /// configuration keys and of inputs does not matter. It is a hash of all settings, so that a
    /// manifest can be checked by itself; whether an artifact is up to date is asked of those that
    /// are not at their defaults, see [`Settings`].
    pub fn key<K: Kind>(&self) -> String {
        key(K::NAME, K::FORMAT, self)
    }
}

pub(crate) fn key(kind: &str, format: Format, recipe: &Recipe) -> String {
    let mut inputs: Vec<&Input> = recipe.inputs.iter().collect();
    inputs.sort_by_key(|input| &input.role);
    hash_json(&json!({
        "kind": kind,
        "format": format,
        "stage": recipe.stage,
        "stage_version": recipe.stage_version,
        "config": *recipe.config,
        "seed": recipe.seed,
        "inputs": inputs,
    }))
}
