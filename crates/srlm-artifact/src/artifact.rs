//! A complete folder, opened and checked.

use std::collections::HashSet;
use std::fs;
use std::marker::PhantomData;
use std::path::{Component, Path, PathBuf};

use crate::error::io;
use crate::files::{NOT_A_FILE, entries, read_file};
use crate::jsonl::parse_rows;
use crate::manifest::{MANIFEST, content_hash};
use crate::recipe::key;
use crate::{Error, FileEntry, Input, Kind, Manifest, sha256, sha256_file};

/// Where an artifact at hand comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was there.
    UpToDate,
    /// It was taken over from another run.
    Taken,
    /// This process has made it.
    Made,
}

/// A complete artifact folder whose structure was checked.
#[derive(Clone, Debug)]
pub struct Artifact<K> {
    dir: PathBuf,
    manifest: Manifest,
    origin: Origin,
    kind: PhantomData<fn() -> K>,
}

impl<K: Kind> Artifact<K> {
    /// Opens a folder: kind, format, files and their sizes, nothing but the files that the manifest
    /// lists, and the rows: their bytes, number, unique ids and the rules of each.
    ///
    /// # Errors
    /// What does not fit: any variant of [`Error`] about reading, with file, line and field.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let artifact = Self::of_kind(dir)?;
        match artifact.structure(&|_| false).into_iter().next() {
            Some(problem) => return Err(problem),
            None => artifact.rows()?,
        };
        Ok(artifact)
    }

    /// The folder, if it says to be of this kind.
    fn of_kind(dir: &Path) -> Result<Self, Error> {
        let manifest = Manifest::read(dir)?;
        if manifest.kind != K::NAME {
            return Err(Error::Kind {
                path: dir.to_owned(),
                expected: K::NAME,
                found: manifest.kind,
            });
        }
        Ok(Self::assume_checked(dir, manifest))
    }

    pub(crate) fn assume_checked(dir: &Path, manifest: Manifest) -> Self {
        Self { dir: dir.to_owned(), manifest, origin: Origin::UpToDate, kind: PhantomData }
    }

    pub(crate) fn with_origin(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    /// Hashes every file, beyond what [`Artifact::open`] checks.
    ///
    /// # Errors
    /// [`Error::Hash`] with the first file that differs, [`Error::File`] where the manifest
    /// contradicts itself.
    pub fn verify(&self) -> Result<(), Error> {
        self.content().into_iter().next().map_or(Ok(()), Err)
    }

    /// The artifact in a staging folder, if it is whole; `is_transient` names what goes before the
    /// folder is renamed.
    pub(crate) fn staged(dir: &Path, is_transient: &dyn Fn(&str) -> bool) -> Result<Self, Error> {
        let artifact = Self::of_kind(dir)?;
        match artifact.structure(is_transient).into_iter().next() {
            Some(problem) => Err(problem),
            None => artifact.verify().map(|()| artifact),
        }
    }

    /// All that is wrong with a folder of this kind, which may be nothing.
    pub(crate) fn problems(dir: &Path) -> Vec<Error> {
        let artifact = match Self::of_kind(dir) {
            Ok(artifact) => artifact,
            Err(error) => return vec![error],
        };
        let mut problems = artifact.structure(&|_| false);
        if problems.is_empty() {
            // A change of the rows shows in their hash as well: say what it is, then that it is.
            problems
                .extend(artifact.rows().err().filter(|error| !matches!(error, Error::Hash { .. })));
        }
        problems.extend(artifact.content());
        problems
    }

    /// Every row, in the file's order; none for kinds without rows. They are those that were
    /// written: their bytes are hashed as they are read.
    ///
    /// # Errors
    /// Those of [`read_rows`](crate::read_rows), [`Error::RowCount`], [`Error::Hash`].
    pub fn rows(&self) -> Result<Vec<K::Row>, Error> {
        let Some(file) = K::ROWS_FILE else { return Ok(Vec::new()) };
        let path = self.dir.join(file);
        let bytes = read_file(&path)?;
        let rows = parse_rows(&bytes, &path)?;
        let (expected, found) = (self.manifest.rows, rows.len() as u64);
        if expected != found {
            return Err(Error::RowCount { path, expected, found });
        }
        self.check_hash(file, &bytes)?;
        Ok(rows)
    }

    /// The bytes of a file beside the rows, as they were written.
    ///
    /// # Errors
    /// [`Error::File`] where the manifest lists no such file, [`Error::Hash`], [`Error::Io`]
    pub fn read(&self, name: &str) -> Result<Vec<u8>, Error> {
        let bytes = read_file(&self.dir.join(name))?;
        self.check_hash(name, &bytes)?;
        Ok(bytes)
    }

    fn check_hash(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.dir.join(name);
        let Some(file) = self.manifest.files.iter().find(|file| file.path == name) else {
            return Err(Error::File { path, problem: UNLISTED.to_owned() });
        };
        match sha256(bytes) {
            found if found == file.sha256 => Ok(()),
            found => Err(Error::Hash { path, expected: file.sha256.clone(), found }),
        }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What the folder says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Whether it was there, was taken from another run, or was made now.
    pub fn origin(&self) -> Origin {
        self.origin
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

    /// What shows without reading the files; `is_extra` names what may lie there all the same.
    fn structure(&self, is_extra: &dyn Fn(&str) -> bool) -> Vec<Error> {
        let manifest = &self.manifest;
        let mut problems: Vec<Error> =
            manifest.files.iter().filter_map(|file| self.check_file(file).err()).collect();
        if let Some(rows) = K::ROWS_FILE
            && !manifest.files.iter().any(|file| file.path == rows)
        {
            problems.push(self.contradiction(&format!("does not list {rows}")));
        }
        if manifest.content_hash != content_hash(&manifest.kind, manifest.format, &manifest.files) {
            problems
                .push(self.contradiction("has a `content_hash` that is not that of its `files`"));
        }
        if !K::IS_OPEN {
            let listed = manifest.files.iter().map(|file| self.dir.join(&file.path)).collect();
            unlisted(&self.dir, &listed, is_extra, &mut problems);
        }
        problems
    }

    /// What shows only when every file is read.
    fn content(&self) -> Vec<Error> {
        let mut problems = Vec::new();
        for file in self.manifest.files.iter().filter(|file| self.check_file(file).is_ok()) {
            let path = self.dir.join(&file.path);
            match sha256_file(&path) {
                Ok(found) if found == file.sha256 => {}
                Ok(found) => {
                    let expected = file.sha256.clone();
                    problems.push(Error::Hash { path, expected, found });
                }
                Err(source) => problems.push(io("read", &path)(source)),
            }
        }
        let manifest = &self.manifest;
        if manifest.key != key(&manifest.kind, manifest.format, &manifest.provenance) {
            problems.push(self.contradiction("has a `key` that is not that of its `provenance`"));
        }
        if !manifest.is_unchanged() {
            problems.push(self.contradiction("was changed: its `seal` is not that of the rest"));
        }
        problems
    }

    fn check_file(&self, file: &FileEntry) -> Result<(), Error> {
        let inside =
            Path::new(&file.path).components().all(|part| matches!(part, Component::Normal(_)));
        if !inside || file.path.is_empty() {
            return Err(self
                .contradiction(&format!("lists `{}`, which is not inside the folder", file.path)));
        }
        let path = self.dir.join(&file.path);
        let problem = match fs::symlink_metadata(&path) {
            Ok(found) if !found.is_file() => NOT_A_FILE.to_owned(),
            Ok(found) if found.len() == file.bytes => return Ok(()),
            Ok(found) => format!("has {} bytes, the manifest says {}", found.len(), file.bytes),
            Err(_) => "is missing, the manifest lists it".to_owned(),
        };
        Err(Error::File { path, problem })
    }

    fn contradiction(&self, problem: &str) -> Error {
        Error::File { path: self.dir.join(MANIFEST), problem: problem.to_owned() }
    }
}

const UNLISTED: &str = "is not part of the artifact: its manifest does not list it; move it away";

/// Files below `dir` that are not listed. Names with a leading dot are left out: systems put such
/// files everywhere, and nothing reads them.
fn unlisted(
    dir: &Path,
    listed: &HashSet<PathBuf>,
    is_extra: &dyn Fn(&str) -> bool,
    problems: &mut Vec<Error>,
) {
    let found = match entries(dir) {
        Ok(found) => found,
        Err(error) => return problems.push(error),
    };
    for entry in found {
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_ours = path == dir.join(MANIFEST) || listed.contains(&path);
        if is_ours || name.starts_with('.') || is_extra(&name) {
            continue;
        }
        // Of the entry itself: a link to a folder is not followed, so no loop can hold us.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            unlisted(&path, listed, &|_| false, problems);
        } else {
            problems.push(Error::File { path, problem: UNLISTED.to_owned() });
        }
    }
}
