//! `judge.json` in its artifact folder.

use srlm_artifact::{Artifact, Counts, Eval, Writer};

use super::JudgeReport;
use crate::Error;

const FILE: &str = "judge.json";

/// Writes the report into the folder that [`begin`](crate::begin) began, and finishes it.
///
/// # Errors
/// [`Error::Artifact`] and [`Error::Io`].
pub fn write(
    writer: Writer<Eval>,
    report: &JudgeReport,
    device: &str,
) -> Result<Artifact<Eval>, Error> {
    let path = writer.dir().join(FILE);
    let text = serde_json::to_string_pretty(report).expect("its keys are strings") + "\n";
    std::fs::write(&path, text).map_err(|source| Error::Io { path, source })?;
    Ok(writer.finish(Vec::new(), counts(report), device)?)
}

/// Reads the report of a finished folder.
///
/// # Errors
/// [`Error::Io`] and [`Error::Evaluation`] name the file.
pub fn read(artifact: &Artifact<Eval>) -> Result<JudgeReport, Error> {
    let path = artifact.dir().join(FILE);
    serde_json::from_slice(&artifact.read(FILE)?)
        .map_err(|source| Error::Evaluation { path, source })
}

/// `responses` is `judged_responses` and `unscored_responses`; `pairs` is `compared_pairs` and
/// `missing_verdicts`.
fn counts(report: &JudgeReport) -> Counts {
    let mut counts = vec![
        ("trees", report.n_trees),
        ("prompts", report.n_prompts),
        ("responses", report.n_responses),
        ("judged_responses", report.n_responses - report.n_unscored),
        ("unscored_responses", report.n_unscored),
        ("judgments", report.health.judgments),
        ("human_ordered_pairs", report.written.agreement.n_pairs),
    ];
    if let Some(pairwise) = &report.pairwise {
        counts.extend([
            ("pairs", pairwise.n_pairs),
            ("compared_pairs", pairwise.n_pairs - pairwise.n_missing),
            ("missing_verdicts", pairwise.n_missing),
        ]);
    }
    counts.into_iter().map(|(name, n)| (name.to_owned(), n)).collect()
}
