//! What can go wrong on the way to another program and back.

use std::path::{Path, PathBuf};

/// Why there is no hand-over, or why what came back is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting cannot be.
    #[error("{key} must {must}")]
    Config {
        /// The key of `[external]`.
        key: &'static str,
        /// What it must be.
        must: &'static str,
    },
    /// A setting of the stage means nothing to the program.
    #[error("{tool} has no counterpart of {key} = {value}: {remedy}")]
    Unsupported {
        /// The program.
        tool: &'static str,
        /// The key of `[sft]` or `[dpo]`.
        key: String,
        /// Its value.
        value: String,
        /// Why, and what to set instead.
        remedy: String,
    },
    /// The batch is not made of whole passes.
    #[error(
        "batch_size = {batch_size} is no multiple of external.num_processes x external.micro_batch_size = \
         {num_processes} x {micro_batch_size}: change one of the three"
    )]
    Batch {
        /// Examples of a step.
        batch_size: usize,
        /// Processes.
        num_processes: usize,
        /// Examples of a pass.
        micro_batch_size: usize,
    },
    /// An example cannot be rendered by the chat template.
    #[error("example {id}")]
    Example {
        /// Its id.
        id: String,
        /// Why.
        #[source]
        source: srlm_checkpoint::Error,
    },
    /// The template writes a prompt otherwise when its response follows.
    #[error(
        "example {id}: the chat template does not continue the prompt with the response; the program would train on \
         another context than the model sees when it answers. Use a model whose template writes turns one after the other"
    )]
    Prefix {
        /// The example's id.
        id: String,
    },
    /// A pair has a trust in its order, which other programs do not know.
    #[error(
        "pair {chosen_id} over {rejected_id} has label_weight {weight}: {tool} trusts every pair; set \
         pairs.label_weights = \"none\", or train with engine = \"self\""
    )]
    LabelWeight {
        /// The program.
        tool: &'static str,
        /// The chosen response.
        chosen_id: String,
        /// The rejected response.
        rejected_id: String,
        /// The trust.
        weight: f64,
    },
    /// There is nothing to train on.
    #[error("there is no example to train on")]
    NoExamples,
    /// The command has a placeholder that means nothing.
    #[error(
        "command has the unknown placeholder {{{name}}}; known are {{stage}}, {{config}}, {{data}}, {{model}}, \
         {{output}} and {{resume}}"
    )]
    Placeholder {
        /// Its name.
        name: String,
    },
    /// What came back is not a model.
    #[error(
        "{path} cannot be taken as the trained model; train again into an empty folder, or move it away"
    )]
    NotAModel {
        /// The folder.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: srlm_checkpoint::Error,
    },
    /// The model that came back is of another shape.
    #[error(
        "{path}: {key} is {found}, the model that was handed over has {expected}; train from its `model` folder"
    )]
    OtherConfig {
        /// The folder.
        path: PathBuf,
        /// The field.
        key: &'static str,
        /// Its value now.
        found: String,
        /// Its value in the model handed over.
        expected: String,
    },
    /// The tokenizer that came back tokenizes otherwise.
    #[error(
        "{path}: the tokenizer or chat template was changed (now {found}, handed over {expected}); tokens would mean \
         something else. Train without adding tokens or another template, or copy the files tokenizer*.json and \
         chat_template.jinja of the hand-over's `model` folder back"
    )]
    OtherTokenizer {
        /// The folder.
        path: PathBuf,
        /// Its hash.
        found: String,
        /// The hash of what was handed over.
        expected: String,
    },
    /// A weight is NaN or infinite.
    #[error(
        "{path}: tensor {name} has {value} at index {index}: the training diverged. Lower learning_rate, clip with \
         max_grad_norm, or train in train.precision = \"f32\"; then train again into an empty folder"
    )]
    NotFinite {
        /// The folder.
        path: PathBuf,
        /// The tensor's Hugging Face name.
        name: String,
        /// Place among its values, row-major.
        index: usize,
        /// The value.
        value: f32,
    },
    /// Every weight is what it was.
    #[error(
        "{path}: not one of {n_tensors} tensors differs from the model handed over: nothing was trained, or the base \
         was saved in place of the result. Check the program's log, its learning rate and its number of steps"
    )]
    Unchanged {
        /// The folder.
        path: PathBuf,
        /// Tensors compared.
        n_tensors: usize,
    },
    /// An adapter cannot be merged.
    #[error(
        "{path}: {key} is {found}: {reason}. Merge it where it was trained: \
         PeftModel.from_pretrained(BASE, FOLDER).merge_and_unload().save_pretrained(OUTPUT)"
    )]
    Adapter {
        /// `adapter_config.json`, or the weights.
        path: PathBuf,
        /// The key, or the tensor.
        key: String,
        /// What it is.
        found: String,
        /// What would be right.
        reason: String,
    },
    /// A JSON file of the program does not parse.
    #[error("invalid JSON in {path}")]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: serde_json::Error,
    },
    /// The operating system refused.
    #[error("cannot {action} {path}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// A model could not be read or written.
    #[error(transparent)]
    Checkpoint(#[from] srlm_checkpoint::Error),
    /// An artifact could not be read or written.
    #[error(transparent)]
    Artifact(#[from] srlm_artifact::Error),
}

/// Names the action and the path of a failed system call.
pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { action, path, source }
}
