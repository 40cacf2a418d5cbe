//! Commands on a run's folder.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use serde_json::json;
use srlm_artifact::{
    Artifact, Audit, Finding, Judgments, Kind, Place, Prompts, Responses, layout, read_jsonl,
    to_line,
};

use super::print;
use crate::cli::{ConfigArgs, EvalCommand, Iterate, Merge, PairsCommand, RunArgs, Stage};
use crate::conclude::conclude;
use crate::config;
use crate::console::Console;
use crate::eft;
use crate::evaluate::evaluate;
use crate::exit::{self, Exit, OrExit};
use crate::folders;
use crate::iterate::{self};
use crate::plan;
use crate::preferences;
use crate::roles::BatchFiles;
use crate::run::Run;
use crate::seed;
use crate::stages;

/// `iterate`.
pub(crate) fn iterate(args: &Iterate, console: &Console) -> anyhow::Result<()> {
    let mut set = args.config.set.clone();
    set.extend(
        args.device.as_ref().map(|device| format!("runtime.device={}", toml_string(device))),
    );
    set.extend(args.model.as_ref().map(|model| format!("model.source={}", toml_string(model))));
    let config = config::load(args.config.config.as_deref(), args.config.preset.as_deref(), &set)?;
    let dir = args.run.clone().unwrap_or_else(|| Path::new("runs").join(&config.run.name));
    if args.dry_run {
        return plan::print_plan(&config, &dir, console);
    }
    let run = Run::open(config, dir, console)?;
    console
        .event("run_started", json!({ "run": run.dir, "iterations": run.config.run.iterations }));
    let page = iterate::iterate(&run, &args.force, args.from.as_deref())?;
    console.event("run_finished", json!({ "report": page }));
    console.say(&summary(&run)?);
    if !args.json {
        print(&format!("{}\n", page.display()))?;
    }
    Ok(())
}

fn toml_string(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// What the run came to, in the words of the report.
fn summary(run: &Run<'_>) -> anyhow::Result<String> {
    let path = run.path("report/summary.md");
    std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}

/// Opens the run whose configuration is its own run.toml.
fn open<'a>(run: &Path, console: &'a Console) -> anyhow::Result<Run<'a>> {
    let config = config::saved(&run.join("run.toml"), &[])?;
    Run::open(config, run.to_owned(), console)
}

/// `sft`, `prompts`, `responses`, `judge`, `dpo`: one stage, with what comes before it.
pub(crate) fn stage(name: &str, args: &Stage, console: &Console) -> anyhow::Result<()> {
    let dir = &args.run.run;
    let ConfigArgs { config, preset, set } = &args.config;
    let saved = dir.join("run.toml");
    let known = saved.exists();
    if known && (config.is_some() || preset.is_some()) {
        let refuse = || -> anyhow::Result<()> {
            bail!(
                "{} has the run's configuration: change single values with --set, or name another --run",
                saved.display()
            )
        };
        refuse().or_exit(Exit::Config)?;
    }
    let config = if known {
        config::saved(&saved, set)?
    } else {
        config::load(config.as_deref(), preset.as_deref(), set)?
    };
    let mut run = Run::open_part(config, dir.clone(), console, args.shard)?;
    run.batch =
        BatchFiles { emit: args.emit_requests.clone(), ingest: args.ingest_results.clone() };
    if (run.batch.are_used() || run.shard.is_some()) && ["eft", "sft", "dpo"].contains(&name) {
        let refuse = || -> anyhow::Result<()> {
            bail!("{name} trains: it has no shards and no requests to write or answer")
        };
        refuse().or_exit(Exit::Config)?;
    }
    let t = args.iteration;
    if t == 0 {
        let refuse = || -> anyhow::Result<()> { bail!("--iteration counts from 1") };
        refuse().or_exit(Exit::Config)?;
    }
    let rubric = iterate::rubric(&run.config)?;
    let seed = seed::run(&run, &rubric)?;
    let made = match name {
        "eft" => {
            if seed.ranked.is_none() {
                let refuse = || -> anyhow::Result<()> {
                    bail!(
                        "there are no ranked responses: set data.ranked_prompts and data.ranked_responses"
                    )
                };
                refuse().or_exit(Exit::Config)?;
            }
            eft::complete(&run, seed, &rubric)?;
            run.path("eft/train")
        }
        "sft" => stages::sft(&run, &eft::complete(&run, seed, &rubric)?)?.dir().to_owned(),
        "prompts" => preferences::prompts(&run, t, &seed)?.dir().to_owned(),
        "responses" => {
            stages::responses(&run, t, &Artifact::open(&run.path(&layout::round(t, "prompts")))?)?
                .dir()
                .to_owned()
        }
        "judge" => {
            let prompts = Artifact::open(&run.path(&layout::round(t, "prompts")))?;
            let responses = Artifact::open(&run.path(&layout::round(t, "responses")))?;
            preferences::judgments(&run, t, (&prompts, &responses), &rubric)?.dir().to_owned()
        }
        _ if run.config.dpo.is_unpaired() => {
            let unpaired = Artifact::open(&run.path(&layout::round(t, "unpaired")))?;
            let ref_logps = stages::unpaired_ref_logps(&run, t, &unpaired)?;
            stages::kto(&run, t, &unpaired, &ref_logps)?.dir().to_owned()
        }
        _ => {
            let pairs = preferences::made(&run, t)?;
            stages::dpo(&run, t, &pairs)?.dir().to_owned()
        }
    };
    if args.run.json { Ok(()) } else { print(&format!("{}\n", made.display())) }
}

