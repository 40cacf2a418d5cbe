//! The loop.

use std::path::PathBuf;

use anyhow::{Context, bail};
use srlm_artifact::{Artifact, Kind, layout};
use srlm_eval::RunSummary;
use srlm_judge::Rubric;

use crate::conclude::conclude;
use crate::config::RunConfig;
use crate::eft;
use crate::evaluate::evaluate;
use crate::exit::{Exit, OrExit};
use crate::folders;
use crate::preferences::{self, Preferences};
use crate::run::{Run, write_whole};
use crate::seed::{self, Seed};
use crate::stages;

/// The judge's rubric: a built-in one, or a file of the user's.
pub(crate) fn rubric(config: &RunConfig) -> anyhow::Result<Rubric> {
    let name = &config.judge.rubric;
    match Rubric::named(name) {
        Some(rubric) => Ok(rubric),
        None => Rubric::parse(&rubric_file("judge.rubric", name)?)
            .with_context(|| format!("judge.rubric {name}")),
    }
}

/// The text of a rubric file that a key names.
pub(crate) fn rubric_file(key: &str, name: &str) -> anyhow::Result<String> {
    std::fs::read_to_string(name).with_context(|| format!("cannot read {key} {name}"))
}

/// Seed data to M_{iterations + 1}; what is there already is not made again. Returns the report's
/// path. A run that stops early has a report, too, of what was made.
pub(crate) fn iterate(
    run: &Run<'_>,
    force: &[String],
    from: Option<&str>,
) -> anyhow::Result<PathBuf> {
    folders::redo(run, force, from)?;
    let ended = rounds(run);
    let written = report(run);
    ended.and(written)
}

fn rounds(run: &Run<'_>) -> anyhow::Result<()> {
    let rubric = rubric(&run.config)?;
    let seed = eft::complete(run, seed::run(run, &rubric)?, &rubric)?;
    reported(run, stages::sft(run, &seed)?)?;
    evaluate(run, 1, &seed, &rubric)?;
    report(run)?;
    for t in 1..=run.config.run.iterations {
        if conclude(run, t)?.stopped.is_some() {
            return Ok(());
        }
        iteration(run, t, &seed, &rubric)?;
    }
    conclude(run, run.config.run.iterations + 1)?;
    Ok(())
}

/// M_t -> M_{t+1}.
fn iteration(run: &Run<'_>, t: u32, seed: &Seed, rubric: &Rubric) -> anyhow::Result<()> {
    match preferences::of(run, t, seed, rubric)? {
        Preferences::Pairs(pairs) if pairs.manifest().rows == 0 => {
            return no_preferences(run, t, &pairs);
        }
        Preferences::Pairs(pairs) => {
            reported(run, stages::dpo(run, t, &pairs)?)?;
        }
        Preferences::Unpaired(unpaired) if unpaired.manifest().rows == 0 => {
            return no_preferences(run, t, &unpaired);
        }
        Preferences::Unpaired(unpaired) => {
            let ref_logps = stages::unpaired_ref_logps(run, t, &unpaired)?;
            reported(run, stages::kto(run, t, &unpaired, &ref_logps)?)?;
        }
        Preferences::Perfect(ift) => {
            reported(
                run,
                stages::sft_on(run, &layout::model(t + 1), &ift, seed.judge_sft.as_ref())?,
            )?;
        }
    }
    evaluate(run, t + 1, seed, rubric)?;
    if t < run.config.run.iterations {
        report(run)?;
    }
    Ok(())
}

/// Brings the report up to date after a stage, where it was not for a while: it reads all that was
/// made so far.
pub(crate) fn reported<A>(run: &Run<'_>, made: A) -> anyhow::Result<A> {
    if run.report_is_due() {
        report(run)?;
    }
    Ok(made)
}

/// A round without a preference is the end of the run, with the reasons counted.
fn no_preferences<K: Kind>(run: &Run<'_>, t: u32, made: &Artifact<K>) -> anyhow::Result<()> {
    let counts: Vec<String> = made
        .manifest()
        .counts
        .iter()
        .filter(|(_, n)| **n > 0)
        .map(|(name, n)| format!("{name} {n}"))
        .collect();
    let (counts, page) = (counts.join(", "), run.path("report/index.html"));
    let refuse = || -> anyhow::Result<()> {
        bail!(
            "iteration {t} gave no preference pair ({counts}): M{t} scores every candidate alike or cannot be parsed. \
             Look at the judge in {}, then raise prompts.count, responses.samples or judge.judgments, or start from a \
             stronger model",
            page.display()
        )
    };
    refuse().or_exit(Exit::Data)
}

/// Writes `report/index.html`, `summary.md` and `summary.json` from what the run's folder holds.
pub(crate) fn report(run: &Run<'_>) -> anyhow::Result<PathBuf> {
    run.report_begins();
    let summary = RunSummary::read(&run.dir)?;
    let folder = run.path("report");
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    let json = serde_json::to_string_pretty(&srlm_eval::summary_json(&summary))? + "\n";
    for (name, text) in [
        ("summary.json", json),
        ("summary.md", srlm_eval::summary_markdown(&summary)),
        ("index.html", srlm_eval::render(&summary)),
    ] {
        write_whole(&folder.join(name), &text)?;
    }
    Ok(folder.join("index.html"))
}
