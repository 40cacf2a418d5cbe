//! The folders of a run, in the order in which they are made, and redoing part of them.

use anyhow::{anyhow, bail};
use srlm_pairs::LabelWeights;
use srlm_train::TrainEngine;

use crate::anchors;
use crate::config::{Method, RunConfig, Unpaired};
use crate::exit::{Exit, OrExit};
use crate::external;
use crate::run::Run;

/// Folders before the first model. Few runs have those of `eft/`.
const SEED: [&str; 17] = [
    "seed/ift",
    "seed/judge-sft",
    "seed/ift-held-out",
    "seed/eval-prompts",
    "seed/ranked-prompts",
    "seed/ranked-responses",
    "seed/to-judge-prompts",
    "seed/to-judge-responses",
    "seed/anchors-prompts",
    "seed/anchors-responses",
    "seed/safety-prompts",
    "eft/baseline",
    "eft/judgments",
    "eft/train",
    "eft/evaluation",
    "eft/judge-sft",
    "eft/held-out-prompts",
];

/// Folders of a round in the order in which they are made; most runs have few of them.
const ROUND: [&str; 21] = [
    "prompts",
    "responses",
    "judgments",
    "unpaired",
    "perfect",
    "seed-and-perfect",
    "anchor-responses",
    "anchor-judgments",
    "judgments-before",
    "safety-judgments",
    "pairs",
    "future-ref-logps",
    "future-model",
    "future-responses",
    "future-judgments",
    "guided-pairs",
    "battles",
    "judge-pairs",
    "all-pairs",
    "ref-logps",
    "unpaired-ref-logps",
];

/// Every folder that a run with this many iterations may have.
pub(crate) fn all(iterations: u32) -> Vec<String> {
    let mut folders: Vec<String> = SEED.map(String::from).to_vec();
    folders.extend(["eft/held-out-responses", "m1", "iter-0/m0-responses"].map(String::from));
    folders.extend(evaluation(1));
    for t in 1..=iterations {
        folders.extend(ROUND.map(|stage| format!("iter-{t}/{stage}")));
        folders.push(format!("m{}", t + 1));
        folders.extend(evaluation(t + 1));
    }
    // What is handed over for a model comes before the model.
    let with_hand_over = |folder: String| {
        if is_model(&folder) { vec![external::folder(&folder), folder] } else { vec![folder] }
    };
    folders.into_iter().flat_map(with_hand_over).collect()
}

fn is_model(folder: &str) -> bool {
    folder.starts_with('m') || folder == "eft/baseline" || folder.ends_with("/future-model")
}

/// Whether another program trains the model at this folder.
fn is_external(config: &RunConfig, folder: &str) -> bool {
    let is_fine_tuned =
        ["m1", "eft/baseline"].contains(&folder) || config.round.method == Method::PositiveOnly;
    let engine = if is_fine_tuned { config.sft.engine } else { config.dpo.engine };
    engine == TrainEngine::External
}

/// The folders that a run with this configuration has.
pub(crate) fn planned(config: &RunConfig) -> Vec<String> {
    all(config.run.iterations).into_iter().filter(|folder| is_planned(config, folder)).collect()
}

fn is_planned(config: &RunConfig, folder: &str) -> bool {
    let (round, pairs) = (&config.round, &config.pairs);
    let is_built = !config.data.ranked_prompts.is_empty();
    let (place, stage) = folder.split_once('/').unwrap_or(("", folder));
    let t: u32 = place.strip_prefix("iter-").and_then(|t| t.parse().ok()).unwrap_or(0);
    let asks_for_safety = !config.data.safety_prompts.is_empty();
    let is_judged = matches!(round.method, Method::Judged | Method::Verified);
    match (place, stage) {
        (external::FOLDER, model) => is_external(config, model) && is_planned(config, model),
        ("seed", "to-judge-prompts" | "to-judge-responses") => is_built,
        ("seed", "judge-sft") => !config.data.eft.is_empty(),
        ("seed", "ranked-prompts" | "ranked-responses") => !config.data.eft_held_out.is_empty(),
        ("eft", "held-out-prompts" | "held-out-responses") => {
            is_built && config.data.eft_held_out.is_empty()
        }
        ("eft", _) => is_built,
        (_, "m0-responses") => config.eval.head_to_head,
        (_, "judgments") => round.method != Method::Spin,
        (_, "unpaired") => round.unpaired != Unpaired::None,
        (_, "unpaired-ref-logps") => config.dpo.is_unpaired(),
        (_, "ref-logps") => {
            let is_own = config.dpo.engine == TrainEngine::Own;
            is_own && round.method != Method::PositiveOnly && !config.dpo.is_unpaired()
        }
        (_, "future-ref-logps") => round.future_guided && config.dpo.engine == TrainEngine::Own,
        (_, "perfect" | "seed-and-perfect") => round.method == Method::PositiveOnly,
        (_, "anchor-responses" | "anchor-judgments") => is_judged && pairs.anchored_rejection,
        (_, "judgments-before") => is_judged && pairs.label_weights != LabelWeights::None,
        ("seed", "anchors-prompts" | "anchors-responses") => anchors::are_asked_for(config),
        (_, "anchors-judgments" | "anchors") => {
            anchors::are_asked_for(config) && anchors::judge(config, t + 1).is_some()
        }
        ("seed", "safety-prompts") | (_, "eval-safety-responses" | "eval-safety") => {
            asks_for_safety
        }
        (_, "eval-safety-judgments") => {
            asks_for_safety && config.safety.judged && anchors::judge(config, t + 1).is_some()
        }
        (_, "safety-judgments") => is_judged && round.safety_weight > 0.0,
        (_, "pairs") => round.method != Method::PositiveOnly,
        (_, "battles" | "judge-pairs" | "all-pairs") => t <= round.meta_judge_rounds,
        (_, stage) if stage.starts_with("future-") || stage == "guided-pairs" => {
            round.future_guided
        }
        _ => true,
    }
}

