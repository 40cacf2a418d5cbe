//! Log-probabilities of responses in groups that are kept as they are done.

use std::collections::HashMap;
use std::ops::ControlFlow;

use srlm_artifact::{Kind, OnProgress, Progress, Row, Writer};
use srlm_model::Model;

use crate::error::Error;

/// Items of one pass; fixed, because it decides the last bits.
const GROUP: usize = 8;

/// What a row of log-probabilities is about.
pub(crate) trait Referenced {
    /// The row.
    type Row: Row;

    /// What tells it apart, as the row says it.
    fn key(&self) -> String;

    /// What tells a row apart.
    fn key_of(row: &Self::Row) -> String;

    /// Tokens that a pass goes through for it.
    fn n_tokens(&self) -> usize;
}

/// A row of each item: those that earlier attempts have, where they have the whole group, else what
/// `logps` gives. An item that leaves no room for a response is `None` and has no row.
pub(crate) fn in_groups<I: Referenced, K: Kind<Row = I::Row>>(
    items: &[Option<I>],
    unit: &'static str,
    model: Option<&Model>,
    logps: impl Fn(&Model, &[&I]) -> Vec<I::Row>,
    writer: &mut Writer<K>,
    on_progress: OnProgress<'_>,
) -> Result<Vec<I::Row>, Error> {
    let resumed = writer.resumed().iter();
    let known: HashMap<String, I::Row> = resumed.map(|row| (I::key_of(row), row.clone())).collect();
    let mut done = Vec::new();
    let mut tokens = 0;
    for group in items.chunks(GROUP) {
        let group: Vec<&I> = group.iter().flatten().collect();
        let kept: Option<Vec<_>> =
            group.iter().map(|item| known.get(&item.key()).cloned()).collect();
        if let Some(kept) = kept {
            done.extend(kept);
        } else {
            tokens += group.iter().map(|item| item.n_tokens() as u64).sum::<u64>();
            let fresh = logps(model.ok_or(Error::NoModel)?, &group);
            writer.append(&fresh)?;
            done.extend(fresh);
        }
        let total = items.len() as u64;
        let progress = Progress { done: done.len() as u64, total, unit, tokens };
        if let ControlFlow::Break(()) = on_progress(progress) {
            return Err(Error::Interrupted);
        }
    }
    Ok(done)
}
