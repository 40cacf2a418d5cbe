//! What decides the result of a stage of this crate.

use srlm_artifact::{Input, Place, Recipe, Settings, Stage};
use srlm_generate::Generate;

/// The recipe of a stage: its settings with the iteration, from which ids and seeds follow, and its
/// sources.
pub(crate) fn recipe(stage: Stage, settings: Settings, place: Place, inputs: Vec<Input>) -> Recipe {
    stage.recipe(settings, place.run_seed, inputs).with("iteration", place.iteration)
}

/// The generator as the input `model`.
pub(crate) fn model(generator: &dyn Generate) -> Input {
    Input::model("model", generator.identity())
}
