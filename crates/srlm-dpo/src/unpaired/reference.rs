//! The reference's log-probabilities of single responses, computed once and kept as an artifact.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;

use srlm_artifact::{
    Artifact, Begin, Counts, Input, OnProgress, Place, Progress, Recipe, Unpaired,
    UnpairedRefLogps, UnpairedRefLogpsRow, begin,
};
use srlm_model::Model;

use super::example::{Tokenized, tokenized};
use crate::error::Error;
use crate::objective::{host, pack};
use crate::reference::Reference;

/// Raised when the same inputs would give other numbers.
const STAGE_VERSION: u32 = 1;
/// Responses of one pass; fixed, because it decides the last bits.
const GROUP: usize = 8;

/// Log-probability of every response, and of a response to another prompt in its place, under the
/// reference, cut to `max_length` as the training stage cuts them. Responses whose prompt leaves no
/// room are left out and counted.
///
/// # Errors
/// See [`Error`]; an interrupted run keeps its rows.
pub fn run(
    max_length: usize,
    unpaired: &Artifact<Unpaired>,
    reference: Reference<'_>,
    (place, device_name): (Place, &str),
    out: &Path,
    on_progress: OnProgress<'_>,
) -> Result<Artifact<UnpairedRefLogps>, Error> {
    let model = Input::model("model", reference.hash);
    let recipe = Recipe {
        stage: "srlm-dpo/unpaired-reference".to_owned(),
        stage_version: STAGE_VERSION,
        crate_version: env!("CARGO_PKG_VERSION").to_owned(),
        git_commit: None,
        config: serde_json::json!({ "max_length": max_length }).into(),
        seed: place.run_seed,
        inputs: vec![unpaired.as_input("unpaired"), model],
    };
    let mut writer = match begin::<UnpairedRefLogps>(out, recipe)? {
        Begin::UpToDate(artifact) => return Ok(artifact),
        Begin::Write(writer) => writer,
    };
    let rows = unpaired.rows()?;
    let all = tokenized(reference.tokenizer, &rows, max_length)?;
    let known: HashMap<String, UnpairedRefLogpsRow> =
        writer.resumed().iter().map(|row| (row.response_id.clone(), row.clone())).collect();
    let (mut done, mut tokens) = (Vec::new(), 0);
    for group in all.chunks(GROUP) {
        let group: Vec<&Tokenized<'_>> = group.iter().flatten().collect();
        let kept: Option<Vec<_>> =
            group.iter().map(|one| known.get(&one.row.response_id).cloned()).collect();
        let fresh = match kept {
            Some(kept) => {
                done.extend(kept);
                Vec::new()
            }
            None => logps(reference.model.ok_or(Error::NoModel)?, &group),
        };
        tokens += group
            .iter()
            .map(|one| (one.conversation.ids.len() + one.mismatched.ids.len()) as u64)
            .sum::<u64>();
        writer.append(&fresh)?;
        done.extend(fresh);
        let progress = Progress {
            done: done.len() as u64,
            total: rows.len() as u64,
            unit: "responses",
            tokens,
        };
        if let ControlFlow::Break(()) = on_progress(progress) {
            return Err(Error::Interrupted);
        }
    }
    let counts = Counts::from([
        ("responses".to_owned(), rows.len() as u64),
        ("prompt_too_long".to_owned(), (rows.len() - done.len()) as u64),
    ]);
    Ok(writer.finish(done, counts, device_name)?)
}

fn logps(model: &Model, group: &[&Tokenized<'_>]) -> Vec<UnpairedRefLogpsRow> {
    let n = group.len();
    let (packed, scored) = pack(
        group.iter().map(|one| &one.conversation).chain(group.iter().map(|one| &one.mismatched)),
    );
    let sums = scored.sums(&host(model.token_logps(&packed, &scored)), 2 * n);
    let (own, mismatched) = sums.split_at(n);
    let row = |((one, &ref_logps), &ref_mismatched_logps): ((&&Tokenized<'_>, &f64), &f64)| {
        UnpairedRefLogpsRow {
            response_id: one.row.response_id.clone(),
            ref_logps,
            mismatched_id: one.other.response_id.clone(),
            ref_mismatched_logps,
        }
    };
    group.iter().zip(own).zip(mismatched).map(row).collect()
}
