//! The frame of every stage.

use std::path::Path;

use crate::{Artifact, Begin, Counts, Error, Kind, Recipe, Shard, Writer, begin};

/// What a stage made, to be finished.
#[derive(Clone, Debug)]
pub struct Made<'a, R> {
    /// Every row, in any order; none for kinds without rows.
    pub rows: Vec<R>,
    /// What went in, what came out, what was left out.
    pub counts: Counts,
    /// Where it was made; recorded only.
    pub device: &'a str,
}

impl<'a, R> Made<'a, R> {
    /// Rows made by the processor, without a model.
    pub fn on_cpu(rows: Vec<R>, counts: impl Into<Counts>) -> Self {
        Self { rows, counts: counts.into(), device: "cpu" }
    }
}

/// As [`make`], of the whole at `out` or of the part that is asked for, which lies beside it.
///
/// # Errors
/// Those of [`make`].
pub fn make_part<'a, K: Kind, E: From<Error>>(
    out: &Path,
    whole: Recipe,
    shard: Option<Shard>,
    work: impl FnOnce(&mut Writer<K>) -> Result<Made<'a, K::Row>, E>,
) -> Result<Artifact<K>, E> {
    match shard {
        Some(shard) => make(&shard.dir(out), shard.recipe(whole), work),
        None => make(out, whole, work),
    }
}

/// The artifact of this recipe at `out`: the one that is there, one that another run has made, or
/// what `work` makes now. [`Artifact::origin`] says which.
///
/// `work` reads its inputs, goes on from [`Writer::resumed`], and may put files into
/// [`Writer::dir`]. It is not called where there is nothing to do.
///
/// # Errors
/// Those of [`begin`] and [`Writer::finish`], and whatever `work` gives.
pub fn make<'a, K: Kind, E: From<Error>>(
    out: &Path,
    recipe: Recipe,
    work: impl FnOnce(&mut Writer<K>) -> Result<Made<'a, K::Row>, E>,
) -> Result<Artifact<K>, E> {
    let mut writer = match begin::<K>(out, recipe)? {
        Begin::UpToDate(artifact) => return Ok(artifact),
        Begin::Write(writer) => writer,
    };
    let Made { rows, counts, device } = work(&mut writer)?;
    Ok(writer.finish(rows, counts, device)?)
}
