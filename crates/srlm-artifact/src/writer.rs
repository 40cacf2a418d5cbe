//! Writing an artifact so that it is there whole or not at all.

use std::fs::File;
use std::io::{self as std_io, BufWriter, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::de::DeserializeOwned;

use crate::artifact::Origin;
use crate::error::io;
use crate::files::write_durably;
use crate::journal::Journal;
use crate::jsonl::{check_rows, checked_line};
use crate::lock::FileLock;
use crate::manifest::{MANIFEST, content_hash};
use crate::staging::Staging;
use crate::{Artifact, Counts, Environment, Error, Kind, Manifest, Recipe, Row, clock};

/// An artifact in the making; dropped, it leaves what it has for the next attempt.
#[derive(Debug)]
pub struct Writer<K: Kind> {
    out: PathBuf,
    staging: Staging,
    recipe: Recipe,
    key: String,
    /// The key under which the staging folder was begun.
    owner: String,
    appended: Journal,
    resumed: Vec<K::Row>,
    started: Instant,
    _lock: FileLock,
    kind: PhantomData<fn() -> K>,
}

impl<K: Kind> Writer<K> {
    pub(crate) fn new(
        out: &Path,
        staging: Staging,
        recipe: Recipe,
        key: String,
        lock: FileLock,
    ) -> Result<Self, Error> {
        let owner = staging.key().unwrap_or_else(|| key.clone());
        let (appended, groups) = Journal::open::<Vec<K::Row>>(&staging.partial_rows(), &owner)?;
        Ok(Self {
            out: out.to_owned(),
            staging,
            recipe,
            key,
            owner,
            appended,
            resumed: groups.concat(),
            started: Instant::now(),
            _lock: lock,
            kind: PhantomData,
        })
    }

    /// Rows that interrupted attempts with the same key appended, in that order. Whatever was given
    /// to one
    /// [`append`](Self::append) is here whole or not at all.
    pub fn resumed(&self) -> &[K::Row] {
        &self.resumed
    }

    /// Puts a group of rows on the disk for a next attempt to resume from. [`finish`](Self::finish)
    /// does not read them back: it wants every row.
    ///
    /// # Errors
    /// [`Error::Unwritable`], [`Error::Io`]
    pub fn append(&mut self, rows: &[K::Row]) -> Result<(), Error> {
        let lines = rows.iter().map(checked_line).collect::<Result<Vec<_>, _>>()?;
        self.appended.append_line(&format!("[{}]", lines.join(",")))?;
        self.appended.sync()
    }

    /// The staging folder. Files put here become part of the artifact, but for those directly in it
    /// whose names start with `checkpoint` or a dot: they stay across attempts and go at the end.
    pub fn dir(&self) -> &Path {
        &self.staging.dir
    }

    /// What earlier attempts with the same key noted under this name in the staging folder, and
    /// where to note more. The name starts with `checkpoint`, so that it stays across attempts and
    /// goes at the end.
    ///
    /// # Errors
    /// Those of [`Journal::open`].
    pub fn journal<T: DeserializeOwned>(&self, name: &str) -> Result<(Journal, Vec<T>), Error> {
        Journal::open(&self.staging.dir.join(name), &self.owner)
    }

    /// Sorts, checks and writes the rows, then the manifest, and gives the folder its name.
    ///
    /// `device` is recorded only. Until the last step the target does not exist; whenever the
    /// process dies, the next
    /// [`begin`](crate::begin) goes on from what is on the disk.
    ///
    /// # Errors
    /// [`Error::Unwritable`], [`Error::Row`], [`Error::Duplicate`], [`Error::Occupied`],
    /// [`Error::Io`]
    pub fn finish(
        self,
        mut rows: Vec<K::Row>,
        counts: Counts,
        device: &str,
    ) -> Result<Artifact<K>, Error> {
        if let Some(name) = K::ROWS_FILE {
            rows.sort_by_cached_key(Row::sort_key);
            write_rows(&self.staging.dir.join(name), &rows)?;
        }
        let files = self.staging.files()?;
        let manifest = Manifest {
            kind: K::NAME.to_owned(),
            format: K::FORMAT,
            rows: rows.len() as u64,
            content_hash: content_hash(K::NAME, K::FORMAT, &files),
            files,
            key: self.key,
            provenance: self.recipe,
            environment: Environment {
                device: device.to_owned(),
                created_at: clock::now(),
                wall_seconds: (self.started.elapsed().as_secs_f64() * 1e3).round() / 1e3,
            },
            counts,
            seal: None,
        };
        let manifest = manifest.sealed();
        let mut text = serde_json::to_vec_pretty(&manifest).expect("its keys are strings");
        text.push(b'\n');
        write_durably(&self.staging.dir.join(MANIFEST), &text)?;
        self.staging.publish(&self.out)?;
        Ok(Artifact::assume_checked(&self.out, manifest).with_origin(Origin::Made))
    }
}

fn write_rows<R: Row>(path: &Path, rows: &[R]) -> Result<(), Error> {
    let lines = rows.iter().map(checked_line).collect::<Result<Vec<_>, _>>()?;
    check_rows(rows, path)?;
    let write = || -> std_io::Result<()> {
        let mut file = BufWriter::new(File::create(path)?);
        for line in lines {
            writeln!(file, "{line}")?;
        }
        file.into_inner()?.sync_all()
    };
    write().map_err(io("write", path))
}
