//! A complete folder, opened and checked.

use std::fs;
use std::marker::PhantomData;
use std::path::{Component, Path, PathBuf};

use crate::files::sha256;
use crate::manifest::{MANIFEST, content_hash};
use crate::recipe::key;
use crate::{Error, FileEntry, Input, Kind, Manifest, read_rows};

/// A complete artifact folder whose structure was checked.
#[derive(Clone, Debug)]
pub struct Artifact<K> {
    dir: PathBuf,
    manifest: Manifest,
    kind: PhantomData<fn() -> K>,
}

impl<K: Kind> Artifact<K> {
    /// Opens a folder: kind, format, files and their sizes, row count, unique ids and the rules of
    /// each row.
    ///
    /// # Errors
    /// What does not fit: any variant of [`Error`] about reading, with file, line and field.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let manifest = Manifest::read(dir)?;
        if manifest.kind != K::NAME {
            return Err(Error::Kind {
                path: dir.to_owned(),
                expected: K::NAME,
                found: manifest.kind,
            });
        }
        let artifact = Self::assume_checked(dir, manifest);
        artifact.check_files()?;
        artifact.rows()?;
        Ok(artifact)
    }

    pub(crate) fn assume_checked(dir: &Path, manifest: Manifest) -> Self {
        Self { dir: dir.to_owned(), manifest, kind: PhantomData }
    }

    /// Hashes every file, beyond what [`Artifact::open`] checks.
    ///
    /// # Errors
    /// [`Error::Hash`] with the first file that differs, [`Error::File`] where the manifest
    /// contradicts itself.
    pub fn verify(&self) -> Result<(), Error> {
        for file in &self.manifest.files {
            let path = self.dir.join(&file.path);
            let found = sha256(&path)?;
            if found != file.sha256 {
                return Err(Error::Hash { path, expected: file.sha256.clone(), found });
            }
        }
        let manifest = &self.manifest;
        if manifest.key != key(&manifest.kind, manifest.format, &manifest.provenance) {
            return Err(self.contradiction("has a `key` that is not that of its `provenance`"));
        }
        Ok(())
    }

    /// Every row, in the file's order; none for kinds without rows.
    ///
    /// # Errors
    /// Those of [`read_rows`], [`Error::RowCount`].
    pub fn rows(&self) -> Result<Vec<K::Row>, Error> {
        let Some(file) = K::ROWS_FILE else { return Ok(Vec::new()) };
        let path = self.dir.join(file);
        let rows = read_rows(&path)?;
        let (expected, found) = (self.manifest.rows, rows.len() as u64);
        if expected != found {
            return Err(Error::RowCount { path, expected, found });
        }
        Ok(rows)
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What the folder says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Identifies what the folder holds.
    pub fn content_hash(&self) -> &str {
        &self.manifest.content_hash
    }

    /// This artifact as an input of a [`Recipe`](crate::Recipe).
    pub fn as_input(&self, role: &str) -> Input {
        Input {
            role: role.to_owned(),
            kind: K::NAME.to_owned(),
            content_hash: self.manifest.content_hash.clone(),
        }
    }

    fn check_files(&self) -> Result<(), Error> {
        let manifest = &self.manifest;
        for file in &manifest.files {
            self.check_file(file)?;
        }
        if let Some(rows) = K::ROWS_FILE
            && !manifest.files.iter().any(|file| file.path == rows)
        {
            return Err(self.contradiction(&format!("does not list {rows}")));
        }
        if manifest.content_hash != content_hash(&manifest.kind, manifest.format, &manifest.files) {
            return Err(self.contradiction("has a `content_hash` that is not that of its `files`"));
        }
        Ok(())
    }

    fn check_file(&self, file: &FileEntry) -> Result<(), Error> {
        let inside =
            Path::new(&file.path).components().all(|part| matches!(part, Component::Normal(_)));
        if !inside || file.path.is_empty() {
            return Err(self
                .contradiction(&format!("lists `{}`, which is not inside the folder", file.path)));
        }
        let path = self.dir.join(&file.path);
        let problem = match fs::metadata(&path) {
            Ok(found) if found.is_file() && found.len() == file.bytes => return Ok(()),
            Ok(found) => format!("has {} bytes, the manifest says {}", found.len(), file.bytes),
            Err(_) => "is missing, the manifest lists it".to_owned(),
        };
        Err(Error::File { path, problem })
    }

    fn contradiction(&self, problem: &str) -> Error {
        Error::File { path: self.dir.join(MANIFEST), problem: problem.to_owned() }
    }
}
