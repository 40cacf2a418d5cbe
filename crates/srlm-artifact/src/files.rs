//! Files on disk: listing, hashing, making durable.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self as std_io, Write};
use std::path::{Path, PathBuf};

use crate::error::io;
use crate::{Error, FileEntry, sha256_file};

/// `{path}{suffix}`, in the same folder.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path.file_name().unwrap_or_default());
    name.push(suffix);
    path.with_file_name(name)
}

/// The folder that holds `path`.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// Writes a file and waits until it is on the disk.
pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut file = File::create(path).map_err(io("create", path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(io("write", path))
}

/// Makes the names in a folder durable, where the system lets folders be opened.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), Error> {
    if cfg!(unix) {
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(io("sync", dir))
    } else {
        Ok(())
    }
}

/// Renames a folder to a name that is free, durably.
pub(crate) fn rename_dir(from: &Path, to: &Path) -> Result<(), Error> {
    fs::rename(from, to).map_err(io("rename", from))?;
    sync_dir(parent(to))
}

/// The entries of a folder, sorted by name.
pub(crate) fn entries(dir: &Path) -> Result<Vec<fs::DirEntry>, Error> {
    let read = || fs::read_dir(dir)?.collect::<std_io::Result<Vec<_>>>();
    let mut entries = read().map_err(io("list", dir))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    Ok(entries)
}

/// Hashes and makes durable every file below `dir` whose first path part `keep` accepts, sorted by
/// path.
pub(crate) fn list(dir: &Path, keep: impl Fn(&str) -> bool) -> Result<Vec<FileEntry>, Error> {
    let mut files = Vec::new();
    for entry in entries(dir)? {
        let name = utf8_name(&entry)?;
        if keep(&name) {
            collect(&entry.path(), name, &mut files)?;
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    sync_dir(dir)?;
    Ok(files)
}

fn collect(path: &Path, name: String, files: &mut Vec<FileEntry>) -> Result<(), Error> {
    let metadata = fs::symlink_metadata(path).map_err(io("read", path))?;
    if metadata.is_dir() {
        for entry in entries(path)? {
            collect(&entry.path(), format!("{name}/{}", utf8_name(&entry)?), files)?;
        }
        return sync_dir(path);
    }
    if !metadata.is_file() {
        let problem = "is neither a file nor a folder; artifacts hold no links".to_owned();
        return Err(Error::File { path: path.to_owned(), problem });
    }
    // Unix syncs what is open for reading, and files that were copied here may be read-only.
    let sync = || OpenOptions::new().read(true).write(cfg!(windows)).open(path)?.sync_all();
    sync().map_err(io("sync", path))?;
    let sha256 = sha256_file(path).map_err(io("read", path))?;
    files.push(FileEntry { path: name, bytes: metadata.len(), sha256 });
    Ok(())
}

/// The bytes of what is a file itself: a link may lead anywhere, and to open a pipe or a device may
/// never return.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, Error> {
    let metadata = fs::symlink_metadata(path).map_err(io("read", path))?;
    if !metadata.is_file() {
        return Err(Error::File { path: path.to_owned(), problem: NOT_A_FILE.to_owned() });
    }
    fs::read(path).map_err(io("read", path))
}

/// Said of a link, a folder, a pipe or a device where a file must be.
pub(crate) const NOT_A_FILE: &str = "is not a file; artifacts hold no links and no devices";

fn utf8_name(entry: &fs::DirEntry) -> Result<String, Error> {
    let problem =
        || Error::File { path: entry.path(), problem: "has a name that is not UTF-8".to_owned() };
    entry.file_name().into_string().map_err(|_| problem())
}
