//! A stage in parts, on several machines, and the whole made of them.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::changed::{Change, first_change};
use crate::files::beside;
use crate::{Artifact, Begin, Counts, Error, Kind, Recipe, begin};

/// Part `index` of the `count` parts of a stage, written `1/4` to `4/4`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which part, from 1.
    pub index: u32,
    /// How many parts there are.
    pub count: u32,
}

impl Shard {
    /// The groups that belong to this part, of the groups 0 to `n_groups - 1` that the stage
    /// batches by: every `count`-th, so that the parts are of one length.
    pub fn groups(self, n_groups: usize) -> impl Iterator<Item = usize> {
        (0..n_groups).filter(move |&group| self.has(group))
    }

    /// Whether a group, counted from 0, belongs to this part.
    fn has(self, group: usize) -> bool {
        group as u64 % u64::from(self.count.max(1)) + 1 == u64::from(self.index)
    }

    /// The folder of this part, beside that of the whole: `judgments.shard-1-of-4`.
    pub fn dir(self, out: &Path) -> PathBuf {
        beside(out, &format!(".shard-{}-of-{}", self.index, self.count))
    }

    /// The recipe of this part: that of the whole, with `shard` in the configuration.
    ///
    /// # Panics
    /// If the configuration is not a table.
    pub fn recipe(self, whole: Recipe) -> Recipe {
        whole.with("shard", self.to_string())
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let parts = text
            .split_once('/')
            .and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        match parts {
            Some((index, count)) if (1..=count).contains(&index) => Ok(Self { index, count }),
            _ => Err(Error::NoShard { text: text.to_owned() }),
        }
    }
}

/// Joins all parts of a stage into the artifact that one run with `recipe` would have written: same
/// rows, same key.
///
/// `add_files` gets the folder to be and all rows in their order, and writes what the stage puts
/// beside the rows. The counts are the sums of those of the parts.
///
/// # Errors
/// [`Error::ShardMissing`] and [`Error::ShardOfOther`] where `shards` are not the parts of this
/// whole, those of
/// [`Artifact::verify`], [`begin`] and [`Writer::finish`](crate::Writer::finish), and whatever
/// `add_files` gives.
pub fn merge<K: Kind, E: From<Error>>(
    shards: &[Artifact<K>],
    out: &Path,
    recipe: Recipe,
    add_files: impl FnOnce(&Path, &[K::Row]) -> Result<(), E>,
) -> Result<Artifact<K>, E> {
    let writer = match begin::<K>(out, recipe.clone())? {
        Begin::UpToDate(artifact) => return Ok(artifact),
        Begin::Write(writer) => writer,
    };
    let (mut rows, mut counts, mut devices) = (Vec::new(), Counts::new(), BTreeSet::new());
    let count = shards.iter().find_map(named).map_or(1, |shard| shard.count);
    for index in 1..=count {
        let shard = part(shards, Shard { index, count }, out, &recipe)?;
        shard.verify()?;
        rows.extend(shard.rows()?);
        let manifest = shard.manifest();
        manifest.counts.iter().for_each(|(name, n)| *counts.entry(name.clone()).or_default() += n);
        devices.insert(manifest.environment.device.as_str());
    }
    rows.sort_by_cached_key(crate::Row::sort_key);
    add_files(writer.dir(), &rows)?;
    let devices: Vec<_> = devices.into_iter().collect();
    Ok(writer.finish(rows, counts, &devices.join(", "))?)
}

/// Which part an artifact says it is.
fn named<K: Kind>(artifact: &Artifact<K>) -> Option<Shard> {
    artifact.manifest().provenance.config["shard"].as_str()?.parse().ok()
}

/// The artifact that is this part of the whole.
fn part<'a, K: Kind>(
    shards: &'a [Artifact<K>],
    shard: Shard,
    out: &Path,
    whole: &Recipe,
) -> Result<&'a Artifact<K>, Error> {
    let Some(found) = shards.iter().find(|artifact| named(artifact) == Some(shard)) else {
        return Err(Error::ShardMissing { path: out.to_owned(), shard: shard.to_string() });
    };
    match first_change(&found.manifest().provenance, &shard.recipe(whole.clone())) {
        None => Ok(found),
        Some(Change { field, was, now }) => {
            Err(Error::ShardOfOther { path: found.dir().to_owned(), field, was, now })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_written_as_a_fraction() {
        for (text, expected) in [
            ("1/1", Some((1, 1))),
            ("2/4", Some((2, 4))),
            ("4/4", Some((4, 4))),
            ("0/4", None),
            ("5/4", None),
            ("1/0", None),
            ("1", None),
            ("1/", None),
            ("-1/4", None),
            ("1/2/3", None),
        ] {
            let found = text.parse::<Shard>();
            assert_eq!(
                found.as_ref().ok().map(|shard| (shard.index, shard.count)),
                expected,
                "{text}"
            );
            assert!(found.ok().is_none_or(|shard| shard.to_string() == text));
        }
        let error = "0/4".parse::<Shard>().unwrap_err().to_string();
        assert_eq!(error, "`0/4` is no shard; write i/n with i from 1 to n, as in 2/4");
    }

    #[test]
    fn every_group_is_in_one_shard() {
        for count in 1..=5 {
            for n_groups in 0..12 {
                let shards: Vec<Vec<usize>> = (1..=count)
                    .map(|index| Shard { index, count }.groups(n_groups).collect())
                    .collect();
                let lengths = shards.iter().map(Vec::len);
                assert!(lengths.clone().max().unwrap() - lengths.min().unwrap() <= 1);
                let mut all = shards.concat();
                all.sort_unstable();
                assert_eq!(all, (0..n_groups).collect::<Vec<_>>());
            }
        }
        assert_eq!(Shard { index: 2, count: 3 }.groups(8).collect::<Vec<_>>(), [1, 4, 7]);
    }

    #[test]
    fn a_shard_lies_beside_the_whole() {
        let dir = Shard { index: 1, count: 4 }.dir(Path::new("run/iter-1/judgments"));
        assert_eq!(dir, Path::new("run/iter-1/judgments.shard-1-of-4"));
    }
}
