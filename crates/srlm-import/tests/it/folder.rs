//! A temporary folder with inputs and outputs.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use srlm_artifact::{Artifact, EftRow, Ift, IftRow, Kind};
use srlm_import::{Accounting, Error, Format, ImportConfig, Imported, import};
use tempfile::TempDir;

/// Everything on one side, so that a test sees every row in one folder.
pub(crate) fn config(format: Format) -> ImportConfig {
    ImportConfig { format, train: 1.0, validation: 0.0, test: 0.0, ..ImportConfig::default() }
}

pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn import(&self, config: &ImportConfig, input: &Path) -> Result<Imported, Error> {
        import(config, &[input.to_owned()], &self.path().join("out"))
    }

    pub(crate) fn rows<K: Kind>(&self, name: &str) -> Vec<K::Row> {
        Artifact::<K>::open(&self.path().join("out").join(name)).unwrap().rows().unwrap()
    }
}

/// Rows as JSON Lines.
pub(crate) fn lines(rows: &[Value]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

/// What an import of a few rows gives.
pub(crate) fn imported(config: &ImportConfig, rows: &[Value]) -> (Folder, Result<Imported, Error>) {
    let folder = Folder::new();
    let input = folder.write("rows.jsonl", lines(rows));
    let imported = folder.import(config, &input);
    (folder, imported)
}

/// Prompts and responses of an import without a split.
pub(crate) fn ift(config: &ImportConfig, rows: &[Value]) -> Vec<(String, String)> {
    let (folder, imported) = imported(config, rows);
    imported.unwrap();
    folder
        .rows::<Ift>("ift-train")
        .into_iter()
        .map(|row: IftRow| (row.prompt.to_text(), row.response))
        .collect()
}

/// `id rank score target` of each row.
pub(crate) fn eft(rows: &[EftRow]) -> Vec<String> {
    let line = |row: &EftRow| {
        format!("{} {} {} {:?}", row.prompt_id, row.human_rank, row.score.get(), row.target)
    };
    rows.iter().map(line).collect()
}

/// Each level of the accounting sums to its whole.
pub(crate) fn assert_adds_up(accounting: &Accounting) {
    let dropped: u64 = accounting.dropped.values().sum();
    let kept: u64 = accounting.kept.values().sum();
    assert_eq!(accounting.examples, dropped + kept, "{accounting}");
    assert_eq!(
        accounting.messages,
        accounting.messages_by_fate.values().sum::<u64>(),
        "{accounting}"
    );
    assert_eq!(accounting.bad_row_list.len() as u64, accounting.bad_rows.min(20));
    assert!(accounting.bad_rows <= accounting.rows);
}
