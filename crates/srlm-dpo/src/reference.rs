//! The reference's log-probabilities, computed once and kept as an artifact.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;

use srlm_artifact::{
    Artifact, Begin, Counts, Input, OnProgress, PairRow, Pairs, Place, Progress, Recipe, RefLogps,
    RefLogpsRow, begin,
};
use srlm_checkpoint::Tokenizer;
use srlm_model::{Conversation, Model};

use crate::error::Error;
use crate::lengths::desensitize;
use crate::objective::{host, pack};

/// Raised when the same inputs would give other numbers.
const STAGE_VERSION: u32 = 2;
/// Pairs of one pass; fixed, because it decides the last bits.
const GROUP: usize = 8;

/// The reference of iteration t: M_t, whose samples the pairs are made of.
pub struct Reference<'a> {
    /// The model, on a device without autodiff; a caller that expects the artifact to be up to date
    /// may leave it out.
    pub model: Option<&'a Model>,
    /// Its tokenizer.
    pub tokenizer: &'a Tokenizer,
    /// Its content hash.
    pub hash: &'a str,
}

/// A pair as two tokenized conversations; `None` when nothing of a response fits `max_length`.
pub(crate) fn conversations(
    tokenizer: &Tokenizer,
    pair: &PairRow,
    max_length: usize,
) -> Result<Option<[Conversation; 2]>, Error> {
    let tokenize = |response: &str| {
        Conversation::new(tokenizer, &pair.prompt, response).map_err(|source| Error::Pair {
            chosen_id: pair.chosen_id.clone(),
            rejected_id: pair.rejected_id.clone(),
            source: Box::new(source),
        })
    };
    let [chosen, rejected] = [tokenize(&pair.chosen)?, tokenize(&pair.rejected)?];
    Ok(chosen.truncated(max_length).zip(rejected.truncated(max_length)).map(Into::into))
}

/// Log-probability of both responses of every pair under the reference, with responses cut to
/// `max_length` as the training stage cuts them and tokens weighted by `ld_alpha` as it weighs
/// them. Pairs whose prompt leaves no room are left out and counted.
///
/// # Errors
/// See [`Error`]; an interrupted run keeps its rows.
pub fn run(
    (max_length, ld_alpha): (usize, f64),
    pairs: &Artifact<Pairs>,
    reference: Reference<'_>,
    (place, device_name): (Place, &str),
    out: &Path,
    on_progress: OnProgress<'_>,
) -> Result<Artifact<RefLogps>, Error> {
    let model = Input::model("model", reference.hash);
    let recipe = Recipe {
        stage: "srlm-dpo/reference".to_owned(),
        stage_version: STAGE_VERSION,
        crate_version: env!("CARGO_PKG_VERSION").to_owned(),
        git_commit: None,
        config: serde_json::json!({ "max_length": max_length, "ld_alpha": ld_alpha }).into(),
        seed: place.run_seed,
        inputs: vec![pairs.as_input("pairs"), model],
    };
    let mut writer = match begin::<RefLogps>(out, recipe)? {
        Begin::UpToDate(artifact) => return Ok(artifact),
        Begin::Write(writer) => writer,
    };
    let rows = pairs.rows()?;
    let known: HashMap<(String, String), RefLogpsRow> =
        writer.resumed().iter().map(|row| (key(row), row.clone())).collect();
    let (mut done, mut n_long, mut tokens) = (Vec::new(), 0, 0);
    for group in rows.chunks(GROUP) {
        let mut fresh = Vec::new();
        let mut all = Vec::new();
        for pair in group {
            match conversations(reference.tokenizer, pair, max_length)? {
                Some(both) => all.push((pair, both)),
                None => n_long += 1,
            }
        }
        let kept = all
            .iter()
            .map(|(pair, _)| known.get(&(pair.chosen_id.clone(), pair.rejected_id.clone())));
        if let Some(kept) = kept.map(|row| row.cloned()).collect::<Option<Vec<_>>>() {
            done.extend(kept);
        } else {
            let model = reference.model.ok_or(Error::NoModel)?;
            let chosen = all.iter().map(|(_, [chosen, _])| chosen);
            let responses: Vec<&Conversation> =
                chosen.chain(all.iter().map(|(_, [_, rejected])| rejected)).collect();
            tokens += responses.iter().map(|c| c.ids.len() as u64).sum::<u64>();
            let logps = logps(model, &responses, ld_alpha);
            let (chosen, rejected) = logps.split_at(all.len());
            for ((pair, _), (&ref_chosen_logps, &ref_rejected_logps)) in
                all.iter().zip(chosen.iter().zip(rejected))
            {
                fresh.push(RefLogpsRow {
                    chosen_id: pair.chosen_id.clone(),
                    rejected_id: pair.rejected_id.clone(),
                    ref_chosen_logps,
                    ref_rejected_logps,
                });
            }
            writer.append(&fresh)?;
            done.extend(fresh);
        }
        let progress =
            Progress { done: done.len() as u64, total: rows.len() as u64, unit: "pairs", tokens };
        if let ControlFlow::Break(()) = on_progress(progress) {
            return Err(Error::Interrupted);
        }
    }
    let mut counts = Counts::new();
    counts.insert("pairs".to_owned(), rows.len() as u64);
    counts.insert("prompt_too_long".to_owned(), n_long);
    Ok(writer.finish(done, counts, device_name)?)
}

/// Summed log-probabilities of responses, the chosen ones and then the rejected ones.
fn logps(model: &Model, responses: &[&Conversation], ld_alpha: f64) -> Vec<f64> {
    let (packed, scored) = pack(responses.iter().copied());
    let mut logps = host(model.token_logps(&packed, &scored));
    if let Some(weights) = desensitize(&scored, responses.len() / 2, ld_alpha) {
        logps.iter_mut().zip(weights).for_each(|(logp, weight)| *logp *= weight);
    }
    scored.sums(&logps, responses.len())
}

fn key(row: &RefLogpsRow) -> (String, String) {
    (row.chosen_id.clone(), row.rejected_id.clone())
}
