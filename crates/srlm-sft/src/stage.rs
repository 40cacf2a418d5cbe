//! The stage: a model and seed data in, a fine-tuned model out.

use std::path::Path;

use srlm_artifact::{
    Artifact, Begin, Counts, Ift, IftRow, Input, Model as ModelKind, Place, Recipe, begin,
};
use srlm_checkpoint::{Checkpoint, Tokenizer};
use srlm_model::{Conversation, ConversationError, Model};
use srlm_settings::{LoraConfig, LossOn, SftConfig};
use srlm_train::{Hooks, Machine, Settings, train};

use crate::error::Error;
use crate::objective::{Example, ResponseLoss};

/// Raised when the same inputs would give another model.
const STAGE_VERSION: u32 = 2;

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
    hooks: Hooks<'_>,
) -> Result<Artifact<ModelKind>, Error> {
    config.validate()?;
    let mut used = vec![Input::model("model", inputs.model_hash), inputs.ift.as_input("ift")];
    used.extend(inputs.eft.map(|eft| eft.as_input("eft")));
    let recipe = Recipe {
        stage: "srlm-sft".to_owned(),
        stage_version: STAGE_VERSION,
        crate_version: env!("CARGO_PKG_VERSION").to_owned(),
        git_commit: None,
        config: srlm_artifact::Settings::of(config).with_default("lora", &LoraConfig::default()),
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
    let (loss_on, rows) = (config.loss_on, inputs.ift.rows()?);
    let mut examples = examples(tokenizer, &rows, (max_length, loss_on), "ift", &mut counts)?;
    if let Some(eft) = inputs.eft {
        let mut judging =
            self::examples(tokenizer, &eft.rows()?, (max_length, loss_on), "eft", &mut counts)?;
        judging.iter_mut().for_each(|example| example.token_weight = config.eft_weight);
        for _ in 0..config.eft_repeats {
            examples.extend(judging.iter().cloned());
        }
    }
    let model =
        Model::load_trainable(inputs.model, config.lora.as_ref(), machine.device, place.run_seed)?;
    let settings = Settings {
        config: &config.train,
        runtime: machine.runtime,
        more_devices: machine.more_devices,
        adapter_dropout: config.lora.as_ref().map_or(0.0, |lora| lora.dropout),
        seed: place.run_seed,
    };
    let trained = train(model, &ResponseLoss, &examples, settings, writer.dir(), hooks)?;
    let metrics = &trained.metrics;
    trained.model.save(
        writer.dir(),
        inputs.model,
        config.lora.as_ref().map(|lora| (lora, inputs.model_name)),
    )?;
    srlm_artifact::write_metrics(writer.dir(), metrics)?;
    counts.insert("held_out_examples".to_owned(), trained.n_held_out as u64);
    counts.insert("steps".to_owned(), metrics.len() as u64);
    counts.insert("step_of_weights".to_owned(), u64::from(trained.step));
    counts.insert("tokens".to_owned(), metrics.iter().map(|row| row.n_tokens).sum());
    Ok(writer.finish(Vec::new(), counts, machine.device_name)?)
}

/// Rows as examples; counts rows used, cut and dropped because nothing to learn is left within
/// `max_length`.
///
/// # Errors
/// [`Error::Example`] names the row that the chat template cannot render, or renders so that the
/// prefix rule is broken.
pub fn examples(
    tokenizer: &Tokenizer,
    rows: &[IftRow],
    (max_length, loss_on): (usize, LossOn),
    name: &str,
    counts: &mut Counts,
) -> Result<Vec<Example>, Error> {
    let mut examples = Vec::new();
    let (mut n_cut, mut n_dropped) = (0, 0);
    for row in rows {
        let whole = example(tokenizer, row, loss_on)
            .map_err(|source| Error::Example { prompt_id: row.prompt_id.clone(), source })?;
        let n_tokens = whole.ids.len();
        match whole.truncated(max_length) {
            Some(example) => {
                n_cut += u64::from(example.ids.len() < n_tokens);
                examples.push(example);
            }
            None => n_dropped += 1,
        }
    }
    counts.insert(format!("{name}_examples"), examples.len() as u64);
    counts.insert(format!("{name}_cut_to_max_length"), n_cut);
    counts.insert(format!("{name}_prompt_too_long"), n_dropped);
    Ok(examples)
}

fn example(
    tokenizer: &Tokenizer,
    row: &IftRow,
    loss_on: LossOn,
) -> Result<Example, ConversationError> {
    let conversation = Conversation::new(tokenizer, &row.prompt, &row.response)?;
    let learned = match loss_on {
        LossOn::Response => None,
        LossOn::AssistantTurns => Some(conversation.assistant_turns(tokenizer, &row.prompt)?),
        LossOn::Everything => Some(std::iter::once(1..conversation.ids.len()).collect()),
    };
    let response = Example::response(row.prompt_id.clone(), conversation);
    Ok(match learned {
        Some(learned) => Example { learned, ..response },
        None => response,
    })
}
