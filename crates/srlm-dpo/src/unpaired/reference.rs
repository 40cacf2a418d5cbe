//! The reference's log-probabilities of single responses, computed once and kept as an artifact.

use std::path::Path;

use srlm_artifact::{
    Artifact, Counts, Input, Made, OnProgress, Place, Stage, Unpaired, UnpairedRefLogps,
    UnpairedRefLogpsRow, make, stage,
};
use srlm_model::Model;

use super::example::{Tokenized, tokenized};
use crate::error::Error;
use crate::groups::{Referenced, in_groups};
use crate::objective::{host, pack};
use crate::reference::Reference;

const STAGE: Stage = stage!("srlm-dpo/unpaired-reference", 1);

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
    let config = serde_json::json!({ "max_length": max_length });
    let inputs = vec![unpaired.as_input("unpaired"), Input::model("model", reference.hash)];
    make(out, STAGE.recipe(config, place.run_seed, inputs), |writer| {
        let rows = unpaired.rows()?;
        let all = tokenized(reference.tokenizer, &rows, max_length)?;
        let done = in_groups(&all, "responses", reference.model, logps, writer, on_progress)?;
        let counts = Counts::from([
            ("responses".to_owned(), rows.len() as u64),
            ("prompt_too_long".to_owned(), (rows.len() - done.len()) as u64),
        ]);
        Ok(Made { rows: done, counts, device: device_name })
    })
}

impl Referenced for Tokenized<'_> {
    type Row = UnpairedRefLogpsRow;

    fn key(&self) -> String {
        self.row.response_id.clone()
    }

    fn key_of(row: &UnpairedRefLogpsRow) -> String {
        row.response_id.clone()
    }

    fn n_tokens(&self) -> usize {
        self.conversation.ids.len() + self.mismatched.ids.len()
    }
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
