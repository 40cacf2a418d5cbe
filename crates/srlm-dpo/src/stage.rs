//! The stage: M_t, its pairs and their reference log-probabilities in, M_{t+1} out.

use std::collections::HashMap;
use std::path::Path;

use srlm_artifact::{
    Artifact, Counts, Input, Model as ModelKind, Pairs, Place, RefLogps, Stage, stage,
};
use srlm_checkpoint::Checkpoint;
use srlm_settings::{DpoConfig, LoraConfig};
use srlm_train::{Course, Hooks, Machine, Start};

use crate::error::Error;
use crate::loss::LossSettings;
use crate::objective::{PairExample, PreferenceObjective};
use crate::reference::conversations;

const STAGE: Stage = stage!("srlm-dpo", 3);

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
    let used = vec![
        Input::model("model", inputs.model_hash),
        inputs.pairs.as_input("pairs"),
        inputs.ref_logps.as_input("ref-logps"),
    ];
    let objective =
        PreferenceObjective { loss: LossSettings::of_table(config), ld_alpha: config.ld_alpha };
    let start = Start { model: inputs.model, name: inputs.model_name };
    let examples = |max_length| {
        let examples = examples(&inputs, max_length)?;
        let counts = Counts::from([("pairs".to_owned(), examples.len() as u64)]);
        Ok((examples, counts))
    };
    let recipe = STAGE.recipe(settings_of(config), place.run_seed, used);
    srlm_train::run(course(config, objective, place), start, examples, recipe, machine, out, hooks)
}

/// The table with the defaults of its keys, those of `lora` among them.
pub(crate) fn settings_of(config: &DpoConfig) -> srlm_artifact::Settings {
    srlm_artifact::Settings::of(config).with_default("lora", &LoraConfig::default())
}

/// What is learned by these settings; each round has an order of its own.
pub(crate) fn course<O>(config: &DpoConfig, objective: O, place: Place) -> Course<'_, O> {
    Course {
        objective,
        train: &config.train,
        lora: config.lora.as_ref(),
        init_seed: place.run_seed,
        seed: place.run_seed + u64::from(place.iteration),
    }
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
