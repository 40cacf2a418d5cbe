//! The stage: a model and seed data in, a fine-tuned model out.

use std::path::Path;

use srlm_artifact::{
    Artifact, Counts, Ift, IftRow, Input, Model as ModelKind, Place, Stage, stage,
};
use srlm_checkpoint::{Checkpoint, Tokenizer};
use srlm_model::{Conversation, ConversationError};
use srlm_settings::{LoraConfig, LossOn, SftConfig};
use srlm_train::{Course, Hooks, Machine, Start};

use crate::error::Error;
use crate::objective::{Example, ResponseLoss};

const STAGE: Stage = stage!("srlm-sft", 2);

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
    let course = Course {
        objective: ResponseLoss,
        train: &config.train,
        lora: config.lora.as_ref(),
        init_seed: place.run_seed,
        seed: place.run_seed,
    };
    let start = Start { model: inputs.model, name: inputs.model_name };
    let settings = srlm_artifact::Settings::of(config).with_default("lora", &LoraConfig::default());
    let recipe = STAGE.recipe(settings, place.run_seed, used);
    let examples = |max_length| all_examples(config, &inputs, max_length);
    srlm_train::run(course, start, examples, recipe, machine, out, hooks)
}

/// IFT examples once, EFT examples as often as the settings say.
fn all_examples(
    config: &SftConfig,
    inputs: &Inputs<'_>,
    max_length: usize,
) -> Result<(Vec<Example>, Counts), Error> {
    let mut counts = Counts::new();
    let tokenizer = &inputs.model.tokenizer;
    let cut = (max_length, config.loss_on);
    let mut all = examples(tokenizer, &inputs.ift.rows()?, cut, "ift", &mut counts)?;
    if let Some(eft) = inputs.eft {
        let mut judging = examples(tokenizer, &eft.rows()?, cut, "eft", &mut counts)?;
        judging.iter_mut().for_each(|example| example.token_weight = config.eft_weight);
        for _ in 0..config.eft_repeats {
            all.extend(judging.iter().cloned());
        }
    }
    Ok((all, counts))
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
