//! The folders of a run, in the order in which they are made, and redoing part of them.

use anyhow::{anyhow, bail};

use crate::exit::{Exit, OrExit};
use crate::run::Run;

/// Seed folders.
pub(crate) const SEED: [&str; 5] =
    ["seed/ift", "seed/judge-sft", "seed/ift-held-out", "seed/eval-prompts", "seed/ranked-prompts"];

/// Every folder of a run with this many iterations.
pub(crate) fn all(iterations: u32) -> Vec<String> {
    let mut folders: Vec<String> = SEED.map(String::from).to_vec();
    folders.extend(["seed/ranked-responses".to_owned(), "m1".to_owned()]);
    folders.push("iter-0/m0-responses".to_owned());
    folders.extend(evaluation(1));
    for t in 1..=iterations {
        for stage in ["prompts", "responses", "judgments", "pairs", "ref-logps"] {
            folders.push(format!("iter-{t}/{stage}"));
        }
        folders.push(format!("m{}", t + 1));
        folders.extend(evaluation(t + 1));
    }
    folders
}

fn evaluation(t: u32) -> [String; 3] {
    ["eval-responses", "eval-judgments", "eval"].map(|stage| format!("iter-{}/{stage}", t - 1))
}

/// Folders that a stage's name means: `iter-2/pairs`, `m1`, or `pairs`, `sft`, `dpo` in every iteration.
fn named(stage: &str, iterations: u32) -> Vec<usize> {
    let matches = |folder: &str| match stage {
        "seed" => folder.starts_with("seed/"),
        "sft" => folder == "m1",
        "dpo" => folder.starts_with('m') && folder != "m1",
        "judge" => folder.ends_with("/judgments"),
        _ => folder == stage || folder.rsplit('/').next() == Some(stage),
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
                "no stage {stage:?}: name a folder such as iter-1/pairs or m2, or seed, sft, prompts, responses, judge, pairs, ref-logps, dpo, eval"
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
        let names = |stage| named(stage, 2).into_iter().map(|i| folders[i].as_str()).collect::<Vec<_>>();
        assert_eq!(names("dpo"), ["m2", "m3"]);
        assert_eq!(names("sft"), ["m1"]);
        assert_eq!(names("iter-2/pairs"), ["iter-2/pairs"]);
        assert_eq!(names("judge"), ["iter-1/judgments", "iter-2/judgments"]);
        assert!(names("nonsense").is_empty());
    }
}
