//! Which steps a run has, and redoing part of them.

use anyhow::anyhow;
use srlm_artifact::layout::{self, Part, Step, When};
use srlm_pairs::LabelWeights;
use srlm_train::TrainEngine;

use crate::anchors;
use crate::config::{Method, RunConfig, Unpaired};
use crate::exit::{Exit, OrExit};
use crate::run::Run;

/// Every step that the run with this configuration has.
pub(crate) fn planned(config: &RunConfig) -> Vec<Step> {
    let mut steps = layout::steps(config.run.iterations);
    steps.retain(|step| is_planned(config, step));
    steps
}

fn is_planned(config: &RunConfig, step: &Step) -> bool {
    let t = step.iteration().unwrap_or_default();
    holds(config, step.when, t) && (!step.is_hand_over || is_external(config, step))
}

/// Whether another program trains the model of this step.
fn is_external(config: &RunConfig, step: &Step) -> bool {
    let is_fine_tuned = matches!(step.part, Part::FirstModel | Part::Examples)
        || config.round.method == Method::PositiveOnly;
    let engine = if is_fine_tuned { config.sft.engine } else { config.dpo.engine };
    engine == TrainEngine::External
}

/// Whether what a step is conditioned on holds in iteration t.
fn holds(config: &RunConfig, when: When, t: u32) -> bool {
    let RunConfig { data, round, pairs, dpo, .. } = config;
    let is_judged = matches!(round.method, Method::Judged | Method::Verified);
    let is_paired = round.method != Method::PositiveOnly;
    let has_ranked = !data.ranked_prompts.is_empty();
    let has_safety = !data.safety_prompts.is_empty();
    // Another judge than M_t has nothing to judge after the last iteration.
    let has_judge = || anchors::judge(config, t + 1).is_some();
    match when {
        When::Always => true,
        When::JudgingExamples => !data.eft.is_empty(),
        When::HeldOutExamples => !data.eft_held_out.is_empty(),
        When::RankedResponses => has_ranked,
        When::HeldOutOfRanked => has_ranked && data.eft_held_out.is_empty(),
        When::Anchors => anchors::are_asked_for(config),
        When::AnchorsJudged => anchors::are_asked_for(config) && has_judge(),
        When::Safety => has_safety,
        When::SafetyJudged => has_safety && config.safety.judged && has_judge(),
        When::HeadToHead => config.eval.head_to_head,
        When::Scored => round.method != Method::Spin,
        When::Unpaired => round.unpaired != Unpaired::None,
        When::TrainedOnUnpaired => dpo.is_unpaired(),
        When::PositiveOnly => !is_paired,
        When::Paired => is_paired,
        When::AnchoredRejection => is_judged && pairs.anchored_rejection,
        When::LabelWeights => is_judged && pairs.label_weights != LabelWeights::None,
        When::SafetyReward => is_judged && round.safety_weight > 0.0,
        When::FutureGuided => round.future_guided,
        When::FutureGuidedHere => round.future_guided && dpo.engine == TrainEngine::Own,
        When::MetaJudged => t <= round.meta_judge_rounds,
        When::TrainedOnPairsHere => {
            dpo.engine == TrainEngine::Own && is_paired && !dpo.is_unpaired()
        }
    }
}

/// Whether a stage's name means this step: `iter-2/pairs`, `m1`, or `pairs`, `sft`, `dpo` in every
/// iteration.
fn is_named(step: &Step, stage: &str) -> bool {
    match stage {
        "seed" => step.part == Part::Seed,
        "sft" => step.part == Part::FirstModel,
        "dpo" => step.is_model_of_the_loop() && step.part != Part::FirstModel,
        "judge" => matches!(step.part, Part::Round(_)) && step.stage() == "judgments",
        "eft" => step.part == Part::Examples,
        _ => step.path() == stage || step.made() == stage || step.stage() == stage,
    }
}

/// Moves aside what `--force` and `--from` ask to redo; nothing is deleted.
pub(crate) fn redo(run: &Run<'_>, force: &[String], from: Option<&str>) -> anyhow::Result<()> {
    let steps = layout::steps(run.config.run.iterations);
    let mut redone = vec![false; steps.len()];
    for stage in force {
        for i in found(&steps, stage)? {
            redone[i] = true;
        }
    }
    if let Some(stage) = from {
        redone[found(&steps, stage)?[0]..].fill(true);
    }
    for (step, _) in steps.iter().zip(redone).filter(|(_, is_redone)| *is_redone) {
        let made = run.path(&step.path());
        let begun = run.path(&format!("{step}.partial"));
        for path in [made, begun].into_iter().filter(|path| path.symlink_metadata().is_ok()) {
            let aside = srlm_artifact::move_aside(&path)?;
            run.console.say(&format!("{} moved to {}", path.display(), aside.display()));
        }
    }
    Ok(())
}

/// Places of the steps that a stage's name means; a name that means none is refused.
fn found(steps: &[Step], stage: &str) -> anyhow::Result<Vec<usize>> {
    let named = steps.iter().enumerate().filter(|(_, step)| is_named(step, stage));
    let found: Vec<usize> = named.map(|(i, _)| i).collect();
    if found.is_empty() {
        return Err(anyhow!(
            "no stage {stage:?}: name a folder such as {} or {}, or seed, eft, sft, prompts, \
             responses, judge, pairs, ref-logps, dpo, eval",
            layout::round(1, "pairs"),
            layout::model(2)
        ))
        .or_exit(Exit::Config);
    }
    Ok(found)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_known_by_folder_and_by_name() {
        let steps = layout::steps(2);
        let names = |stage| {
            let found = found(&steps, stage).unwrap_or_default();
            found.into_iter().map(|i| steps[i].path()).collect::<Vec<_>>()
        };
        assert_eq!(names("dpo"), ["external/m2", "m2", "external/m3", "m3"]);
        assert_eq!(names("sft"), ["external/m1", "m1"]);
        assert_eq!(names("m2"), ["external/m2", "m2"]);
        assert_eq!(names("external/m2"), ["external/m2"]);
        assert_eq!(names("iter-2/pairs"), ["iter-2/pairs"]);
        assert_eq!(names("judge"), ["iter-1/judgments", "iter-2/judgments"]);
        assert_eq!(names("eft")[..2], ["external/eft/baseline", "eft/baseline"]);
        assert!(names("nonsense").is_empty());
    }

    #[test]
    fn the_presets_plan_what_the_paper_has() {
        let config = crate::config::load(None, Some("tiny"), &[]).unwrap();
        let planned: Vec<String> = planned(&config).iter().map(Step::path).collect();
        let round = ["prompts", "responses", "judgments", "pairs", "ref-logps"];
        for (t, stage) in [1, 2].into_iter().flat_map(|t| round.map(|stage| (t, stage))) {
            assert!(planned.contains(&layout::round(t, stage)), "{planned:?}");
        }
        assert!(!planned.iter().any(|path| path.starts_with("external/")), "{planned:?}");
    }
}
