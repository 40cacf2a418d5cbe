//! The loop for other programs.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::config::{self, RunConfig};
use crate::console::Console;
use crate::exit;
use crate::run::Run;

/// Why a configuration was refused or a run stopped.
#[derive(Debug)]
pub struct Error(anyhow::Error);

impl Error {
    /// What the program would exit with: 2 the configuration, 3 data, 4 the model or a server, 5 the
    /// device, 75 another program has to train first, 130 interrupted.
    pub fn code(&self) -> u8 {
        exit::code(&self.0) as u8
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&exit::message(&self.0))
    }
}

impl std::error::Error for Error {}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        Self(error)
    }
}

impl RunConfig {
    /// A built-in configuration, `smollm2`, `tiny` or `paper`, with changes such as `dpo.beta=0.2`.
    /// Paths among these count from the working folder.
    ///
    /// # Errors
    /// A preset or a key that there is not, a value that is not possible.
    pub fn preset(name: &str, changes: &[&str]) -> Result<Self, Error> {
        Ok(config::load(None, Some(name), &owned(changes))?)
    }

    /// A configuration file, with changes such as `dpo.beta=0.2`. Paths in the file count from its
    /// folder.
    ///
    /// # Errors
    /// A file that cannot be read, a key that there is not, a value that is not possible.
    pub fn read(path: &Path, changes: &[&str]) -> Result<Self, Error> {
        Ok(config::load(Some(path), None, &owned(changes))?)
    }
}

fn owned(changes: &[&str]) -> Vec<String> {
    changes.iter().map(|&change| change.to_owned()).collect()
}

/// Runs the whole loop in `dir`, from seed data to the report, and gives the report's path. What is
/// there already is not made again, so a run that was stopped goes on.
///
/// Nothing is printed. Models that the configuration names are fetched as the program does it, with
/// the same variables of the environment.
///
/// # Errors
/// A setting that differs from what the folder was made with, data that do not fit, a model or a
/// server that fails. What was done is saved.
pub fn iterate(config: &RunConfig, dir: &Path) -> Result<PathBuf, Error> {
    let console = Console::silent();
    let run = Run::open(config.clone(), dir.to_owned(), &console)?;
    Ok(crate::iterate::iterate(&run, &[], None)?)
}
