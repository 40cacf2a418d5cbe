//! The stage: M_t, its pairs and their reference log-probabilities in, M_{t+1} out.

use std::collections::HashMap;
use std::path::Path;

use srlm_artifact::{Artifact, Begin, Counts, Input, Model as ModelKind, Pairs, Place, Recipe, RefLogps, begin};
use srlm_checkpoint::Checkpoint;
use srlm_model::Model;
use srlm_train::{Machine, OnStep, train};

use crate::config::DpoConfig;
use crate::error::Error;
use crate::objective::{PairExample, PreferenceObjective};
use crate::reference::conversations;

/// Raised when the same inputs would give another model.
const STAGE_VERSION: u32 = 2;

/// What the stage reads.
pub struct Inputs<'a> {
    /// The model to start from, M_t.
    pub model: &'a Checkpoint,
    /// Its content hash.
    pub model_hash: &'a str,
    /// What an adapter's configuration calls it; not part of the key.
    pub model_name: &'a str,
    /// The pairs.
    pub pairs: &'a Artifact<Pairs>,
    /// Their log-probabilities under M_t.
    pub ref_logps: &'a Artifact<RefLogps>,
}

/// Trains M_t on its pairs against itself as reference and writes M_{t+1}, with `metrics.jsonl`, to `out`.
///
/// # Errors
/// See [`Error`]; an interrupted run goes on from its checkpoint when called again.
pub fn run(
    config: &DpoConfig,
    inputs: Inputs<'_>,
    machine: Machine<'_>,
    place: Place,
    out: &Path,
    on_step: OnStep<'_>,
) -> Result<Artifact<ModelKind>, Error> {
    config.validate()?;
    let model =
        Input { role: "model".to_owned(), kind: "model".to_owned(), content_hash: inputs.model_hash.to_owned() };
    let recipe = Recipe {
        stage: "srlm-dpo".to_owned(),
        stage_version: STAGE_VERSION,
        crate_version: env!("CARGO_PKG_VERSION").to_owned(),
        git_commit: None,
        config: serde_json::to_value(config).expect("the configuration is plain data"),
        seed: place.run_seed,
        inputs: vec![model, inputs.pairs.as_input("pairs"), inputs.ref_logps.as_input("ref-logps")],
    };
    let writer = match begin::<ModelKind>(out, recipe)? {
        Begin::UpToDate(artifact) => return Ok(artifact),
        Begin::Write(writer) => writer,
    };
    let max_length = config.train.max_length.min(inputs.model.config.context());
    let examples = examples(&inputs, max_length)?;
    let mut model = Model::load(inputs.model, &machine.device.clone().autodiff())?;
    if let Some(lora) = &config.lora {
        machine.device.seed(place.run_seed);
        model = model.with_lora(lora);
    }
    let objective = PreferenceObjective { loss: config.loss(), ld_alpha: config.ld_alpha };
    let seed = place.run_seed + u64::from(place.iteration);
    let training = (&config.train, machine.runtime, seed);
    let (model, metrics) = train(model, &objective, &examples, training, writer.dir(), on_step)?;
    model.save(writer.dir(), inputs.model, config.lora.as_ref().map(|lora| (lora, inputs.model_name)))?;
    srlm_artifact::write_metrics(writer.dir(), &metrics)?;
    let mut counts = Counts::new();
    counts.insert("pairs".to_owned(), examples.len() as u64);
    counts.insert("steps".to_owned(), metrics.len() as u64);
    counts.insert("tokens".to_owned(), metrics.iter().map(|row| row.n_tokens).sum());
    Ok(writer.finish(Vec::new(), counts, machine.device_name)?)
}

fn examples(inputs: &Inputs<'_>, max_length: usize) -> Result<Vec<PairExample>, Error> {
    let reference: HashMap<(String, String), (f64, f64)> = inputs
        .ref_logps
        .rows()?
        .into_iter()
        .map(|row| ((row.chosen_id, row.rejected_id), (row.ref_chosen_logps, row.ref_rejected_logps)))
        .collect();
    let mut examples = Vec::new();
    for pair in inputs.pairs.rows()? {
        let Some([chosen, rejected]) = conversations(&inputs.model.tokenizer, &pair, max_length)? else { continue };
        let key = (pair.chosen_id, pair.rejected_id);
        let Some(&(ref_chosen_logps, ref_rejected_logps)) = reference.get(&key) else {
            return Err(Error::NoReference { chosen_id: key.0, rejected_id: key.1 });
        };
        examples.push(PairExample {
            id: format!("{} over {}", key.0, key.1),
            chosen,
            rejected,
            ref_chosen_logps,
            ref_rejected_logps,
            label_weight: pair.label_weight,
        });
    }
    Ok(examples)
}
