//! `study`: many runs over a grid of settings.

use std::path::Path;
use std::sync::atomic::Ordering;

use anyhow::{Context, bail};
use serde_json::json;
use srlm_artifact::RunLock;
use srlm_eval::study::{FAILED, RunState, Study, seal, study_json, study_markdown, study_page};

use super::print;
use crate::cli;
use crate::config::{self, RunConfig};
use crate::console::Console;
use crate::exit::{self, Exit, OrExit};
use crate::iterate::iterate;
use crate::plan;
use crate::run::{Run, write_whole};
use crate::study::{self, StudyRun};

/// `study`.
pub(crate) fn study(args: &cli::Study, console: &Console) -> anyhow::Result<()> {
    let device = args
        .device
        .as_ref()
        .map(|device| format!("runtime.device={}", toml::Value::from(device.as_str())));
    let set: Vec<String> = args.set.iter().cloned().chain(device).collect();
    let (study, runs) = study::load(args.study.as_deref(), args.preset.as_deref(), &set)?;
    let dir = args.out.clone().unwrap_or_else(|| Path::new("studies").join(&study.name));
    if args.dry_run {
        return print(&plan::study_plan(&study.name, &runs, &dir));
    }
    let _lock = RunLock::acquire(&dir)?;
    for run in &runs {
        check_unchanged(run, &dir)?;
    }
    srlm_artifact::share_runs(&dir.join("runs"))?;
    for (i, run) in runs.iter().enumerate() {
        console.say(&format!("\nRun {} of {}: {}", i + 1, runs.len(), run.planned.id));
        console.event(
            "run_started",
            json!({ "run": run.planned.id, "number": i + 1, "of": runs.len() }),
        );
        finish_run(run, &dir, console)?;
        write_pages(&study.name, &runs, &dir)?;
    }
    let study = write_pages(&study.name, &runs, &dir)?;
    let device = runs.first().map_or("cpu", |run| run.config.runtime.device.as_str());
    let sealed = seal(&study, &dir, device).or_exit(Exit::Data)?;
    let page = dir.join("study.html");
    console.event("study_finished", json!({ "page": page, "result": sealed.content_hash() }));
    console.say(&format!("\n{}", study_markdown(&study)));
    if !args.json {
        print(&format!("{}\n", page.display()))?;
    }
    refuse_failures(&study)
}

/// A folder that another study made is left alone.
fn check_unchanged(run: &StudyRun, dir: &Path) -> anyhow::Result<()> {
    let saved = dir.join("runs").join(&run.planned.id).join("run.toml");
    if !saved.exists() {
        return Ok(());
    }
    let made_with = config::saved(&saved, &[])?;
    let same = RunConfig { runtime: run.config.runtime.clone(), ..made_with };
    if same == run.config {
        return Ok(());
    }
    let refuse = || -> anyhow::Result<()> {
        bail!(
            "{} has other settings than the study now gives this run: name another study or another --out, or move \
             the folder away",
            saved.display()
        )
    };
    refuse().or_exit(Exit::Config)
}

/// The run, begun or gone on with. One that fails leaves its reason in its folder; only Ctrl-C ends
/// the study.
fn finish_run(run: &StudyRun, dir: &Path, console: &Console) -> anyhow::Result<()> {
    if console.interrupt().load(Ordering::Relaxed) {
        return Err(srlm_generate::Error::Interrupted.into());
    }
    let run_dir = dir.join("runs").join(&run.planned.id);
    let failed = run_dir.join(FAILED);
    let made =
        Run::open(run.config.clone(), run_dir, console).and_then(|run| iterate(&run, &[], None));
    match made {
        Ok(_) if failed.exists() => std::fs::remove_file(&failed)
            .with_context(|| format!("cannot remove {}", failed.display())),
        Ok(_) => Ok(()),
        Err(error) if exit::code(&error) == Exit::Interrupted => Err(error),
        Err(error) => {
            let reason = exit::message(&error);
            console.say(&format!("failed: {reason}"));
            console.event("run_failed", json!({ "run": run.planned.id, "reason": reason }));
            write_whole(&failed, &(reason + "\n"))
        }
    }
}

/// Brings the study's pages up to date; an unfinished study has them too.
fn write_pages(name: &str, runs: &[StudyRun], dir: &Path) -> anyhow::Result<Study> {
    let planned: Vec<_> = runs.iter().map(|run| run.planned.clone()).collect();
    let study = Study::read(dir, name, &planned).or_exit(Exit::Data)?;
    write_whole(&dir.join("study.json"), &format!("{:#}\n", study_json(&study)))?;
    write_whole(&dir.join("study.md"), &study_markdown(&study))?;
    write_whole(&dir.join("study.html"), &study_page(&study))?;
    Ok(study)
}

fn refuse_failures(study: &Study) -> anyhow::Result<()> {
    let failed: Vec<&str> = study
        .runs()
        .filter(|run| matches!(run.state, RunState::Failed(_)))
        .map(|run| run.id.as_str())
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    let refuse = || -> anyhow::Result<()> {
        bail!(
            "{} of {} runs failed: {}; the others are done. The same command tries these again",
            failed.len(),
            study.runs().count(),
            failed.join(" and ")
        )
    };
    refuse().or_exit(Exit::Data)
}
