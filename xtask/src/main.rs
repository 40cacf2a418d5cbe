//! The srlm command line. `cargo xtask iterate` runs the whole self-rewarding loop.

mod anchors;
mod cli;
mod commands;
mod conclude;
mod config;
mod console;
mod device;
mod eft;
mod evaluate;
mod exit;
mod external;
mod folders;
mod iterate;
mod judging;
mod plan;
mod preferences;
mod roles;
mod run;
mod safety;
mod seed;
mod source;
mod stages;
mod study;
mod tiny;
mod validation;
mod verdicts;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser;

use crate::cli::Cli;
use crate::exit::Exit;

// Training gives back and asks for large buffers all the time; the system's allocator returns each
// to the kernel.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    srlm_artifact::set_git_commit(option_env!("SRLM_GIT_COMMIT").unwrap_or_default());
    let level = std::env::var("SRLM_LOG").unwrap_or_else(|_| "warn".to_owned());
    tracing_subscriber::fmt().with_env_filter(level).with_writer(std::io::stderr).init();
    match commands::run(cli, &interrupt()) {
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
