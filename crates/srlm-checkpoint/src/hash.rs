//! Hashes of files.

use std::path::Path;

use rayon::prelude::*;
use srlm_artifact::sha256;

use crate::error::Error;
use crate::folder;

/// Files beside the weights that decide what a model computes.
const FOLDER_FILES: [&str; 7] = [
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "chat_template.json",
];

/// `sha256:` and the hash of a GGUF file, or of the names and hashes of a folder's configuration,
/// weights and tokenizer.
pub(crate) fn content_hash(path: &Path) -> Result<String, Error> {
    if !path.is_dir() {
        return Ok(format!("sha256:{}", sha256_file(path)?));
    }
    let present =
        FOLDER_FILES.iter().filter(|name| path.join(name).exists()).map(|name| (*name).to_owned());
    let mut names: Vec<String> = present.chain(folder::weight_files(path)?).collect();
    names.sort();
    let lines: Vec<String> = names
        .par_iter()
        .map(|name| Ok(format!("{}  {name}\n", sha256_file(&path.join(name))?)))
        .collect::<Result<_, Error>>()?;
    Ok(format!("sha256:{}", sha256(lines.concat())))
}

/// The SHA-256 of a file in hexadecimal digits.
pub(crate) fn sha256_file(path: &Path) -> Result<String, Error> {
    srlm_artifact::sha256_file(path).map_err(Error::io(path))
}
