//! The path that every stage goes which trains a model: begin, load, train, save.

use std::path::Path;

use srlm_artifact::{Artifact, Counts, Made, Model as ModelKind, Recipe, make};
use srlm_checkpoint::Checkpoint;
use srlm_model::{LoraConfig, Model};
use srlm_settings::TrainConfig;

use crate::machine::Machine;
use crate::objective::Objective;
use crate::trainer::{Hooks, Settings, Trained, train};

/// A model to start from.
#[derive(Clone, Copy)]
pub struct Start<'a> {
    /// Its weights and tokenizer.
    pub model: &'a Checkpoint,
    /// What an adapter's configuration calls it; not part of any key.
    pub name: &'a str,
}

/// What is learned, and from which numbers.
pub struct Course<'a, O> {
    /// The loss.
    pub objective: O,
    /// The loop.
    pub train: &'a TrainConfig,
    /// Adapters instead of all weights.
    pub lora: Option<&'a LoraConfig>,
    /// Seed of the adapters' first values.
    pub init_seed: u64,
    /// Seed of order and dropout.
    pub seed: u64,
}

impl<O> Course<'_, O> {
    /// The tokens that an example of this course may have with a model.
    pub fn max_length(&self, start: Start<'_>) -> usize {
        self.train.max_length.min(start.model.config.context())
    }
}

/// Trains `start` on what `examples` gives and writes the model, with `metrics.jsonl`, to `out`;
/// `examples` is called only where there is something to do, with the tokens that one may have.
///
/// # Errors
/// Those of the artifact, of loading, training and saving the model, and of `examples`. An
/// interrupted stage goes on from its checkpoint when called again.
pub fn run<O, E>(
    course: Course<'_, O>,
    start: Start<'_>,
    examples: impl FnOnce(usize) -> Result<(Vec<O::Example>, Counts), E>,
    recipe: Recipe,
    machine: Machine<'_>,
    out: &Path,
    hooks: Hooks<'_>,
) -> Result<Artifact<ModelKind>, E>
where
    O: Objective,
    E: From<srlm_artifact::Error> + From<srlm_model::Error> + From<crate::Error>,
{
    make(out, recipe, |writer| {
        let (examples, mut counts) = examples(course.max_length(start))?;
        let Course { objective, train: config, lora, init_seed, seed } = course;
        let model = Model::load_trainable(start.model, lora, machine.device, init_seed)?;
        let settings = Settings {
            config,
            runtime: machine.runtime,
            more_devices: machine.more_devices,
            adapter_dropout: lora.map_or(0.0, |lora| lora.dropout),
            seed,
        };
        let trained = train(model, &objective, &examples, settings, writer.dir(), hooks)?;
        let Trained { model, metrics, step, n_held_out } = trained;
        model.save(writer.dir(), start.model, lora.map(|lora| (lora, start.name)))?;
        srlm_artifact::write_metrics(writer.dir(), &metrics)?;
        counts.insert("held_out_examples".to_owned(), n_held_out as u64);
        counts.insert("steps".to_owned(), metrics.len() as u64);
        counts.insert("step_of_weights".to_owned(), u64::from(step));
        counts.insert("tokens".to_owned(), metrics.iter().map(|row| row.n_tokens).sum());
        Ok(Made { rows: Vec::new(), counts, device: machine.device_name })
    })
}
