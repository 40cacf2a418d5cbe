//! What another program is given: a folder with data, model and settings.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use srlm_artifact::{
    Artifact, Counts, HandOver as HandOverKind, Ift, Input, Made, Pairs, Recipe, Settings, make,
    stage,
};
use srlm_checkpoint::{Checkpoint, FolderWriter, SaveOptions};

use crate::command::{self, Places};
use crate::config::ExternalConfig;
use crate::error::{Error, io};
use crate::numbers::Narrowest;
use crate::render::{DATA, MODEL, OUTPUT, render};
use crate::rows;
use crate::training::{Table, Training};

/// What is trained on.
#[derive(Clone, Copy)]
pub enum Data<'a> {
    /// Examples; judging examples stand `eft_repeats` times in an epoch.
    Examples {
        /// Instruction-following examples.
        ift: &'a Artifact<Ift>,
        /// Judging examples, rendered as conversations with the judge.
        eft: Option<&'a Artifact<Ift>>,
        /// Times that each judging example stands there.
        eft_repeats: u32,
    },
    /// Preferences.
    Pairs(&'a Artifact<Pairs>),
}

/// What a training reads.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// The model to start from, M_t; the reference of preferences too.
    pub model: &'a Checkpoint,
    /// Its content hash.
    pub model_hash: &'a str,
    /// What is trained on.
    pub data: Data<'a>,
}

/// A hand-over that is complete, and the place for what comes back.
#[derive(Clone, Debug)]
pub struct HandOver {
    artifact: Artifact<HandOverKind>,
    command: String,
}

impl HandOver {
    /// The folder; the command runs there.
    pub fn dir(&self) -> &Path {
        self.artifact.dir()
    }

    /// Where the trained model is expected.
    pub fn output(&self) -> PathBuf {
        self.dir().join(OUTPUT)
    }

    /// Whether a model, or an adapter, is there.
    pub fn has_returned(&self) -> bool {
        let has = |name: &str| self.output().join(name).exists();
        has("config.json") && (has("model.safetensors") || has("model.safetensors.index.json"))
            || has("adapter_config.json")
            || has("pytorch_model.bin")
    }

    /// The command line, to be run in [`HandOver::dir`].
    pub fn command(&self) -> &str {
        &self.command
    }

    /// Rows written for the program.
    pub(crate) fn counts(&self) -> &Counts {
        &self.artifact.manifest().counts
    }

    /// Identifies what was handed over.
    pub(crate) fn content_hash(&self) -> &str {
        self.artifact.content_hash()
    }
}

/// Writes the hand-over to `out`, or finds it there: `train.jsonl`, `model/` (a Hugging Face
/// folder), the program's settings and, last, the manifest. The trained model is expected in
/// `output/` beside them.
///
/// # Errors
/// [`Error::Unsupported`] and [`Error::Batch`] where the program cannot train so,
/// [`Error::Example`] and
/// [`Error::Prefix`] name the row that the chat template cannot render, and
/// `srlm_artifact::Error::Changed` the setting that is not what it was.
pub fn hand_over(
    config: &ExternalConfig,
    training: Training<'_>,
    inputs: Inputs<'_>,
    seed: u64,
    out: &Path,
) -> Result<HandOver, Error> {
    let files = render(config, training)?;
    // Machine settings are written into the files, but the command is not.
    let machine = json!(ExternalConfig { command: String::new(), ..config.clone() });
    let recipe = recipe(config, training, inputs, seed).with("machine", machine);
    let artifact = make::<HandOverKind, Error>(out, recipe, |writer| {
        for (name, text) in &files {
            write(&writer.dir().join(name), text.as_bytes())?;
        }
        let counts = write_rows(&writer.dir().join(DATA), config, inputs)?;
        write_model(&writer.dir().join(MODEL), inputs.model)?;
        Ok(Made { rows: Vec::new(), counts, device: "none" })
    })?;
    let command = command_of(config, training, out)?;
    Ok(HandOver { artifact, command })
}

/// What decides the trained model: table, program, numbers, data and M_t.
pub(crate) fn recipe(
    config: &ExternalConfig,
    training: Training<'_>,
    inputs: Inputs<'_>,
    seed: u64,
) -> Recipe {
    let mut settings = Settings::from(json!({ "tool": config.tool }));
    settings = settings.with("training", training.recorded());
    let mut used = vec![Input::model("model", inputs.model_hash)];
    match inputs.data {
        Data::Pairs(pairs) => used.push(pairs.as_input("pairs")),
        Data::Examples { ift, eft, eft_repeats } => {
            used.push(ift.as_input("ift"));
            used.extend(eft.map(|eft| eft.as_input("eft")));
            settings["eft_repeats"] = json!(eft_repeats);
        }
    }
    let stage = match training.table {
        Table::Sft(_) => stage!("srlm-external/sft", 1),
        Table::Dpo(_) => stage!("srlm-external/dpo", 1),
    };
    stage.recipe(settings, seed, used)
}

