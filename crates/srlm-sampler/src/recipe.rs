//! What decides the result of a stage of this crate.

use serde::Serialize;
use srlm_artifact::{Input, Place, Recipe};
use srlm_generate::Generate;

/// The recipe of a stage: its settings with the iteration, from which ids and seeds follow, and its sources with the
/// generator as the input `model`.
pub(crate) fn recipe(
    stage: &str,
    stage_version: u32,
    config: &impl Serialize,
    generator: &dyn Generate,
    place: Place,
    mut sources: Vec<Input>,
) -> Recipe {
    let mut settings = serde_json::to_value(config).expect("settings are plain data");
    settings["iteration"] = place.iteration.into();
    sources.push(Input { role: "model".to_owned(), kind: "model".to_owned(), content_hash: generator.identity() });
    Recipe {
        stage: stage.to_owned(),
        stage_version,
        crate_version: env!("CARGO_PKG_VERSION").to_owned(),
        git_commit: None,
        config: settings,
        seed: place.run_seed,
        inputs: sources,
    }
}