/// Folders of the evaluation of a model, in the order in which they are made.
const EVALUATION: [&str; 8] = [
    "anchors-judgments",
    "anchors",
    "eval-safety-responses",
    "eval-safety-judgments",
    "eval-safety",
    "eval-responses",
    "eval-judgments",
    "eval",
];

fn evaluation(t: u32) -> [String; 8] {
    EVALUATION.map(|stage| format!("iter-{}/{stage}", t - 1))
}

/// Folders that a stage's name means: `iter-2/pairs`, `m1`, or `pairs`, `sft`, `dpo` in every
/// iteration.
fn named(stage: &str, iterations: u32) -> Vec<usize> {
    let hand_overs = format!("{}/", external::FOLDER);
    let matches = |folder: &str| {
        let model = folder.strip_prefix(hand_overs.as_str()).unwrap_or(folder);
        match stage {
            "seed" => folder.starts_with("seed/"),
            "sft" => model == "m1",
            "dpo" => model.starts_with('m') && model != "m1",
            "judge" => folder.starts_with("iter-") && folder.ends_with("/judgments"),
            "eft" => model.starts_with("eft/"),
            _ => folder == stage || folder.rsplit('/').next() == Some(stage),
        }
    };
    let folders = all(iterations);
    folders.iter().enumerate().filter(|(_, folder)| matches(folder)).map(|(i, _)| i).collect()
}

/// Moves aside what `--force` and `--from` ask to redo; nothing is deleted.
pub(crate) fn redo(run: &Run<'_>, force: &[String], from: Option<&str>) -> anyhow::Result<()> {
    let folders = all(run.config.run.iterations);
    let mut redone = Vec::new();
    for stage in force {
        redone.extend(found(stage, run.config.run.iterations)?);
    }
    if let Some(stage) = from {
        let first = found(stage, run.config.run.iterations)?[0];
        redone.extend(first..folders.len());
    }
    redone.sort_unstable();
    redone.dedup();
    for i in redone {
        let path = run.path(&folders[i]);
        if path.exists() {
            let aside = srlm_artifact::move_aside(&path)?;
            run.console.say(&format!("{} moved to {}", folders[i], aside.display()));
        }
    }
    Ok(())
}

fn found(stage: &str, iterations: u32) -> anyhow::Result<Vec<usize>> {
    let found = named(stage, iterations);
    if found.is_empty() {
        let refuse = || -> anyhow::Result<()> {
            bail!(
                "no stage {stage:?}: name a folder such as iter-1/pairs or m2, or seed, eft, sft, prompts, responses, judge, pairs, ref-logps, dpo, eval"
            )
        };
        refuse().or_exit(Exit::Config)?;
        return Err(anyhow!("unreachable"));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_known_by_folder_and_by_name() {
        let folders = all(2);
        let names =
            |stage| named(stage, 2).into_iter().map(|i| folders[i].as_str()).collect::<Vec<_>>();
        assert_eq!(names("dpo"), ["external/m2", "m2", "external/m3", "m3"]);
        assert_eq!(names("sft"), ["external/m1", "m1"]);
        assert_eq!(names("m2"), ["external/m2", "m2"]);
        assert_eq!(names("external/m2"), ["external/m2"]);
        assert_eq!(names("iter-2/pairs"), ["iter-2/pairs"]);
        assert_eq!(names("judge"), ["iter-1/judgments", "iter-2/judgments"]);
        assert_eq!(names("eft")[..2], ["external/eft/baseline", "eft/baseline"]);
        assert!(names("nonsense").is_empty());
    }
}
