//! Models and rows in the forms of other programs.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use serde::Deserialize;
use serde_json::{Value, json};
use srlm_artifact::{Message, PairRow, read_jsonl, read_metrics, row_seed, write_tensorboard};
use srlm_checkpoint::{
    Checkpoint, GgufFormat, GgufOptions, ModelCard, OllamaSettings, modelfile, write_gguf,
};
use srlm_eval::{SingleAnswer, TurnAnswers, alpaca_eval_outputs, mt_bench_answers};
use srlm_generate::{Input, Request, generate_group};
use srlm_model::{Engine, EngineConfig, Model};

use super::{model_card, print, rows};
use crate::cli::{ExportAnswers, ExportCommand, ExportGguf, ExportModel, ExportPeft, ExportRows};
use crate::console::Console;
use crate::exit::{Exit, OrExit};

/// `export`: prints the path of what it wrote.
pub(crate) fn export(command: &ExportCommand, console: &Console) -> anyhow::Result<()> {
    let made = match command {
        ExportCommand::Hf(args) => hf(args, console)?,
        ExportCommand::Peft(args) => peft(args, console)?,
        ExportCommand::Gguf(args) => gguf(args, console)?,
        ExportCommand::Ollama(args) => ollama(args, console)?,
        ExportCommand::Trl(args) => trl(args)?,
        ExportCommand::Tensorboard(args) => tensorboard(args)?,
        ExportCommand::AlpacaEval(args) => alpaca_eval(args, console)?,
        ExportCommand::MtBench(args) => mt_bench(args, console)?,
    };
    print(&format!("{}\n", made.display()))
}

/// Writes a text that is not there yet.
pub(super) fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    whole(path, |part| {
        use std::io::Write;
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(part)?;
        file.write_all(text.as_bytes())?;
        Ok(file.sync_all()?)
    })
    .with_context(|| {
        format!("cannot write {}; a file that is there is never written over", path.display())
    })
}

/// What `write` makes at a name beside `out` gets the name `out` when it is whole; where it fails,
/// nothing stays behind.
fn whole(out: &Path, write: impl FnOnce(&Path) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let is_free = |path: &Path| match std::fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_none(),
        Err(_) => path.symlink_metadata().is_err(),
    };
    if !is_free(out) {
        let refuse =
            || -> anyhow::Result<()> { bail!("{} is there already and not empty", out.display()) };
        refuse().or_exit(Exit::Config)?;
    }
    let name = out.file_name().context("the path ends with a name")?;
    let part = out.with_file_name(format!(".{}.{}", name.to_string_lossy(), std::process::id()));
    let written = write(&part).and_then(|()| {
        // An empty folder may be in the way on some systems.
        let _ = std::fs::remove_dir(out);
        std::fs::rename(&part, out).with_context(|| format!("cannot write {}", out.display()))
    });
    if written.is_err() {
        // The first error is the one to tell.
        let _ = if part.is_dir() {
            std::fs::remove_dir_all(&part)
        } else {
            std::fs::remove_file(&part)
        };
    }
    written
}

