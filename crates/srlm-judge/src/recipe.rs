//! What decides the result of judging.

use srlm_artifact::{Input, Place, Recipe, Settings, Stage, stage};

use crate::{Inputs, JudgeConfig};

const STAGE: Stage = stage!("srlm-judge", 2);

/// The settings with the iteration, from which seeds follow, and as inputs what is judged, the
/// judge, and the rubric by its text: where its file lies does not matter, nor do the thresholds of
/// its health.
pub(crate) fn recipe(
    config: &JudgeConfig,
    inputs: &Inputs<'_>,
    judge: &str,
    place: Place,
) -> Recipe {
    let used = vec![
        inputs.prompts.as_input("prompts"),
        inputs.responses.as_input("responses"),
        Input::plain("rubric", inputs.rubric.content_hash()),
        Input::plain("model", judge),
    ];
    let mut recipe = STAGE
        .recipe(Settings::of(config), place.run_seed, used)
        .with("iteration", place.iteration)
        .with("rubric", inputs.rubric.name());
    recipe.config.as_object_mut().and_then(|settings| settings.remove("health"));
    recipe
}
