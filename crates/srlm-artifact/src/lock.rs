//! One process at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use crate::Error;
use crate::error::io;

/// Keeps other processes out of a run until it is dropped. A process that dies lets go, too.
#[derive(Debug)]
pub struct RunLock {
    _lock: FileLock,
}

impl RunLock {
    /// Locks a run's folder, which is made if need be.
    ///
    /// # Errors
    /// [`Error::Locked`] where another process holds it; [`Error::Io`]
    pub fn acquire(run_dir: &Path) -> Result<Self, Error> {
        fs::create_dir_all(run_dir).map_err(io("create", run_dir))?;
        Ok(Self { _lock: FileLock::acquire(&run_dir.join(".lock"), run_dir)? })
    }
}

/// A locked file, removed when dropped.
#[derive(Debug)]
pub(crate) struct FileLock {
    path: PathBuf,
    _file: File,
}

impl FileLock {
    /// Locks the file at `path`; errors name `subject`, the thing that it guards.
    pub(crate) fn acquire(path: &Path, subject: &Path) -> Result<Self, Error> {
        loop {
            let mut file = match open(path) {
                // Its last holder removed it between our two looks.
                Err(error)
                    if error.kind() == ErrorKind::NotFound
                        && path.parent().is_some_and(Path::is_dir) =>
                {
                    continue;
                }
                opened => opened.map_err(io("open", path))?,
            };
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::Locked { path: subject.to_owned(), holder: holder(path) });
                }
                Err(TryLockError::Error(error)) => return Err(io("lock", path)(error)),
            }
            // Its last holder may have removed the file between our opening and our locking it.
            if is_at(&file, path) {
                record(&mut file).map_err(io("write", path))?;
                return Ok(Self { path: path.to_owned(), _file: file });
            }
        }
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // Removed while still locked, so nobody who finds the file can hold it; a leftover file
        // does no harm.
        let _ = fs::remove_file(&self.path);
    }
}

/// Opens or makes the file without following a link: one that is made by `create_new` never is
/// behind a link, and one that is there is looked at before.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    match options.clone().create_new(true).open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => return made,
    }
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(foreign());
    }
    options.open(path)
}

/// Writes who holds the lock, over nothing but what an earlier holder wrote.
fn record(file: &mut File) -> io::Result<()> {
    let mut found = Vec::new();
    (&*file).take(32).read_to_end(&mut found)?;
    if found.len() > 20 || !found.iter().all(u8::is_ascii_digit) {
        return Err(foreign());
    }
    file.set_len(0)?;
    io::Seek::rewind(file)?;
    write!(file, "{}", std::process::id())
}

fn foreign() -> io::Error {
    io::Error::other("it is not a lock file of this program: move it away")
}

fn holder(path: &Path) -> String {
    fs::read_to_string(path)
        .ok()
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| "unknown".to_owned())
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |metadata: &fs::Metadata| (metadata.dev(), metadata.ino());
    matches!((file.metadata(), fs::symlink_metadata(path)), (Ok(ours), Ok(there)) if id(&ours) == id(&there))
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_takes_over_what_a_dead_holder_left_and_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".lock");
        fs::write(&path, "4194304").unwrap();
        let lock = RunLock::acquire(folder.path()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), std::process::id().to_string());
        assert!(matches!(RunLock::acquire(folder.path()), Err(Error::Locked { .. })));
        drop(lock);
        assert!(!path.exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_never_touches_what_it_did_not_make() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join(".lock"), folder.path().join("precious"));
        let check = |kept: Option<&str>| {
            assert!(matches!(RunLock::acquire(folder.path()), Err(Error::Io { .. })));
            assert_eq!(fs::read_to_string(&other).ok().as_deref(), kept);
            assert!(fs::symlink_metadata(&path).is_ok());
            fs::remove_file(&path).unwrap();
        };
        symlink(&other, &path).unwrap();
        check(None);
        // Digits too: it is the link that is refused.
        for text in ["12", "years of work"] {
            fs::write(&other, text).unwrap();
            symlink(&other, &path).unwrap();
            check(Some(text));
        }
        fs::hard_link(&other, &path).unwrap();
        check(Some("years of work"));
    }
}
