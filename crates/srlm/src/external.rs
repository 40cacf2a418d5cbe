//! Models that another program trains: `[sft] engine = "external"`, `[dpo] engine = "external"`.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use serde_json::json;
use srlm_artifact::{Artifact, Begin, Ift, Model as ModelKind, Pairs, layout};
use srlm_external::{
    Data, HandOver, Inputs, Table, Training, begin_model, hand_over, render, take_back,
};
use srlm_train::TrainEngine;

use crate::config::RunConfig;
use crate::exit::{Exit, OrExit};
use crate::run::Run;
use crate::stages::staged;

/// How long a program that was asked to stop may take to save what it has.
const GRACE: Duration = Duration::from_secs(60);

/// Refuses what the program has no counterpart of before hours are spent on its pairs.
pub(crate) fn check(config: &RunConfig) -> anyhow::Result<()> {
    if config.sft.engine == TrainEngine::External {
        render(&config.external, sft_training(config)).context("in [sft]").or_exit(Exit::Config)?;
    }
    if config.dpo.engine == TrainEngine::External {
        render(&config.external, dpo_training(config, 1))
            .context("in [dpo]")
            .or_exit(Exit::Config)?;
    }
    Ok(())
}

/// M0 fine-tuned by another program.
pub(crate) fn sft(
    run: &Run<'_>,
    ift: &Artifact<Ift>,
    eft: Option<&Artifact<Ift>>,
    out: &str,
) -> anyhow::Result<Artifact<ModelKind>> {
    let data = Data::Examples { ift, eft, eft_repeats: run.config.sft.eft_repeats };
    train(run, 0, sft_training(&run.config), data, out)
}

/// M_t trained by another program on its pairs.
pub(crate) fn dpo(
    run: &Run<'_>,
    t: u32,
    pairs: &Artifact<Pairs>,
    out: &str,
) -> anyhow::Result<Artifact<ModelKind>> {
    train(run, t, dpo_training(&run.config, t), Data::Pairs(pairs), out)
}

fn train(
    run: &Run<'_>,
    t: u32,
    training: Training<'_>,
    data: Data<'_>,
    out: &str,
) -> anyhow::Result<Artifact<ModelKind>> {
    let (config, seed) = (&run.config.external, run.config.run.seed);
    let (model, model_hash) = run.checkpoint(t)?;
    let inputs = Inputs { model: &model, model_hash: &model_hash, data };
    let there = run.path(&layout::hand_over(out));
    if there.join("manifest.json").exists() && !run.path(out).join("manifest.json").exists() {
        // Refused before the stage begins where a setting changed: the run keeps the configuration
        // that made it.
        hand_over(config, training, inputs, seed, &there).or_exit(Exit::Data)?;
    }
    staged(run, out, || {
        run.unload();
        let writer = match begin_model(config, training, inputs, seed, &run.path(out))
            .or_exit(Exit::Data)?
        {
            Begin::UpToDate(artifact) => return Ok(artifact),
            Begin::Write(writer) => writer,
        };
        let given = hand_over(config, training, inputs, seed, &there).or_exit(Exit::Data)?;
        if !given.has_returned() {
            if config.command.is_empty() {
                return wait(run, out, &given);
            }
            run_command(run, &given)?;
        }
        take_back(writer, &given, config, &model).or_exit(Exit::Data)
    })
}

/// Ends the run with what is to be done elsewhere.
fn wait(run: &Run<'_>, out: &str, given: &HandOver) -> anyhow::Result<Artifact<ModelKind>> {
    let (dir, command, output) = (given.dir().display(), given.command(), given.output());
    run.console.event(
        "waiting",
        json!({ "stage": out, "dir": given.dir(), "command": command, "output": output }),
    );
    let refuse = || -> anyhow::Result<_> {
        bail!(
            "{out} is to be trained by another program. In\n    {dir}\nor a copy of it elsewhere, run\n    {command}\n\
             and see that the trained folder is at\n    {}\nThen run the same command as now to go on. \
             `external.command` runs it from here.",
            output.display()
        )
    };
    refuse().or_exit(Exit::Waiting)
}

fn run_command(run: &Run<'_>, given: &HandOver) -> anyhow::Result<()> {
    let (dir, command) = (given.dir(), given.command());
    let log = dir.join("log.txt");
    run.console.say(&format!(
        "in {}: {command}\nits output goes to {}",
        dir.display(),
        log.display()
    ));
    let mut child = start(command, dir, &log)
        .with_context(|| format!("cannot start {command:?}"))
        .or_exit(Exit::Engine)?;
    let status = finished(run, &mut child).context("the program got lost").or_exit(Exit::Engine)?;
    let Some(status) = status else {
        return Err(srlm_train::Error::Interrupted.into());
    };
    let problem = match given.has_returned() {
        true if status.success() => return Ok(()),
        _ if !status.success() => format!("failed ({status})"),
        _ => format!("ended well, but there is no model at {}", given.output().display()),
    };
    let error = anyhow!("{command:?} {problem}; the end of {}:\n{}", log.display(), tail(&log));
    Err(error).or_exit(Exit::Engine)
}

fn start(command: &str, dir: &Path, log: &Path) -> anyhow::Result<Child> {
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let file = OpenOptions::new().create(true).append(true).open(log)?;
    let mut process = Command::new(shell);
    process
        .args([flag, command])
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file);
    Ok(process.spawn()?)
}

/// Waits for the end; `None` where the user asked to stop. Ctrl-C reaches the program by itself.
fn finished(run: &Run<'_>, child: &mut Child) -> anyhow::Result<Option<ExitStatus>> {
    let interrupt = run.console.interrupt();
    let mut asked: Option<Instant> = None;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(asked.is_none().then_some(status));
        }
        if interrupt.load(Ordering::Relaxed)
            && asked.get_or_insert_with(Instant::now).elapsed() > GRACE
        {
            child.kill()?;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The last lines of a log.
fn tail(log: &Path) -> String {
    let text = std::fs::read(log)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}

fn sft_training(config: &RunConfig) -> Training<'_> {
    Training { table: Table::Sft(&config.sft), seed: config.run.seed }
}

fn dpo_training(config: &RunConfig, t: u32) -> Training<'_> {
    Training { table: Table::Dpo(&config.dpo), seed: config.run.seed + u64::from(t) }
}
