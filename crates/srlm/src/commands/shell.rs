//! `completions` and `man`: what a shell and a manual need to know of the program.

use std::path::Path;

use anyhow::Context;
use clap::CommandFactory;
use clap_complete::Shell;

use super::print;
use crate::cli::Cli;

/// The installed program's name; `cargo xtask` cannot be completed.
const PROGRAM: &str = "srlm";

fn command() -> clap::Command {
    Cli::command().name(PROGRAM).bin_name(PROGRAM)
}

/// `completions`.
pub(crate) fn completions(shell: Shell) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), PROGRAM, &mut script);
    print(&String::from_utf8(script).context("a script is text")?)
}

/// `man`: the program's page on standard output, or a page for each command in `dir`.
pub(crate) fn man(dir: Option<&Path>) -> anyhow::Result<()> {
    let Some(dir) = dir else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command()).render(&mut page).context("cannot write the page")?;
        return print(&String::from_utf8(page).context("a page is text")?);
    };
    std::fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    clap_mangen::generate_to(command(), dir)
        .with_context(|| format!("cannot write pages to {}", dir.display()))
}
