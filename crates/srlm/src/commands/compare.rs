//! `compare`: several runs side by side.

use std::path::PathBuf;

use anyhow::Context;
use srlm_eval::{RunSummary, compare};

use crate::cli::Compare;
use crate::commands::print;
use crate::exit::{Exit, OrExit};

/// Writes `index.html`, `compare.md` and `compare.json` into the folder, and prints the page's
/// path.
pub(crate) fn compare(args: &Compare) -> anyhow::Result<()> {
    let runs: Vec<RunSummary> = args
        .runs
        .iter()
        .map(|run| RunSummary::read(run))
        .collect::<Result<_, _>>()
        .or_exit(Exit::Data)?;
    std::fs::create_dir_all(&args.out)
        .with_context(|| format!("cannot create {}", args.out.display()))?;
    let json = serde_json::to_string_pretty(&compare::compare(&runs))? + "\n";
    let write = |name: &str, text: String| -> anyhow::Result<PathBuf> {
        let path = args.out.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    };
    write("compare.json", json)?;
    write("compare.md", compare::to_markdown(&runs))?;
    let page = write("index.html", compare::render(&runs))?;
    print(&format!("{}\n", page.display()))
}
