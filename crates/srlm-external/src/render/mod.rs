//! Our settings in the words of other programs.

mod accelerate;
mod axolotl;
mod batch;
mod losses;
mod optimizer;
mod schedule;
mod trl;
mod yaml;

use srlm_settings::Precision;

use self::batch::Batch;
use crate::config::{ExternalConfig, Sharding, Tool};
use crate::error::Error;
use crate::training::{Table, Training};

/// Names within the hand-over's folder; every path in a settings file is relative to it.
pub(crate) const DATA: &str = "train.jsonl";
pub(crate) const MODEL: &str = "model";
pub(crate) const OUTPUT: &str = "output";
const ACCELERATE: &str = "accelerate.yaml";
const DEEPSPEED: &str = "deepspeed.json";

/// A settings file: its name and its text.
pub type Rendered = (&'static str, String);

/// The settings files of a training, complete and commented: that of the program, and what starts
/// its processes.
///
/// # Errors
/// [`Error::Unsupported`] names the first key that the program has no counterpart of,
/// [`Error::Batch`] a batch that is not made of whole passes.
///
/// # Source
/// TRL 1.16 (`DPOConfig`, `SFTConfig`, `ModelConfig`, `trl dpo --config`), transformers 5
/// (`TrainingArguments`), accelerate 1.15, axolotl 0.19 (`AxolotlInputConfig`).
pub fn render(config: &ExternalConfig, training: Training<'_>) -> Result<Vec<Rendered>, Error> {
    config.validate()?;
    refuse_ours_alone(config.tool, training)?;
    let batch = Batch::of(config, training.numbers().batch_size)?;
    let mut files = match config.tool {
        Tool::Trl => {
            vec![
                (Tool::Trl.file(), trl::render(config, training, &batch)?),
                (ACCELERATE, accelerate::render(config, training)),
            ]
        }
        Tool::Axolotl => vec![(Tool::Axolotl.file(), axolotl::render(config, training, &batch)?)],
    };
    if config.sharding == Sharding::Zero3 && config.tool == Tool::Axolotl {
        files.push((DEEPSPEED, accelerate::deepspeed(training)));
    }
    Ok(files)
}

fn refuse_ours_alone(tool: Tool, training: Training<'_>) -> Result<(), Error> {
    match training.ours_alone().into_iter().find(|key| key.value != key.off) {
        None => Ok(()),
        Some(key) => Err(unsupported(
            tool,
            key.key,
            key.value,
            format!("set {} = {}, or train with engine = \"self\"", key.key, key.off),
        )),
    }
}

fn unsupported(tool: Tool, key: &str, value: String, remedy: impl Into<String>) -> Error {
    Error::Unsupported { tool: tool.name(), key: key.to_owned(), value, remedy: remedy.into() }
}

/// PEFT has whole numbers for `alpha` on TRL's command line and in axolotl's settings.
fn whole_alpha(tool: Tool, alpha: f64) -> Result<i64, Error> {
    if alpha.fract() == 0.0 && alpha.abs() < 1e9 {
        return Ok(alpha as i64);
    }
    Err(unsupported(
        tool,
        "lora.alpha",
        format!("{alpha:?}"),
        "it takes whole numbers; alpha / rank is what counts",
    ))
}

/// What every settings file begins with.
fn heading(tool: Tool, training: Training<'_>, command: &str) -> String {
    let what = match training.table {
        Table::Sft(_) => {
            "Supervised fine-tuning: the loss is on the last response of each conversation alone."
        }
        Table::Dpo(_) => "Preference training of `model` against itself, frozen, as reference.",
    };
    format!(
        "{what}\nWritten for {} from the run's configuration. Every path is relative to this folder, which may be copied\n\
         to another machine as it is: there, in this folder,\n\n    {command}\n\nand copy `{OUTPUT}` back beside this file. A change in here is not seen by the run.",
        tool.name()
    )
}

fn mixed(training: Training<'_>) -> bool {
    training.numbers().precision == Precision::Bf16
}
