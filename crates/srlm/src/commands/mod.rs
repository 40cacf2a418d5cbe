//! What each subcommand does.

mod alpaca_eval;
mod answers;
mod benchmark;
mod chat;
mod compare;
mod doctor;
mod doctor_speed;
mod eval_files;
mod eval_judge;
mod export;
mod head_to_head;
mod human;
mod ifeval;
mod import;
mod model_card;
mod mt_bench;
mod on_rows;
mod perplexity;
mod rows;
mod run_stages;
mod safety;
mod serve;
mod shell;
mod study;

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Context;

use crate::cli::{Cli, Command, ConfigCommand, Trace};
use crate::config::{self, RunConfig};
use crate::console::Console;
use crate::exit::{Exit, OrExit};

/// Runs the command.
pub(crate) fn run(cli: Cli, interrupt: &Arc<AtomicBool>) -> anyhow::Result<()> {
    let console = |json: bool| Console::new(json, interrupt.clone());
    match cli.command {
        Command::Iterate(args) => run_stages::iterate(&args, &console(args.json)),
        Command::Study(args) => study::study(&args, &console(args.json)),
        Command::Import(args) => import::import(&args),
        Command::Eft(args) => run_stages::stage("eft", &args, &console(args.run.json)),
        Command::Merge(args) => run_stages::merge(&args, &console(args.run.json)),
        Command::Sft(args) => on_rows::stage("sft", &args, &console(args.json)),
        Command::Prompts(args) => run_stages::stage("prompts", &args, &console(args.run.json)),
        Command::Responses(args) => run_stages::stage("responses", &args, &console(args.run.json)),
        Command::Judge(args) => on_rows::stage("judge", &args, &console(args.json)),
        Command::Dpo(args) => on_rows::stage("dpo", &args, &console(args.json)),
        Command::Pairs(args) => run_stages::pairs(&args, &console(false)),
        Command::Eval(args) => match &args.on_files {
            Some(on_files) => eval_files::run(on_files, &console(false)),
            None => run_stages::eval(&args, &console(false)),
        },
        Command::Human(command) => human::human(&command),
        Command::Report(args) => run_stages::report(&args, &console(args.json)),
        Command::Compare(args) => compare::compare(&args),
        Command::Trace(args) => trace(&args),
        Command::Export(command) => export::export(&command, &console(false)),
        Command::Generate(args) => rows::generate(&args, &console(false)),
        Command::Logprobs(args) => rows::logprobs(&args, &console(false)),
        Command::Tokenize(args) => rows::tokenize(&args, &console(false)),
        Command::Chat(args) => chat::chat(&args, &console(false)),
        Command::Serve(args) => serve::serve(&args, &console(false)),
        Command::Doctor(args) => doctor::doctor(&args, &console(false)),
        Command::Verify { run } => run_stages::verify(&run),
        Command::Completions { shell } => shell::completions(shell),
        Command::Man { dir } => shell::man(dir.as_deref()),
        Command::Config(ConfigCommand::Show(args)) => {
            let found = config::load(args.config.as_deref(), args.preset.as_deref(), &args.set)?;
            print(&config::documented(&found)?)
        }
        Command::Config(ConfigCommand::Diff { config }) => print(&config::diff(&config)?),
        Command::Config(ConfigCommand::Schema) => {
            print(&(serde_json::to_string_pretty(&schemars::schema_for!(RunConfig))? + "\n"))
        }
    }
}

/// `trace`: a prompt's fate, or the funnel of all.
fn trace(args: &Trace) -> anyhow::Result<()> {
    let run = &args.run.run;
    let text = match &args.prompt_id {
        Some(id) => {
            let found = srlm_eval::trace(run, id).or_exit(Exit::Data)?;
            if args.run.json {
                serde_json::to_string_pretty(&found)? + "\n"
            } else {
                found.to_string()
            }
        }
        None => {
            let found = srlm_eval::funnel(run).or_exit(Exit::Data)?;
            if args.run.json {
                serde_json::to_string_pretty(&found)? + "\n"
            } else {
                found.to_string()
            }
        }
    };
    print(&text)
}

/// Prints to standard output; a reader that has seen enough is no error.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("cannot write to standard output"),
    }
}
