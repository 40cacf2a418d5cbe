//! The whole of a stage's parts.

use std::path::Path;

use srlm_artifact::{Artifact, Kind};

use crate::Error;

/// Joins all shards of [`prompts::draw`](crate::prompts::draw) or
/// [`responses::run`](crate::responses::run) into the artifact that one run would have written at
/// `out`: same rows, counts and key.
///
/// # Errors
/// [`srlm_artifact::Error::ShardMissing`] and [`srlm_artifact::Error::ShardOfOther`] where `shards`
/// are not the parts of one whole, and those of reading and writing.
pub fn merge<K: Kind>(shards: &[Artifact<K>], out: &Path) -> Result<Artifact<K>, Error> {
    let Some(first) = shards.first() else {
        let (path, shard) = (out.to_owned(), "1/1".to_owned());
        return Err(srlm_artifact::Error::ShardMissing { path, shard }.into());
    };
    let mut recipe = first.manifest().provenance.clone();
    if let Some(settings) = recipe.config.as_object_mut() {
        settings.shift_remove("shard");
    }
    srlm_artifact::merge(shards, out, recipe, |_, _| Ok(()))
}
