//! The stage: M_t, responses with verdicts and their reference log-probabilities in, M_{t+1} out.

use std::collections::HashMap;
use std::path::Path;

use srlm_artifact::{
    Artifact, Begin, Counts, Input, Model as ModelKind, Place, Recipe, Unpaired as UnpairedKind,
    UnpairedRefLogps, begin,
};
use srlm_checkpoint::Checkpoint;
use srlm_model::Model;
use srlm_settings::{DpoConfig, UnpairedLoss};
use srlm_train::{Hooks, Machine, train};

use super::example::tokenized;
use super::{Unpaired, UnpairedExample, UnpairedObjective};
use crate::error::Error;
use crate::stage::{finish, settings, settings_of};

/// Raised when the same inputs would give another model.
const STAGE_VERSION: u32 = 1;

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
    let model = Input::model("model", inputs.model_hash);
    let recipe = Recipe {
        stage: "srlm-dpo/unpaired".to_owned(),
        stage_version: STAGE_VERSION,
        crate_version: env!("CARGO_PKG_VERSION").to_owned(),
        git_commit: None,
        config: settings_of(config),
        seed: place.run_seed,
        inputs: vec![
            model,
            inputs.unpaired.as_input("unpaired"),
            inputs.ref_logps.as_input("unpaired-ref-logps"),
        ],
    };
    let writer = match begin::<ModelKind>(out, recipe)? {
        Begin::UpToDate(artifact) => return Ok(artifact),
        Begin::Write(writer) => writer,
    };
    let examples = examples(&inputs, config.train.max_length.min(inputs.model.config.context()))?;
    let model =
        Model::load_trainable(inputs.model, config.lora.as_ref(), machine.device, place.run_seed)?;
    let trained = train(
        model,
        &objective(config),
        &examples,
        settings(config, &machine, place),
        writer.dir(),
        hooks,
    )?;
    let n_desirable = examples.iter().filter(|example| example.desirable).count() as u64;
    let counts = Counts::from([
        ("desirable".to_owned(), n_desirable),
        ("undesirable".to_owned(), examples.len() as u64 - n_desirable),
    ]);
    finish(writer, (config, inputs.model, inputs.model_name), trained, counts, machine.device_name)
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
