//! What decides the result of a stage of this crate.

use std::path::Path;

use srlm_artifact::{Begin, Error, Input, Kind, Place, Recipe, Settings, Shard};
use srlm_generate::Generate;

/// The recipe of a stage: its settings with the iteration, from which ids and seeds follow, and its
/// sources.
pub(crate) fn recipe(
    stage: &str,
    stage_version: u32,
    mut settings: Settings,
    place: Place,
    inputs: Vec<Input>,
) -> Recipe {
    settings["iteration"] = place.iteration.into();
    Recipe {
        stage: stage.to_owned(),
        stage_version,
        crate_version: env!("CARGO_PKG_VERSION").to_owned(),
        git_commit: None,
        config: settings,
        seed: place.run_seed,
        inputs,
    }
}

/// The generator as the input `model`.
pub(crate) fn model(generator: &dyn Generate) -> Input {
    Input::model("model", generator.identity())
}

/// Begins the whole at `out`, or the part of it that is asked for.
///
/// # Errors
/// Those of [`srlm_artifact::begin`]
pub(crate) fn begin<K: Kind>(
    out: &Path,
    whole: Recipe,
    shard: Option<Shard>,
) -> Result<Begin<K>, Error> {
    match shard {
        Some(shard) => srlm_artifact::begin(&shard.dir(out), shard.recipe(whole)),
        None => srlm_artifact::begin(out, whole),
    }
}
