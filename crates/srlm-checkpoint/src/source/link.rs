//! Names in a snapshot for contents among the blobs.

use std::fs;
use std::path::Path;

use crate::error::Error;

/// Makes `snapshots/COMMIT/name` stand for `blobs/etag`: a relative link, or a copy where there are
/// no links.
pub(super) fn link(snapshot: &Path, name: &str, blob: &Path) -> Result<(), Error> {
    let path = snapshot.join(name);
    if fs::metadata(&path)
        .is_ok_and(|there| fs::metadata(blob).is_ok_and(|blob| there.len() == blob.len()))
    {
        return Ok(());
    }
    match fs::remove_file(&path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(Error::io(&path)(e)),
        _ => {}
    }
    match make(&path, blob) {
        // Another process was faster.
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map_err(Error::io(&path)),
    }
}

#[cfg(unix)]
fn make(path: &Path, blob: &Path) -> std::io::Result<()> {
    let name = blob.file_name().unwrap_or_default();
    std::os::unix::fs::symlink(Path::new("../../blobs").join(name), path)
}

#[cfg(not(unix))]
fn make(path: &Path, blob: &Path) -> std::io::Result<()> {
    fs::hard_link(blob, path).or_else(|_| fs::copy(blob, path).map(drop))
}
