//! Models that another program trains: `[sft] engine = "external"`, `[dpo] engine = "external"`.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use serde_json::json;
use srlm_artifact::{Artifact, Begin, Ift, Model as ModelKind, Pairs};
use srlm_dpo::DpoConfig;
use srlm_external::{
    Data, Decay, HandOver, Inputs, Lora, Method, Order, OursAlone, Precision, Preference, Training,
    begin_model, hand_over, render, take_back,
};
use srlm_model::LoraConfig;
use srlm_sft::{LossOn, SftConfig};
use srlm_train::{TrainConfig, TrainEngine, ValidationConfig};

use crate::config::RunConfig;
use crate::exit::{Exit, OrExit};
use crate::run::Run;
use crate::stages::staged;

/// Where hand-overs lie in a run: `external/m2` is that for `m2`.
pub(crate) const FOLDER: &str = "external";
/// How long a program that was asked to stop may take to save what it has.
const GRACE: Duration = Duration::from_secs(60);

/// The hand-over's folder for a model's.
pub(crate) fn folder(model: &str) -> String {
    format!("{FOLDER}/{model}")
}

/// Refuses what the program has no counterpart of before hours are spent on its pairs.
pub(crate) fn check(config: &RunConfig) -> anyhow::Result<()> {
    if config.sft.engine == TrainEngine::External {
        render(&config.external, &sft_training(config))
            .context("in [sft]")
            .or_exit(Exit::Config)?;
    }
    if config.dpo.engine == TrainEngine::External {
        render(&config.external, &dpo_training(config, 1))
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
    train(run, 0, &sft_training(&run.config), data, out)
}

/// M_t trained by another program on its pairs.
pub(crate) fn dpo(
    run: &Run<'_>,
    t: u32,
    pairs: &Artifact<Pairs>,
    out: &str,
) -> anyhow::Result<Artifact<ModelKind>> {
    train(run, t, &dpo_training(&run.config, t), Data::Pairs(pairs), out)
}

fn train(
    run: &Run<'_>,
    t: u32,
    training: &Training,
    data: Data<'_>,
    out: &str,
) -> anyhow::Result<Artifact<ModelKind>> {
    let (config, seed) = (&run.config.external, run.config.run.seed);
    let (model, model_hash) = run.checkpoint(t)?;
    let inputs = Inputs { model: &model, model_hash: &model_hash, data };
    let there = run.path(&folder(out));
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

fn sft_training(config: &RunConfig) -> Training {
    let SftConfig { engine: _, eft_repeats, eft_weight, loss_on, lora, train } = &config.sft;
    let mut training = training(Method::Sft, train, lora.as_ref(), config.run.seed);
    if *eft_repeats > 0 {
        training.ours_alone.push(number("eft_weight", *eft_weight, 1.0));
    }
    let name = |loss_on: &LossOn| serde_json::to_string(loss_on).unwrap_or_default();
    training.ours_alone.push(OursAlone {
        key: "loss_on",
        value: name(loss_on),
        off: name(&LossOn::Response),
    });
    training
}

fn number(key: &'static str, value: f64, off: f64) -> OursAlone {
    OursAlone { key, value: format!("{value:?}"), off: format!("{off:?}") }
}

fn dpo_training(config: &RunConfig, t: u32) -> Training {
    let DpoConfig {
        engine: _,
        loss_type,
        loss_weights,
        beta,
        label_smoothing,
        simpo_gamma,
        ld_alpha,
        // Those of losses on single responses, which are refused by name.
        desirable_weight: _,
        undesirable_weight: _,
        lora,
        train,
    } = &config.dpo;
    // `LossType` is written as its name.
    let name =
        |loss| serde_json::to_value(loss).ok().and_then(|name| Some(name.as_str()?.to_owned()));
    let preference = Preference {
        loss_type: loss_type.iter().filter_map(name).collect(),
        loss_weights: loss_weights.clone(),
        beta: *beta,
        label_smoothing: *label_smoothing,
        simpo_gamma: *simpo_gamma,
        ld_alpha: *ld_alpha,
    };
    training(Method::Preference(preference), train, lora.as_ref(), config.run.seed + u64::from(t))
}

/// The settings of a table, whole: without `..`, so that a key that is added there is carried over
/// or does not compile.
fn training(method: Method, train: &TrainConfig, lora: Option<&LoraConfig>, seed: u64) -> Training {
    let TrainConfig {
        epochs,
        max_steps,
        batch_size,
        order,
        max_length,
        learning_rate,
        final_learning_rate,
        decay,
        warmup_steps,
        adam_beta1,
        adam_beta2,
        adam_epsilon,
        weight_decay,
        max_grad_norm,
        dropout,
        ema_decay,
        precision,
        validation: ValidationConfig { every, .. },
        checkpoint_every,
    } = *train;
    let ours_alone = vec![
        number("train.dropout", dropout, 0.0),
        number("train.ema_decay", ema_decay, 0.0),
        OursAlone { key: "train.validation.every", value: every.to_string(), off: "0".to_owned() },
    ];
    let decay = match decay {
        srlm_train::Decay::Cosine => Decay::Cosine,
        srlm_train::Decay::Linear => Decay::Linear,
        srlm_train::Decay::Constant => Decay::Constant,
    };
    // How the base lies in memory changes no number.
    let adapter =
        |LoraConfig { rank, alpha, dropout, dora, stored_base: _, target_modules }: &LoraConfig| {
            Lora {
                rank: *rank,
                alpha: *alpha,
                dropout: *dropout,
                dora: *dora,
                target_modules: target_modules.clone(),
            }
        };
    Training {
        method,
        epochs,
        max_steps,
        batch_size,
        max_length,
        learning_rate,
        final_learning_rate,
        decay,
        warmup_steps,
        adam_beta1,
        adam_beta2,
        adam_epsilon,
        weight_decay,
        max_grad_norm,
        precision: match precision {
            srlm_train::Precision::F32 => Precision::F32,
            srlm_train::Precision::Bf16 => Precision::Bf16,
        },
        order: match order {
            srlm_train::Order::Shuffled => Order::Shuffled,
            srlm_train::Order::AsGiven => Order::AsGiven,
        },
        checkpoint_every,
        lora: lora.map(adapter),
        ours_alone,
        // NumPy, which other programs seed too, takes 32 bits.
        seed: seed & u64::from(u32::MAX),
    }
}
