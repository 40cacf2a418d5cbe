//! Hashes of files.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

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
    Ok(format!("sha256:{}", hex(&Sha256::digest(lines.concat()))))
}

/// The SHA-256 of a file in hexadecimal digits.
pub(crate) fn sha256_file(path: &Path) -> Result<String, Error> {
    let mut file = File::open(path).map_err(Error::io(path))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer).map_err(Error::io(path))? {
            0 => return Ok(hex(&hash.finalize())),
            n => hash.update(&buffer[..n]),
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
