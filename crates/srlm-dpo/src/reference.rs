//! The reference's log-probabilities, computed once and kept as an artifact.

use std::path::Path;

use srlm_artifact::{
    Artifact, Counts, Input, Made, OnProgress, PairRow, Pairs, Place, RefLogps, RefLogpsRow, Stage,
    make, stage,
};
use srlm_checkpoint::Tokenizer;
use srlm_model::{Conversation, Model};

use crate::error::Error;
use crate::groups::{Referenced, in_groups};
use crate::lengths::desensitize;
use crate::objective::{host, pack};

const STAGE: Stage = stage!("srlm-dpo/reference", 2);

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
    let config = serde_json::json!({ "max_length": max_length, "ld_alpha": ld_alpha });
    let inputs = vec![pairs.as_input("pairs"), Input::model("model", reference.hash)];
    make(out, STAGE.recipe(config, place.run_seed, inputs), |writer| {
        let rows = pairs.rows()?;
        let pair = |pair| {
            let both = conversations(reference.tokenizer, pair, max_length)?;
            Ok(both.map(|[chosen, rejected]| Pair { pair, chosen, rejected }))
        };
        let all = rows.iter().map(pair).collect::<Result<Vec<_>, Error>>()?;
        let n_long = all.iter().filter(|pair| pair.is_none()).count() as u64;
        let logps = |model: &Model, group: &[&Pair<'_>]| logps(model, group, ld_alpha);
        let done = in_groups(&all, "pairs", reference.model, logps, writer, on_progress)?;
        let counts = [("pairs", rows.len() as u64), ("prompt_too_long", n_long)];
        let counts = Counts::from(counts.map(|(name, n)| (name.to_owned(), n)));
        Ok(Made { rows: done, counts, device: device_name })
    })
}

/// A pair and both conversations.
struct Pair<'a> {
    pair: &'a PairRow,
    chosen: Conversation,
    rejected: Conversation,
}

impl Referenced for Pair<'_> {
    type Row = RefLogpsRow;

    fn key(&self) -> String {
        key(&self.pair.chosen_id, &self.pair.rejected_id)
    }

    fn key_of(row: &RefLogpsRow) -> String {
        key(&row.chosen_id, &row.rejected_id)
    }

    fn n_tokens(&self) -> usize {
        self.chosen.ids.len() + self.rejected.ids.len()
    }
}

fn key(chosen_id: &str, rejected_id: &str) -> String {
    format!("{chosen_id}\n{rejected_id}")
}

/// Summed log-probabilities of a group's responses, the chosen ones and then the rejected ones.
fn logps(model: &Model, group: &[&Pair<'_>], ld_alpha: f64) -> Vec<RefLogpsRow> {
    let chosen = group.iter().map(|pair| &pair.chosen);
    let (packed, scored) = pack(chosen.chain(group.iter().map(|pair| &pair.rejected)));
    let mut logps = host(model.token_logps(&packed, &scored));
    if let Some(weights) = desensitize(&scored, group.len(), ld_alpha) {
        logps.iter_mut().zip(weights).for_each(|(logp, weight)| *logp *= weight);
    }
    let sums = scored.sums(&logps, 2 * group.len());
    let (chosen, rejected) = sums.split_at(group.len());
    let row = |((pair, &ref_chosen_logps), &ref_rejected_logps): ((&&Pair<'_>, &f64), &f64)| {
        RefLogpsRow {
            chosen_id: pair.pair.chosen_id.clone(),
            rejected_id: pair.pair.rejected_id.clone(),
            ref_chosen_logps,
            ref_rejected_logps,
        }
    };
    group.iter().zip(chosen).zip(rejected).map(row).collect()
}
