//! The stage: M_t, its pairs and their reference log-probabilities in, M_{t+1} out.

use std::collections::HashMap;
use std::path::Path;

use srlm_artifact::{
    Artifact, Begin, Counts, Input, Model as ModelKind, Pairs, Place, Recipe, RefLogps, Writer,
    begin,
};
use srlm_checkpoint::Checkpoint;
use srlm_model::Model;
use srlm_settings::{DpoConfig, LoraConfig};
use srlm_train::{Hooks, Machine, Settings, Trained, train};

use crate::error::Error;
use crate::loss::LossSettings;
use crate::objective::{PairExample, PreferenceObjective};
use crate::reference::conversations;

/// Raised when the same inputs would give another model.
const STAGE_VERSION: u32 = 3;

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

/// Trains M_t on its pairs against itself as reference and writes M_{t+1}, with `metrics.jsonl`, to
/// `out`.
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
        stage: "srlm-dpo".to_owned(),
        stage_version: STAGE_VERSION,
        crate_version: env!("CARGO_PKG_VERSION").to_owned(),
        git_commit: None,
        config: settings_of(config),
        seed: place.run_seed,
        inputs: vec![model, inputs.pairs.as_input("pairs"), inputs.ref_logps.as_input("ref-logps")],
    };
    let writer = match begin::<ModelKind>(out, recipe)? {
        Begin::UpToDate(artifact) => return Ok(artifact),
        Begin::Write(writer) => writer,
    };
    let max_length = config.train.max_length.min(inputs.model.config.context());
    let examples = examples(&inputs, max_length)?;
    let model =
        Model::load_trainable(inputs.model, config.lora.as_ref(), machine.device, place.run_seed)?;
    let objective =
        PreferenceObjective { loss: LossSettings::of_table(config), ld_alpha: config.ld_alpha };
    let trained = train(
        model,
        &objective,
        &examples,
        settings(config, &machine, place),
        writer.dir(),
        hooks,
    )?;
    let counts = Counts::from([("pairs".to_owned(), examples.len() as u64)]);
    finish(writer, (config, inputs.model, inputs.model_name), trained, counts, machine.device_name)
}

/// The table with the defaults of its keys, those of `lora` among them.
pub(crate) fn settings_of(config: &DpoConfig) -> srlm_artifact::Settings {
    srlm_artifact::Settings::of(config).with_default("lora", &LoraConfig::default())
}

/// The loop's settings; each round has an order of its own.
pub(crate) fn settings<'a>(
    config: &'a DpoConfig,
    machine: &Machine<'a>,
    place: Place,
) -> Settings<'a> {
    Settings {
        config: &config.train,
        runtime: machine.runtime,
        more_devices: machine.more_devices,
        adapter_dropout: config.lora.as_ref().map_or(0.0, |lora| lora.dropout),
        seed: place.run_seed + u64::from(place.iteration),
    }
}

/// Writes the trained model and its curves.
pub(crate) fn finish(
    writer: Writer<ModelKind>,
    (config, start, start_name): (&DpoConfig, &Checkpoint, &str),
    trained: Trained,
    mut counts: Counts,
    device_name: &str,
) -> Result<Artifact<ModelKind>, Error> {
    let Trained { model, metrics, step, n_held_out } = trained;
    model.save(writer.dir(), start, config.lora.as_ref().map(|lora| (lora, start_name)))?;
    srlm_artifact::write_metrics(writer.dir(), &metrics)?;
    counts.insert("held_out_examples".to_owned(), n_held_out as u64);
    counts.insert("steps".to_owned(), metrics.len() as u64);
    counts.insert("step_of_weights".to_owned(), u64::from(step));
    counts.insert("tokens".to_owned(), metrics.iter().map(|row| row.n_tokens).sum());
    Ok(writer.finish(Vec::new(), counts, device_name)?)
}

fn examples(inputs: &Inputs<'_>, max_length: usize) -> Result<Vec<PairExample>, Error> {
    let reference: HashMap<(String, String), (f64, f64)> = inputs
        .ref_logps
        .rows()?
        .into_iter()
        .map(|row| {
            ((row.chosen_id, row.rejected_id), (row.ref_chosen_logps, row.ref_rejected_logps))
        })
        .collect();
    let mut examples = Vec::new();
    for pair in inputs.pairs.rows()? {
        let Some([chosen, rejected]) = conversations(&inputs.model.tokenizer, &pair, max_length)?
        else {
            continue;
        };
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
