//! Prompts from a pool.

use std::collections::HashSet;
use std::path::Path;

use srlm_artifact::{Artifact, Input, Made, Place, Prompts, Shard, make_part};

use super::select::{kept_counts, select, text_of};
use super::{Config, PoolRow, PromptPool, STAGE, Source, as_inputs, rows_of, settings};
use crate::Error;
use crate::recipe::recipe;

/// What [`draw`] reads.
#[derive(Clone, Copy, Debug)]
pub struct DrawInputs<'a> {
    /// The prompts to draw from.
    pub pool: &'a PromptPool,
    /// Prompts of earlier iterations, oldest first: they are not drawn again.
    pub earlier: &'a [Artifact<Prompts>],
    /// The part to write, each of whose groups is one prompt; `None` for the whole.
    pub shard: Option<Shard>,
}

/// Draws `config.count` prompts from a pool, or all that are left if they are at least
/// `config.min_count`.
///
/// The run's seed puts the pool in one order, and each iteration takes the next prompts in it: none
/// twice, and the same for the same pool and earlier iterations. A shard is written beside `out`,
/// to be joined by
/// [`merge`](crate::merge).
///
/// # Errors
/// [`Error::PoolExhausted`], [`Error::Unbalanced`], and those of the settings and the artifacts.
pub fn draw(
    config: &Config,
    inputs: DrawInputs<'_>,
    place: Place,
    out: &Path,
    device: &str,
) -> Result<Artifact<Prompts>, Error> {
    config.validate_for(Source::Pool)?;
    let mut sources = vec![Input::plain("pool", inputs.pool.content_hash())];
    sources.extend(as_inputs(inputs.earlier));
    let settings =
        settings(config, |key| ["source", "count", "min_count", "balance_by"].contains(&key));
    make_part(out, recipe(STAGE, settings, place, sources), inputs.shard, |_| {
        let taken: HashSet<_> =
            rows_of(inputs.earlier)?.iter().map(|row| text_of(&row.prompt)).collect();
        let drawn = select(inputs.pool.rows(), &taken, config, place.run_seed)?;
        let rows: Vec<_> = match inputs.shard {
            Some(shard) => shard.groups(drawn.rows.len()).map(|i| drawn.rows[i]).collect(),
            None => drawn.rows,
        };
        let mut counts = kept_counts(&rows, &config.balance_by)?;
        // What is counted of the whole pool is counted once.
        if inputs.shard.is_none_or(|shard| shard.index == 1) {
            counts.extend(drawn.counts);
        }
        let rows = rows.into_iter().map(PoolRow::to_prompt_row).collect();
        Ok(Made { rows, counts, device })
    })
}