/// `merge`: the whole of a stage's parts.
pub(crate) fn merge(args: &Merge, console: &Console) -> anyhow::Result<()> {
    let run = open(&args.run.run, console)?;
    let made = match args.stage.as_str() {
        "prompts" => joined::<Prompts>(&run, args.iteration, "prompts")?,
        "responses" => joined::<Responses>(&run, args.iteration, "responses")?,
        "judge" | "judgments" => joined_judgments(&run, args.iteration)?,
        other => {
            let refuse = || -> anyhow::Result<_> {
                bail!("no stage {other:?} has shards: name prompts, responses or judge")
            };
            refuse().or_exit(Exit::Config)?
        }
    };
    if args.run.json { Ok(()) } else { print(&format!("{}\n", made.display())) }
}

fn joined<K: Kind>(run: &Run<'_>, t: u32, stage: &str) -> anyhow::Result<PathBuf> {
    let out = run.path(&layout::round(t, stage));
    let merged = srlm_sampler::merge(&shards::<K>(&out)?, &out).or_exit(Exit::Data)?;
    Ok(merged.dir().to_owned())
}

fn joined_judgments(run: &Run<'_>, t: u32) -> anyhow::Result<PathBuf> {
    let out = run.path(&layout::round(t, "judgments"));
    let (prompts, responses) = (
        Artifact::open(&run.path(&layout::round(t, "prompts")))?,
        Artifact::open(&run.path(&layout::round(t, "responses")))?,
    );
    let rubric = iterate::rubric(&run.config)?;
    let inputs = srlm_judge::Inputs {
        prompts: &prompts,
        responses: &responses,
        rubric: &rubric,
        shard: None,
    };
    let judge = run.engine_of(&run.config.roles.judge, t, "judgments")?.identity();
    let (config, parts) = (&run.config.judge, shards::<Judgments>(&out)?);
    let merged = srlm_judge::merge(config, inputs, &judge, run.place(t), &parts, &out)
        .or_exit(Exit::Data)?;
    Ok(merged.dir().to_owned())
}

/// The parts that lie beside the folder of the whole.
fn shards<K: Kind>(out: &Path) -> anyhow::Result<Vec<Artifact<K>>> {
    let parent = out.parent().context("a stage's folder lies in the run's")?;
    let name =
        out.file_name().and_then(|name| name.to_str()).context("a stage's folder has a name")?;
    let prefix = format!("{name}.shard-");
    let entries =
        std::fs::read_dir(parent).with_context(|| format!("cannot list {}", parent.display()))?;
    let mut found: Vec<PathBuf> =
        entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    found.retain(|path| {
        let named =
            path.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with(&prefix));
        named && path.join("manifest.json").exists()
    });
    found.sort();
    found.iter().map(|path| Ok(Artifact::open(path)?)).collect()
}

/// `pairs`, on a run or on files.
pub(crate) fn pairs(args: &PairsCommand, console: &Console) -> anyhow::Result<()> {
    if let Some(files) = &args.input {
        return pairs_of_files(files, args);
    }
    let dir = args.run.as_ref().context("pairs needs --run or --input").or_exit(Exit::Config)?;
    let run = open(dir, console)?;
    let rubric = iterate::rubric(&run.config)?;
    let made = preferences::pairs(&run, args.iteration, &rubric)?;
    print(&format!("{}\n", made.dir().display()))
}

