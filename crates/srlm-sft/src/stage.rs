//! The stage: a model and seed data in, a fine-tuned model out.

use std::path::Path;

use srlm_artifact::{Artifact, Begin, Counts, Ift, IftRow, Input, Model as ModelKind, Place, Recipe, begin};
use srlm_checkpoint::{Checkpoint, Tokenizer};
use srlm_model::{Conversation, Model};
use srlm_train::{Machine, OnStep, train};

use crate::config::SftConfig;
use crate::error::Error;
use crate::objective::{Example, ResponseLoss};

/// Raised when the same inputs would give another model.
const STAGE_VERSION: u32 = 1;

/// What the stage reads.
pub struct Inputs<'a> {
    /// The model to start from, M0.
    pub model: &'a Checkpoint,
    /// Its content hash.
    pub model_hash: &'a str,
    /// What an adapter's configuration calls it; not part of the key.
    pub model_name: &'a str,
    /// Instruction-following examples.
    pub ift: &'a Artifact<Ift>,
    /// Judging examples, rendered as conversations with the judge.
    pub eft: Option<&'a Artifact<Ift>>,
}

/// Fine-tunes M0 on IFT and EFT examples together and writes M1, with `metrics.jsonl`, to `out`.
///
/// # Errors
/// See [`Error`]; an interrupted run goes on from its checkpoint when called again.
pub fn run(
    config: &SftConfig,
    inputs: Inputs<'_>,
    machine: Machine<'_>,
    place: Place,
    out: &Path,
    on_step: OnStep<'_>,
) -> Result<Artifact<ModelKind>, Error> {
    config.validate()?;
    let mut used = vec![model_input(inputs.model_hash), inputs.ift.as_input("ift")];
    used.extend(inputs.eft.map(|eft| eft.as_input("eft")));
    let recipe = Recipe {
        stage: "srlm-sft".to_owned(),
        stage_version: STAGE_VERSION,
        crate_version: env!("CARGO_PKG_VERSION").to_owned(),
        git_commit: None,
        config: serde_json::to_value(config).expect("the configuration is plain data"),
        seed: place.run_seed,
        inputs: used,
    };
    let writer = match begin::<ModelKind>(out, recipe)? {
        Begin::UpToDate(artifact) => return Ok(artifact),
        Begin::Write(writer) => writer,
    };
    let mut counts = Counts::new();
    let tokenizer = &inputs.model.tokenizer;
    let max_length = config.train.max_length.min(inputs.model.config.context());
    let mut examples = examples(tokenizer, &inputs.ift.rows()?, max_length, "ift", &mut counts)?;
    if let Some(eft) = inputs.eft {
        let judging = self::examples(tokenizer, &eft.rows()?, max_length, "eft", &mut counts)?;
        for _ in 0..config.eft_repeats {
            examples.extend(judging.iter().cloned());
        }
    }
    let mut model = Model::load(inputs.model, &machine.device.clone().autodiff())?;
    if let Some(lora) = &config.lora {
        machine.device.seed(place.run_seed);
        model = model.with_lora(lora);
    }
    let training = (&config.train, machine.runtime, place.run_seed);
    let (model, metrics) = train(model, &ResponseLoss, &examples, training, writer.dir(), on_step)?;
    model.save(writer.dir(), inputs.model, config.lora.as_ref().map(|lora| (lora, inputs.model_name)))?;
    srlm_artifact::write_metrics(writer.dir(), &metrics)?;
    counts.insert("steps".to_owned(), metrics.len() as u64);
    counts.insert("tokens".to_owned(), metrics.iter().map(|row| row.n_tokens).sum());
    Ok(writer.finish(Vec::new(), counts, machine.device_name)?)
}

/// A model as an input of a recipe.
fn model_input(content_hash: &str) -> Input {
    Input { role: "model".to_owned(), kind: "model".to_owned(), content_hash: content_hash.to_owned() }
}

/// Rows as examples; counts rows used, cut and dropped because their prompt alone is too long.
///
/// # Errors
/// [`Error::Example`] names the row that the chat template cannot render.
pub fn examples(
    tokenizer: &Tokenizer,
    rows: &[IftRow],
    max_length: usize,
    name: &str,
    counts: &mut Counts,
) -> Result<Vec<Example>, Error> {
    let mut examples = Vec::new();
    let (mut n_cut, mut n_dropped) = (0, 0);
    for row in rows {
        let conversation = Conversation::new(tokenizer, &row.prompt, &row.response)
            .map_err(|source| Error::Example { prompt_id: row.prompt_id.clone(), source })?;
        let whole = conversation.ids.len();
        match conversation.truncated(max_length) {
            Some(conversation) => {
                n_cut += u64::from(conversation.ids.len() < whole);
                examples.push(Example { id: row.prompt_id.clone(), conversation });
            }
            None => n_dropped += 1,
        }
    }
    counts.insert(format!("{name}_examples"), examples.len() as u64);
    counts.insert(format!("{name}_cut_to_max_length"), n_cut);
    counts.insert(format!("{name}_prompt_too_long"), n_dropped);
    Ok(examples)
}
