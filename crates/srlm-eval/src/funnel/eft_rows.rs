//! From ranked responses to judging examples.

use std::path::Path;

use srlm_artifact::Manifest;

use super::folder::{Folders, count, counts};
use super::row::FunnelRow;

/// The folder whose manifest counts both parts of the examples.
const TRAIN: &str = "eft/train";

/// What became of ranked prompts and of the responses to those that were kept, and of the examples.
pub(crate) fn rows(run_dir: &Path) -> Vec<FunnelRow> {
    let prompts =
        row(run_dir, ("prompts judged as people rank them", "prompts"), |row, manifest| {
            let reasons = ["too_few", "unscored", "all_tied", "disagreeing", "targets_disagreeing"];
            step(row, manifest, ("prompts", "kept"), &reasons)
                .noted(manifest, &["train_prompts", "evaluation_prompts"])
        });
    let examples = row(run_dir, ("examples made", "responses"), |row, manifest| {
        step(row, manifest, ("responses", "rows"), &["same_rank", "blank", "no_rationale"])
    });
    let source = examples.as_source(1);
    let kept = row(run_dir, ("examples kept", "examples"), |row, manifest| {
        let mut row = step(row, manifest, ("rows", ""), &["thinned"])
            .noted(manifest, &["train", "evaluation"]);
        row.n_out =
            count(manifest, "train").unwrap_or(0) + count(manifest, "evaluation").unwrap_or(0);
        row.source = source;
        row
    });
    [prompts, examples, kept]
        .into_iter()
        .map(|row| if row.is_counted() { row.checked(None) } else { row })
        .collect()
}

fn row(
    run_dir: &Path,
    names: (&'static str, &'static str),
    fill: impl FnOnce(FunnelRow, &Manifest) -> FunnelRow,
) -> FunnelRow {
    Folders { run_dir, iteration: 0 }.row(names, TRAIN.to_owned(), fill)
}

fn step(
    mut row: FunnelRow,
    manifest: &Manifest,
    (taken, handed): (&str, &str),
    reasons: &[&str],
) -> FunnelRow {
    row.n_in = count(manifest, taken).unwrap_or(0);
    row.n_out = count(manifest, handed).unwrap_or(0);
    row.dropped = counts(manifest, reasons);
    row
}

impl FunnelRow {
    fn noted(mut self, manifest: &Manifest, names: &[&str]) -> Self {
        self.notes = counts(manifest, names);
        self
    }
}