/// As [`whole`], of a folder.
fn whole_folder(
    out: &Path,
    write: impl FnOnce(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<PathBuf> {
    whole(out, |part| {
        std::fs::create_dir_all(part)
            .with_context(|| format!("cannot create {}", part.display()))?;
        write(part)
    })?;
    Ok(out.to_owned())
}

fn name(args: &ExportModel) -> String {
    let path = Path::new(&args.model.model);
    let named =
        || path.file_name().map_or("srlm".to_owned(), |name| name.to_string_lossy().into_owned());
    args.name.clone().unwrap_or_else(named)
}

/// A folder that transformers opens, with a model card.
fn hf(args: &ExportModel, console: &Console) -> anyhow::Result<PathBuf> {
    let (checkpoint, device) = rows::open(&args.model, console)?;
    whole_folder(&args.out, |out| {
        let model = Model::load(&checkpoint, &device).or_exit(Exit::Engine)?;
        model.save(out, &checkpoint, None).or_exit(Exit::Engine)?;
        write_card(out, &model_card::of(&args.model.model, &name(args), &checkpoint.config)?)
    })
}

fn write_card(dir: &Path, card: &ModelCard) -> anyhow::Result<()> {
    let path = dir.join("README.md");
    std::fs::write(&path, card.to_markdown())
        .with_context(|| format!("cannot write {}", path.display()))
}

/// The adapter that a model was trained as, in PEFT's layout with a model card.
fn peft(args: &ExportPeft, console: &Console) -> anyhow::Result<PathBuf> {
    let ExportPeft { export: args, base } = args;
    let (checkpoint, _) = rows::open(&args.model, console)?;
    let adapter = checkpoint.path().join("adapter");
    if !adapter.join("adapter_config.json").exists() {
        let refuse = || -> anyhow::Result<()> {
            bail!(
                "{} has no adapter: it was trained in all its weights (set dpo.lora or sft.lora to train an adapter); \
                 `export hf` takes those",
                checkpoint.path().display()
            )
        };
        refuse().or_exit(Exit::Config)?;
    }
    let path = adapter.join("adapter_config.json");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let mut settings: Value =
        serde_json::from_str(&text).with_context(|| format!("{}", path.display()))?;
    let base = base.clone().unwrap_or_else(|| base_of(checkpoint.path(), &settings));
    settings["base_model_name_or_path"] = json!(base);
    let mut card = model_card::of(&args.model.model, &name(args), &checkpoint.config)?;
    (card.library_name, card.base_model) = ("peft".to_owned(), base);
    let weights = "adapter_model.safetensors";
    whole_folder(&args.out, |out| {
        write_new(&out.join("adapter_config.json"), &format!("{settings:#}\n"))?;
        std::fs::copy(adapter.join(weights), out.join(weights))
            .with_context(|| format!("cannot copy {weights}"))?;
        write_card(out, &card)
    })
}

/// Where the model that an adapter was trained on can be loaded: a model of the same run lies
/// beside, else as its configuration has it.
fn base_of(model: &Path, settings: &Value) -> String {
    let named = settings["base_model_name_or_path"].as_str().unwrap_or_default();
    let beside =
        model.parent().map(|run| run.join(named)).filter(|path| path.join("config.json").exists());
    let beside = beside.filter(|_| !named.is_empty()).and_then(|path| path.canonicalize().ok());
    beside.map_or(named.to_owned(), |path| path.display().to_string())
}

fn gguf(args: &ExportGguf, console: &Console) -> anyhow::Result<PathBuf> {
    let ExportGguf { export: args, format } = args;
    let (checkpoint, _) = rows::open(&args.model, console)?;
    let known = GgufFormat::from_name(format).with_context(|| {
        let known: Vec<&str> = GgufFormat::ALL.iter().map(|format| format.name()).collect();
        format!("no format {format:?}: there are {}", known.join(", "))
    });
    let options = GgufOptions { format: known.or_exit(Exit::Config)?, name: name(args) };
    if args.out.exists() {
        let refuse = || -> anyhow::Result<()> { bail!("{} is there already", args.out.display()) };
        refuse().or_exit(Exit::Config)?;
    }
    write_gguf(&checkpoint, &args.out, &options).or_exit(Exit::Engine)?;
    Ok(args.out.clone())
}

/// A folder with `model.gguf` and a `Modelfile`.
fn ollama(args: &ExportGguf, console: &Console) -> anyhow::Result<PathBuf> {
    let ExportGguf { export: args, format } = args;
    whole_folder(&args.out, |out| {
        let file = out.join("model.gguf");
        let name = Some(name(args));
        let export = ExportModel { out: file.clone(), name, ..args.clone() };
        gguf(&ExportGguf { export, format: format.clone() }, console)?;
        let checkpoint = Checkpoint::open(&file).or_exit(Exit::Engine)?;
        let context = checkpoint.config.context().min(OllamaSettings::default().context);
        let settings = OllamaSettings { context, ..OllamaSettings::default() };
        let text =
            modelfile("model.gguf", &checkpoint.tokenizer, &settings).or_exit(Exit::Engine)?;
        write_new(&out.join("Modelfile"), &text)
    })
}

/// Pairs in TRL's conversational form.
fn trl(args: &ExportRows) -> anyhow::Result<PathBuf> {
    let rows: Vec<PairRow> = read_jsonl(&args.input)?;
    let line = |row: &PairRow| srlm_external::pair_row(row).to_string() + "\n";
    write_new(&args.out, &rows.iter().map(line).collect::<String>())?;
    Ok(args.out.clone())
}

/// The training curve of a model's folder.
fn tensorboard(args: &ExportRows) -> anyhow::Result<PathBuf> {
    let folder = if args.input.is_dir() {
        args.input.as_path()
    } else {
        args.input.parent().unwrap_or(Path::new("."))
    };
    let metrics = read_metrics(folder)?;
    let began =
        std::fs::metadata(folder)?.modified()?.duration_since(std::time::UNIX_EPOCH)?.as_secs();
    Ok(write_tensorboard(&args.out, &metrics, began)?)
}

#[derive(Deserialize)]
struct AlpacaQuestion {
    instruction: String,
    #[serde(default)]
    dataset: String,
}

#[derive(Deserialize)]
struct MtBenchQuestion {
    question_id: u32,
    turns: Vec<String>,
}

/// Rows of a JSON list or of JSON Lines.
fn questions<T: serde::de::DeserializeOwned>(path: &Path) -> anyhow::Result<Vec<T>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let rows = if text.trim_start().starts_with('[') {
        serde_json::from_str(&text).with_context(|| format!("{}", path.display()))
    } else {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let row = |(i, line): (usize, &str)| {
            serde_json::from_str(line)
                .map_err(|error| anyhow!("{}:{}: {error}", path.display(), i + 1))
        };
        lines.map(row).collect()
    };
    rows.or_exit(Exit::Data)
}

/// `model_outputs.json` of AlpacaEval.
fn alpaca_eval(args: &ExportAnswers, console: &Console) -> anyhow::Result<PathBuf> {
    let rows: Vec<AlpacaQuestion> = questions(&args.input)?;
    let mut engine = rows::engine(&args.model, EngineConfig::default(), console)?;
    let chats = rows.iter().map(|row| vec![Message::user(&row.instruction)]).collect();
    let answers = answer(&mut engine, args, "alpaca-eval", chats)?;
    let answers: Vec<SingleAnswer> = rows
        .into_iter()
        .zip(answers)
        .map(|(row, output)| SingleAnswer {
            instruction: row.instruction,
            output,
            dataset: row.dataset,
        })
        .collect();
    write_new(&args.out, &alpaca_eval_outputs(&answers, &args.name))?;
    Ok(args.out.clone())
}

/// Answers to both turns of MT-Bench, as FastChat's judge reads them.
fn mt_bench(args: &ExportAnswers, console: &Console) -> anyhow::Result<PathBuf> {
    let rows: Vec<MtBenchQuestion> = questions(&args.input)?;
    let mut engine = rows::engine(&args.model, EngineConfig::default(), console)?;
    let mut chats: Vec<Vec<Message>> = vec![Vec::new(); rows.len()];
    let mut answers: Vec<TurnAnswers> = rows
        .iter()
        .map(|row| TurnAnswers { question_id: row.question_id, turns: Vec::new() })
        .collect();
    for turn in 0..rows.iter().map(|row| row.turns.len()).max().unwrap_or(0) {
        let asked: Vec<usize> = (0..rows.len()).filter(|&i| turn < rows[i].turns.len()).collect();
        asked.iter().for_each(|&i| chats[i].push(Message::user(&rows[i].turns[turn])));
        let requests = asked.iter().map(|&i| chats[i].clone()).collect();
        let texts = answer(&mut engine, args, &format!("mt-bench/{turn}"), requests)?;
        for (&i, text) in asked.iter().zip(texts) {
            chats[i].push(Message::assistant(&text));
            answers[i].turns.push(text);
        }
    }
    let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs_f64();
    write_new(&args.out, &mt_bench_answers(&answers, &args.name, seconds))?;
    Ok(args.out.clone())
}

/// One answer to each conversation.
fn answer(
    engine: &mut Engine,
    args: &ExportAnswers,
    what: &str,
    chats: Vec<Vec<Message>>,
) -> anyhow::Result<Vec<String>> {
    let request = |(i, messages): (usize, Vec<Message>)| Request {
        id: format!("{what}/{i}"),
        input: Input::Chat(messages),
        seeds: vec![row_seed(args.sampling.seed, what, 0, "", i as u32)],
        sampling: rows::sampling(&args.sampling, false),
        top_logprobs: 0,
    };
    let requests: Vec<Request> = chats.into_iter().enumerate().map(request).collect();
    let samples = generate_group(engine, &requests, &mut |_| ()).or_exit(Exit::Engine)?;
    Ok(samples.into_iter().flatten().map(|sample| sample.text).collect())
}
