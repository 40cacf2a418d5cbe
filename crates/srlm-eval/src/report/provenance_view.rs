//! Where everything came from: hashes, configuration, device, time, versions.

use askama::Template;

use super::RunSummary;
use super::clip::clip;
use super::format::{count, duration, short_hash, words};
use super::summary::{Facts, Folder, FolderState};

/// Characters shown of the configuration.
const MOST_OF_CONFIG: usize = 40_000;

#[derive(Template)]
#[template(path = "provenance.html")]
struct Provenance<'a> {
    rows: Vec<Row<'a>>,
    total: String,
    devices: String,
    config: Option<&'a str>,
    config_rest: String,
    version: &'static str,
}

struct Row<'a> {
    path: &'a str,
    facts: Option<Cells<'a>>,
    state: String,
}

struct Cells<'a> {
    rows: String,
    stage: &'a str,
    version: &'a str,
    device: &'a str,
    wall: String,
    created_at: &'a str,
    seed: u64,
    hash: String,
    counts: String,
    inputs: Vec<(&'a str, String)>,
}

pub(crate) fn provenance(run: &RunSummary) -> String {
    let facts = || run.folders().filter_map(Folder::facts);
    let mut devices: Vec<&str> = facts()
        .map(|facts| facts.device.as_str())
        .filter(|device| !["", "none"].contains(device))
        .collect();
    devices.sort_unstable();
    devices.dedup();
    let config = run.config.as_deref().map(|config| clip(config, MOST_OF_CONFIG));
    super::rendered(&Provenance {
        rows: run.folders().map(row).collect(),
        total: duration(facts().map(|facts| facts.wall_seconds).sum()),
        devices: devices.join(", "),
        config_rest: config.as_ref().map(|config| config.rest()).unwrap_or_default(),
        config: config.map(|config| config.text),
        version: env!("CARGO_PKG_VERSION"),
    })
}

fn row(folder: &Folder) -> Row<'_> {
    let state = match &folder.state {
        FolderState::Pending => "pending".to_owned(),
        FolderState::Unreadable(reason) => format!("unreadable: {reason}"),
        FolderState::Complete(_) => String::new(),
    };
    Row { path: &folder.path, facts: folder.facts().map(cells), state }
}

fn cells(facts: &Facts) -> Cells<'_> {
    Cells {
        rows: if facts.n_rows == 0 { String::new() } else { count(facts.n_rows) },
        stage: &facts.stage,
        version: &facts.version,
        device: &facts.device,
        wall: duration(facts.wall_seconds),
        created_at: &facts.created_at,
        seed: facts.seed,
        hash: short_hash(&facts.content_hash),
        counts: counts(facts),
        inputs: facts.inputs.iter().map(|(role, hash)| (role.as_str(), short_hash(hash))).collect(),
    }
}

/// `kept 40, similar 3`: without zeros.
fn counts(facts: &Facts) -> String {
    let counted = facts.counts.iter().filter(|(_, n)| **n > 0);
    counted.map(|(name, n)| format!("{} {}", words(name), count(*n))).collect::<Vec<_>>().join(", ")
}
