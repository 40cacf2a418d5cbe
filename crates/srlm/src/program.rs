//! The program around the commands: arguments, logging, interruption, exit code.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use clap::{CommandFactory, FromArgMatches};

use crate::cli::Cli;
use crate::commands;
use crate::cpu;
use crate::exit::{self, Exit};

/// What the user calls the program.
static NAME: OnceLock<&str> = OnceLock::new();

/// What the user calls the program, for texts that name a command.
pub(crate) fn name() -> &'static str {
    NAME.get().copied().unwrap_or("srlm")
}

/// Runs the command line; `name` is what its user calls the program, as in `cargo xtask`.
pub fn main(name: &'static str) -> ExitCode {
    let name = NAME.get_or_init(|| name);
    let command = Cli::command().name(*name).bin_name(*name);
    let cli = match Cli::from_arg_matches(&command.get_matches()) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let level = std::env::var("SRLM_LOG").unwrap_or_else(|_| "warn".to_owned());
    tracing_subscriber::fmt().with_env_filter(level).with_writer(std::io::stderr).init();
    match cpu::follow_environment().and_then(|()| commands::run(cli, &interrupt())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let code = exit::code(&error);
            match code {
                Exit::Interrupted => {
                    eprintln!("interrupted: what was done is saved; run the same command to go on")
                }
                Exit::Emitted | Exit::Waiting => eprintln!("{}", exit::message(&error)),
                _ => eprintln!("error: {}", exit::message(&error)),
            }
            ExitCode::from(code as u8)
        }
    }
}

/// Set by the first Ctrl-C; the second ends the process at once.
fn interrupt() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let seen = flag.clone();
    let handled = ctrlc::set_handler(move || {
        if seen.swap(true, Ordering::Relaxed) {
            std::process::exit(Exit::Interrupted as i32);
        }
        eprintln!("\nstopping after this step and saving; press Ctrl-C again to stop at once");
    });
    if let Err(error) = handled {
        eprintln!("warning: Ctrl-C will stop at once: {error}");
    }
    flag
}