fn pairs_of_files(files: &[PathBuf], args: &PairsCommand) -> anyhow::Result<()> {
    let responses: Vec<srlm_artifact::ResponseRow> = read_jsonl(&files[0])?;
    let judgments: Vec<srlm_artifact::JudgmentRow> = read_jsonl(&files[1])?;
    let prompts = match files.get(2) {
        Some(path) => read_jsonl(path)?,
        // Without a file of prompts each stands for itself.
        None => prompts_of(&responses),
    };
    let min_score_gap = format!("min_score_gap={:?}", args.min_score_gap);
    let set: Vec<String> = [min_score_gap].into_iter().chain(args.set.iter().cloned()).collect();
    let config: srlm_pairs::PairsConfig =
        config::with_overrides(&srlm_pairs::PairsConfig::default(), &set).or_exit(Exit::Config)?;
    config.validate().or_exit(Exit::Config)?;
    let candidates = |judgments: &[srlm_artifact::JudgmentRow]| {
        let (prompts, responses) = (prompts.clone(), responses.clone());
        srlm_pairs::candidates_by_prompt(prompts, responses, judgments, config.aggregation)
            .or_exit(Exit::Data)
    };
    let mut rewarded = candidates(&judgments)?;
    if let Some(path) = &args.safety {
        let safety = candidates(&read_jsonl::<srlm_artifact::JudgmentRow>(path)?)?;
        let (combined, counts) = srlm_pairs::with_safety(rewarded, &safety, args.safety_weight);
        rewarded = combined;
        eprintln!("{}", serde_json::to_string(&counts)?);
    }
    let place = Place { run_seed: args.seed, iteration: args.iteration };
    let selection = srlm_pairs::select_pairs(&rewarded, &config, place);
    for pair in &selection.pairs {
        print(&(to_line(pair)? + "\n"))?;
    }
    eprintln!("{}", serde_json::to_string(&selection.counts)?);
    Ok(())
}

fn prompts_of(responses: &[srlm_artifact::ResponseRow]) -> Vec<srlm_artifact::PromptRow> {
    let ids: std::collections::BTreeSet<&str> =
        responses.iter().map(|row| row.prompt_id.as_str()).collect();
    let row = |id: &str| srlm_artifact::PromptRow {
        prompt_id: id.to_owned(),
        prompt: srlm_artifact::Prompt::user(id),
        source: srlm_artifact::PromptSource::Seed,
    };
    ids.into_iter().map(row).collect()
}

/// `eval` on a run.
pub(crate) fn eval(args: &EvalCommand, console: &Console) -> anyhow::Result<()> {
    let dir = args.run.as_ref().context("eval needs --run").or_exit(Exit::Config)?;
    let run = open(dir, console)?;
    let rubric = iterate::rubric(&run.config)?;
    let seed = eft::complete(&run, seed::run(&run, &rubric)?, &rubric)?;
    let made = evaluate(&run, args.iteration + 1, &seed, &rubric)?;
    conclude(&run, args.iteration + 1)?;
    print(&format!("{}\n", made.dir().display()))
}

/// `report`.
pub(crate) fn report(args: &RunArgs, console: &Console) -> anyhow::Result<()> {
    let run = open(&args.run, console)?;
    let page = iterate::report(&run)?;
    console.event("report_written", json!({ "report": page }));
    if !args.json {
        print(&format!("{}\n", page.display()))?;
    }
    // What cannot be read is not in the report: say so.
    refuse(&run.dir, &audited(&run.dir)?.findings)
}

/// `verify`: everything below the folder, by the layout of the run where it is one.
pub(crate) fn verify(dir: &Path) -> anyhow::Result<()> {
    let found = audited(dir)?;
    if found.artifacts.is_empty() && found.findings.is_empty() {
        bail!("{} holds no artifact", dir.display());
    }
    let is_sound = |path: &String| !found.findings.iter().any(|finding| &finding.path == path);
    for (path, manifest) in found.artifacts.iter().filter(|(path, _)| is_sound(path)) {
        let folder = dir.join(path);
        print(&format!("ok {} {} rows {}\n", folder.display(), manifest.kind, manifest.rows))?;
    }
    refuse(dir, &found.findings)
}

fn audited(dir: &Path) -> anyhow::Result<Audit> {
    let mut problems = Vec::new();
    let mut steps = Vec::new();
    let saved = dir.join("run.toml");
    if saved.symlink_metadata().is_ok_and(|found| found.is_file()) {
        match config::load(Some(&saved), None, &[]) {
            Ok(config) => steps = folders::planned(&config),
            Err(error) => problems.push(("run.toml", exit::message(&error))),
        }
    }
    let best = dir.join("best.json");
    if best.symlink_metadata().is_ok_and(|found| found.is_file()) {
        let text =
            std::fs::read(&best).with_context(|| format!("cannot read {}", best.display()))?;
        if let Err(error) = serde_json::from_slice::<serde_json::Value>(&text) {
            problems.push(("best.json", error.to_string()));
        }
    }
    let mut found = srlm_artifact::audit(dir, &steps);
    let finding = |(path, problem): (&str, String)| Finding { path: path.to_owned(), problem };
    found.findings.extend(problems.into_iter().map(finding));
    Ok(found)
}

/// All findings as one error.
fn refuse(dir: &Path, findings: &[Finding]) -> anyhow::Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    let line = |finding: &Finding| format!("\n  {}: {}", finding.path, finding.problem);
    let lines: String = findings.iter().map(line).collect();
    Err(anyhow!("{} of {} are not sound:{lines}", findings.len(), dir.display()))
}