fn command_of(
    config: &ExternalConfig,
    training: Training<'_>,
    dir: &Path,
) -> Result<String, Error> {
    let template = if config.command.is_empty() {
        command::default_of(config.tool)
    } else {
        config.command.as_str()
    };
    let resume = match newest_checkpoint(&dir.join(OUTPUT)) {
        Some(name) => format!("--resume_from_checkpoint {OUTPUT}/{name}"),
        None => String::new(),
    };
    let stage = training.name();
    let places = Places {
        stage,
        config: config.tool.file(),
        data: DATA,
        model: MODEL,
        output: OUTPUT,
        resume: &resume,
    };
    command::fill(template, &places)
}

/// `checkpoint-N` with the largest N, as transformers' trainer names them.
pub(crate) fn newest_checkpoint(dir: &Path) -> Option<String> {
    let names =
        fs::read_dir(dir).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let steps = names
        .filter_map(|name| Some((name.strip_prefix("checkpoint-")?.parse::<u64>().ok()?, name)));
    steps.max().map(|(_, name)| name)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    fs::write(path, bytes).map_err(io("write", path))
}

fn write_rows(path: &Path, config: &ExternalConfig, inputs: Inputs<'_>) -> Result<Counts, Error> {
    let tokenizer = &inputs.model.tokenizer;
    let mut counts = Counts::new();
    let mut lines: Vec<Value> = Vec::new();
    match inputs.data {
        Data::Examples { ift, eft, eft_repeats } => {
            let mut examples = |artifact: &Artifact<Ift>,
                                repeats: u32,
                                name: &str|
             -> Result<(), Error> {
                let rows = artifact.rows()?;
                for row in &rows {
                    rows::check(tokenizer, &row.prompt_id, row.prompt.messages(), &row.response)?;
                }
                counts.insert(format!("{name}_examples"), rows.len() as u64);
                (0..repeats).for_each(|_| {
                    lines.extend(rows.iter().map(|row| rows::example(config.tool, row)))
                });
                Ok(())
            };
            examples(ift, 1, "ift")?;
            if let Some(eft) = eft {
                examples(eft, eft_repeats, "eft")?;
            }
        }
        Data::Pairs(pairs) => {
            let rows = pairs.rows()?;
            for row in &rows {
                if row.label_weight != 1.0 {
                    let (chosen_id, rejected_id) = (row.chosen_id.clone(), row.rejected_id.clone());
                    let (tool, weight) = (config.tool.name(), row.label_weight);
                    return Err(Error::LabelWeight { tool, chosen_id, rejected_id, weight });
                }
                for (id, response) in
                    [(&row.chosen_id, &row.chosen), (&row.rejected_id, &row.rejected)]
                {
                    rows::check(tokenizer, id, row.prompt.messages(), response)?;
                }
            }
            counts.insert("pairs".to_owned(), rows.len() as u64);
            lines.extend(rows.iter().map(rows::pair));
        }
    }
    if lines.is_empty() {
        return Err(Error::NoExamples);
    }
    let mut file = BufWriter::new(File::create(path).map_err(io("create", path))?);
    for line in &lines {
        writeln!(file, "{line}").map_err(io("write", path))?;
    }
    file.flush().map_err(io("write", path))?;
    Ok(counts)
}

/// The model as a Hugging Face folder. Whatever it was read from, all of it is written anew, in as
/// few bits as hold it: what the program loads is what was checked.
fn write_model(dir: &Path, model: &Checkpoint) -> Result<(), Error> {
    let tensors: Vec<_> = model.config.tensors().collect();
    let mut narrowest = Narrowest::new();
    for (name, _) in &tensors {
        narrowest.see(&model.tensor(name)?.1);
    }
    let options = SaveOptions { dtype: narrowest.dtype(), ..SaveOptions::default() };
    let mut writer = FolderWriter::create(dir, &model.config, &model.tokenizer, &tensors, options)?;
    for (name, _) in &tensors {
        writer.tensor(name, &model.tensor(name)?.1)?;
    }
    Ok(writer.finish()?)
}
