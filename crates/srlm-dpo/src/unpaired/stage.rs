//! The stage: M_t, responses with verdicts and their reference log-probabilities in, M_{t+1} out.

use std::collections::HashMap;
use std::path::Path;

use srlm_artifact::{
    Artifact, Counts, Input, Model as ModelKind, Place, Stage, Unpaired as UnpairedKind,
    UnpairedRefLogps, stage,
};
use srlm_checkpoint::Checkpoint;
use srlm_settings::{DpoConfig, UnpairedLoss};
use srlm_train::{Hooks, Machine, Start};

use super::example::tokenized;
use super::{Unpaired, UnpairedExample, UnpairedObjective};
use crate::error::Error;
use crate::stage::{course, settings_of};

const STAGE: Stage = stage!("srlm-dpo/unpaired", 1);

/// What the stage reads.
pub struct Inputs<'a> {
    /// The model to start from, M_t.
    pub model: &'a Checkpoint,
    /// Its content hash.
    pub model_hash: &'a str,
    /// What an adapter's configuration calls it; not part of the key.
    pub model_name: &'a str,
    /// The responses.
    pub unpaired: &'a Artifact<UnpairedKind>,
    /// Their log-probabilities under M_t.
    pub ref_logps: &'a Artifact<UnpairedRefLogps>,
}

/// Trains M_t on responses with verdicts against itself as reference and writes M_{t+1}, with
/// `metrics.jsonl`, to `out`.
///
/// # Errors
/// See [`Error`]; an interrupted run goes on from its checkpoint when called again.
pub fn run(
    config: &DpoConfig,
    inputs: Inputs<'_>,
    machine: Machine<'_>,
    place: Place,
    out: &Path,
    hooks: Hooks<'_>,
) -> Result<Artifact<ModelKind>, Error> {
    config.validate()?;
    let used = vec![
        Input::model("model", inputs.model_hash),
        inputs.unpaired.as_input("unpaired"),
        inputs.ref_logps.as_input("unpaired-ref-logps"),
    ];
    let course = course(config, objective(config), place);
    let start = Start { model: inputs.model, name: inputs.model_name };
    let examples = |max_length| {
        let examples = examples(&inputs, max_length)?;
        let n_desirable = examples.iter().filter(|example| example.desirable).count() as u64;
        let counts =
            [("desirable", n_desirable), ("undesirable", examples.len() as u64 - n_desirable)];
        Ok((examples, Counts::from(counts.map(|(name, n)| (name.to_owned(), n)))))
    };
    let recipe = STAGE.recipe(settings_of(config), place.run_seed, used);
    srlm_train::run(course, start, examples, recipe, machine, out, hooks)
}

fn objective(config: &DpoConfig) -> UnpairedObjective {
    let loss = Unpaired {
        beta: config.beta,
        kl: 0.0,
        desirable_weight: config.desirable_weight,
        undesirable_weight: config.undesirable_weight,
    };
    UnpairedObjective { loss, with_kl: config.loss_type.contains(&UnpairedLoss::Kto.into()) }
}

fn examples(inputs: &Inputs<'_>, max_length: usize) -> Result<Vec<UnpairedExample>, Error> {
    let reference: HashMap<String, (f64, f64)> = inputs
        .ref_logps
        .rows()?
        .into_iter()
        .map(|row| (row.response_id, (row.ref_logps, row.ref_mismatched_logps)))
        .collect();
    let rows = inputs.unpaired.rows()?;
    let mut examples = Vec::new();
    for one in tokenized(&inputs.model.tokenizer, &rows, max_length)?.into_iter().flatten() {
        let response_id = &one.row.response_id;
        let Some(&(ref_logps, ref_mismatched_logps)) = reference.get(response_id) else {
            return Err(Error::NoReferenceOf { response_id: response_id.clone() });
        };
        examples.push(UnpairedExample {
            id: response_id.clone(),
            conversation: one.conversation,
            mismatched: one.mismatched,
            desirable: one.row.label,
            ref_logps,
            ref_mismatched_logps,
        });
    }
    Ok(examples)
}
