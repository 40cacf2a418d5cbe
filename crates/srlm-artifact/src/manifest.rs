//! `manifest.json`: what a folder holds and where it comes from.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::canonical::hash_json;
use crate::error::io;
use crate::files::read_file;
use crate::jsonl::parse_json;
use crate::kind::supported;
use crate::{Error, Format, Recipe};

/// The manifest's name in the folder.
pub(crate) const MANIFEST: &str = "manifest.json";

/// How many of what; reasons for what was left out are counts as well, so that the numbers add up.
pub type Counts = BTreeMap<String, u64>;

/// What a complete folder says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Name of the kind.
    pub kind: String,
    /// Form on disk.
    pub format: Format,
    /// Lines of the rows file; 0 for kinds without one.
    pub rows: u64,
    /// Every file but the manifest, sorted by path.
    pub files: Vec<FileEntry>,
    /// Hash over kind, format and files: what the folder holds, whoever made it.
    pub content_hash: String,
    /// Hash over kind, format and what decides the result: see [`Recipe::key`].
    pub key: String,
    /// How it was made.
    pub provenance: Recipe,
    /// Where and when it was made.
    pub environment: Environment,
    /// What went in, what came out, what was left out.
    pub counts: Counts,
    /// Hash over all of the above; absent where 0.1.0 wrote the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<String>,
}

/// One file of a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Relative to the folder, with `/` between the parts.
    pub path: String,
    /// Size.
    pub bytes: u64,
    /// SHA-256, in lower-case hexadecimal digits.
    pub sha256: String,
}

/// What does not decide the result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// As the caller names it: `cpu (avx512)`, `cuda:0`.
    pub device: String,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// Seconds from `begin` to `finish` of the last attempt.
    pub wall_seconds: f64,
}

/// The fields that every version of the manifest has.
#[derive(Deserialize)]
struct Head {
    kind: String,
    format: Format,
}

impl Manifest {
    /// This manifest with its seal.
    pub(crate) fn sealed(self) -> Self {
        Self { seal: Some(self.hash()), ..self }
    }

    /// Whether it says what it said when it was written, as far as it can tell.
    pub(crate) fn is_unchanged(&self) -> bool {
        self.seal.as_ref().is_none_or(|seal| *seal == self.hash())
    }

    fn hash(&self) -> String {
        let bare = Self { seal: None, ..self.clone() };
        hash_json(&serde_json::to_value(bare).expect("its keys are strings"))
    }

    /// The manifest of a folder of any kind.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::UnknownKind`], [`Error::Format`], [`Error::Manifest`],
    /// [`Error::Io`]
    pub fn read(dir: &Path) -> Result<Self, Error> {
        let path = dir.join(MANIFEST);
        match fs::symlink_metadata(&path) {
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Err(Error::Missing { path: dir.to_owned() });
            }
            found => found.map_err(io("read", &path))?,
        };
        let text = String::from_utf8(read_file(&path)?)
            .map_err(|error| io("read", &path)(std::io::Error::other(error)))?;
        let head: Head = parse(&text, &path)?;
        let Some(supported) = supported(&head.kind) else {
            return Err(Error::UnknownKind { path: dir.to_owned(), kind: head.kind });
        };
        if !supported.reads(head.format) {
            let Head { kind, format: found } = head;
            return Err(Error::Format { path: dir.to_owned(), kind, found, supported });
        }
        parse(&text, &path)
    }
}

fn parse<T: DeserializeOwned>(text: &str, path: &Path) -> Result<T, Error> {
    parse_json(text).map_err(|(field, source)| Error::Manifest {
        path: path.to_owned(),
        field,
        source,
    })
}

/// Kind, format, and the path and hash of each file.
pub(crate) fn content_hash(kind: &str, format: Format, files: &[FileEntry]) -> String {
    let files: Vec<_> =
        files.iter().map(|file| json!({ "path": file.path, "sha256": file.sha256 })).collect();
    hash_json(&json!({ "kind": kind, "format": format, "files": files }))
}
