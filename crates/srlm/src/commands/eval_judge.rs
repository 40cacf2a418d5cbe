//! `eval judge FILE --model M`: any judge against people.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use srlm_artifact::{layout, sha256};
use srlm_eval::judging::Scale;
use srlm_generate::HttpConfig;
use srlm_import::{HumanData, HumanFormat, read_human};

use super::print;
use crate::cli::EvalJudge;
use crate::config::{self, RunConfig};
use crate::console::Console;
use crate::exit::{Exit, OrExit};
use crate::judging::{Question, judge, part};
use crate::run::Run;

/// The name under which a server given by its address is known.
const SERVER: &str = "judge-server";

/// Judges the responses of the file, measures, prints the report; what is judged already is not
/// judged again.
pub(crate) fn eval_judge(args: &EvalJudge, console: &Console) -> anyhow::Result<()> {
    let file = args.file.as_deref().context("a file of human judgments is needed")?;
    let data = human_data(args, file)?;
    let scale = scale(args, &data).or_exit(Exit::Config)?;
    let (config, role) = settings(args).or_exit(Exit::Config)?;
    let stem = file.file_stem().map_or("people".into(), |stem| stem.to_string_lossy().into_owned());
    let dir = args.out.clone().map_or_else(|| default_dir(args, &config, &stem), Ok)?;
    let name = match (&args.served_name, &args.model) {
        (Some(name), _) | (None, Some(name)) => name.clone(),
        (None, None) => format!("M{}", args.iteration),
    };
    let run = Run::open(config, dir, console)?;
    let data_name = match args.part {
        Some(part) => format!("{stem}, trees {part} by seed {}", args.part_seed),
        None => stem,
    };
    let with_verdicts = data.format == HumanFormat::Pairwise && !args.no_verdicts;
    let question = Question {
        data: &data,
        name: &data_name,
        scale,
        with_expected: !args.no_expected,
        with_verdicts,
    };
    let report = judge(&run, &role, &name, &question)?;
    if args.json {
        return print(&(serde_json::to_string_pretty(&report)? + "\n"));
    }
    print(&report.to_string())?;
    console.say(&format!("{}", run.path("measures").display()));
    Ok(())
}

fn human_data(args: &EvalJudge, file: &Path) -> anyhow::Result<HumanData> {
    let mut columns = BTreeMap::new();
    for pair in &args.map {
        let named = || format!("--map {pair}: write it as field=column");
        let (field, column) = pair.split_once('=').with_context(named).or_exit(Exit::Config)?;
        columns.insert(field.to_owned(), column.to_owned());
    }
    let mut data = match read_human(file, args.format, &columns) {
        Err(error @ srlm_import::Error::Column { .. }) => return Err(error).or_exit(Exit::Config),
        data => data.or_exit(Exit::Data)?,
    };
    if let Some(shard) = args.part {
        part(&mut data, shard, args.part_seed);
    }
    data.groups.truncate(if args.limit == 0 { usize::MAX } else { args.limit });
    if data.groups.is_empty() {
        let refuse = || -> anyhow::Result<_> {
            bail!("{}: no trees are left; take another --part", file.display())
        };
        return refuse().or_exit(Exit::Data);
    }
    if let Some(labels) = data.labels {
        eprintln!("verdicts are numbers: {labels}");
    }
    for (reason, n) in &data.left_out {
        eprintln!("{n} rows left out: {reason}");
    }
    Ok(data)
}

fn scale(args: &EvalJudge, data: &HumanData) -> anyhow::Result<Option<Scale>> {
    if data.format != HumanFormat::Ratings {
        return Ok(None);
    }
    let ratings =
        || data.groups.iter().flat_map(|group| &group.responses).map(|response| response.worth);
    let holds = |scale: &Scale| {
        scale.min < scale.max && ratings().all(|rating| (scale.min..=scale.max).contains(&rating))
    };
    let scale = match args.scale.as_slice() {
        [] => Scale::of(ratings()),
        &[min, max] => Some(Scale { min, max }).filter(holds),
        _ => None,
    };
    let (low, high) =
        ratings().fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(x), high.max(x)));
    scale.map(Some).with_context(|| {
        format!("ratings are from {low} to {high}: give --scale MIN,MAX that holds them")
    })
}

/// The configuration, and the judge's role in it.
fn settings(args: &EvalJudge) -> anyhow::Result<(RunConfig, String)> {
    let saved = args.run.as_ref().map(|run| run.join("run.toml"));
    let mut set = args.set.clone();
    set.extend(
        args.device
            .as_ref()
            .map(|device| format!("runtime.device={}", toml::Value::from(device.as_str()))),
    );
    let mut config = match saved {
        Some(saved) => config::saved(&saved, &set)?,
        None => config::load(args.config.as_deref(), args.preset.as_deref(), &set)?,
    };
    let model = match (&args.model, &args.run) {
        (Some(model), _) => model,
        (None, Some(run)) if args.iteration > 0 => {
            return Ok((config, run.join(layout::model(args.iteration)).display().to_string()));
        }
        (None, _) => return Ok((config, "m0".to_owned())),
    };
    if !["http://", "https://"].iter().any(|scheme| model.starts_with(scheme)) {
        return Ok((config, model.clone()));
    }
    let server = HttpConfig {
        base_url: model.clone(),
        model: args.served_name.clone().unwrap_or_default(),
        api_key_env: args.api_key_env.clone(),
        ..HttpConfig::default()
    };
    server.validate().context("--model, --served-name or --api-key-env")?;
    config.engines.insert(SERVER.to_owned(), server);
    Ok((config, SERVER.to_owned()))
}

/// A folder for these settings alone, below the run whose model judges, else below
/// `runs/eval-judge`.
fn default_dir(args: &EvalJudge, config: &RunConfig, stem: &str) -> anyhow::Result<PathBuf> {
    let model = args.served_name.as_ref().or(args.model.as_ref());
    let model = model.map_or(layout::model(args.iteration), |model| {
        model.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or("model").to_owned()
    });
    let settings = format!(
        "{}{:?}{:?}{:?}{}{}",
        config.to_toml()?,
        args.model,
        args.file,
        args.map,
        args.limit,
        args.no_expected
    );
    let digest = &sha256(settings)[..8];
    let parent = args.run.as_ref().filter(|_| args.model.is_none()).map(|run| run.join("people"));
    let parent = parent.unwrap_or_else(|| PathBuf::from("runs/eval-judge"));
    Ok(parent.join(format!("{stem}-{model}{}-{digest}", part_name(args))))
}

fn part_name(args: &EvalJudge) -> String {
    args.part
        .map_or(String::new(), |part| format!("-{}of{}-{}", part.index, part.count, args.part_seed))
}
