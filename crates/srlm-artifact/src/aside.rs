//! Moving folders out of the way.

use std::path::{Path, PathBuf};

use crate::Error;
use crate::files::{beside, rename_dir};

/// Renames `dir` to the first free `{dir}.old-N` and says to which: what `--force` does. Nothing is
/// deleted.
///
/// # Errors
/// [`Error::Io`]
pub fn move_aside(dir: &Path) -> Result<PathBuf, Error> {
    let names = (1..=u32::MAX).map(|n| beside(dir, &format!(".old-{n}")));
    let free = names.into_iter().find(|path| path.symlink_metadata().is_err());
    let to = free.expect("no folder holds four billion others");
    rename_dir(dir, &to)?;
    Ok(to)
}
