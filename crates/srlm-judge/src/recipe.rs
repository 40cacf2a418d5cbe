//! What decides the result of judging.

use srlm_artifact::{Input, Place, Recipe, Settings};

use crate::{Inputs, JudgeConfig};

/// Raised when other judgments come from the same settings and inputs.
const STAGE_VERSION: u32 = 2;

/// The settings with the iteration, from which seeds follow, and as inputs what is judged, the
/// judge, and the rubric by its text: where its file lies does not matter, nor do the thresholds of
/// its health.
pub(crate) fn recipe(
    config: &JudgeConfig,
    inputs: &Inputs<'_>,
    judge: &str,
    place: Place,
) -> Recipe {
    // Earlier versions had `ignore_eos`.
    let mut settings = Settings::of(config).with_default("sampling.ignore_eos", &false);
    settings["iteration"] = place.iteration.into();
    settings["rubric"] = inputs.rubric.name().into();
    settings.as_object_mut().and_then(|settings| settings.remove("health"));
    let other = |role: &str, content_hash: String| {
        let role = role.to_owned();
        Input { kind: role.clone(), role, content_hash }
    };
    Recipe {
        stage: "srlm-judge".to_owned(),
        stage_version: STAGE_VERSION,
        crate_version: env!("CARGO_PKG_VERSION").to_owned(),
        git_commit: None,
        config: settings,
        seed: place.run_seed,
        inputs: vec![
            inputs.prompts.as_input("prompts"),
            inputs.responses.as_input("responses"),
            other("rubric", inputs.rubric.content_hash().to_owned()),
            other("model", judge.to_owned()),
        ],
    }
}
