//! What an artifact is made from.

use serde::{Deserialize, Serialize};
use serde_json::json;

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
}

/// What decides a stage's result, and which program made it. The manifest's `provenance`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The crate, and which of its stages where it has several: `srlm-sampler/prompts`.
    pub stage: String,
    /// Raised by hand when the stage's behavior changes.
    pub stage_version: u32,
    /// Version of the crate; not part of the key.
    pub crate_version: String,
    /// Commit that the program was built from, where known; not part of the key. For `None` the
    /// manifest has what
    /// [`set_git_commit`](crate::set_git_commit) was told.
    pub git_commit: Option<String>,
    /// The stage's configuration.
    pub config: Settings,
    /// The run's seed.
    pub seed: u64,
    /// What the stage reads.
    pub inputs: Vec<Input>,
}

impl Recipe {
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
