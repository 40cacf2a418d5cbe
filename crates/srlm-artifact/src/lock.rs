//! One process at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
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
            let mut options = OpenOptions::new();
            let mut file = options
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(path)
                .map_err(io("open", path))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::Locked { path: subject.to_owned(), holder: holder(path) });
                }
                Err(TryLockError::Error(error)) => return Err(io("lock", path)(error)),
            }
            // Its last holder may have removed the file between our opening and our locking it.
            if is_at(&file, path) {
                let record = |file: &mut File| {
                    file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()))
                };
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
    matches!((file.metadata(), fs::metadata(path)), (Ok(ours), Ok(there)) if id(&ours) == id(&there))
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}
