//! A Modelfile, from which Ollama makes a model of a GGUF file.

use std::fmt::Write;

use super::go_template;
use crate::error::Error;
use crate::tokenizer::Tokenizer;

/// How Ollama samples unless it is asked otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct OllamaSettings {
    /// Sampling temperature; 0 is greedy.
    pub temperature: f64,
    /// Nucleus mass.
    pub top_p: f64,
    /// Context, in tokens.
    pub context: usize,
}

impl Default for OllamaSettings {
    /// The paper's temperature and nucleus for candidate responses (section 3.1.3), and Ollama's
    /// own context.
    fn default() -> Self {
        Self { temperature: 0.7, top_p: 0.9, context: 4096 }
    }
}

/// The text of a Modelfile for the file `gguf`, named as it lies beside the Modelfile.
///
/// `TEMPLATE` is the chat template in Go's language where it frames each message in a fixed way;
/// without it Ollama looks the GGUF file's template up among those that it knows.
///
/// # Errors
/// `Error::Tokenize` when an end token cannot be written as text.
pub fn modelfile(
    gguf: &str,
    tokenizer: &Tokenizer,
    settings: &OllamaSettings,
) -> Result<String, Error> {
    let mut text = format!("FROM ./{gguf}\n");
    if let Some(template) = go_template::translate(tokenizer) {
        let _ = writeln!(text, "TEMPLATE \"\"\"{template}\"\"\"");
    }
    for &id in tokenizer.eos_ids() {
        let stop = tokenizer.decode(&[id], false)?;
        // Quotes cannot be escaped in a Modelfile.
        if !stop.is_empty() && !stop.contains('"') {
            let _ = writeln!(text, "PARAMETER stop \"{stop}\"");
        }
    }
    let OllamaSettings { temperature, top_p, context } = settings;
    let _ = writeln!(text, "PARAMETER temperature {temperature}\nPARAMETER top_p {top_p}");
    // Ollama's own defaults would change what is sampled.
    let _ = writeln!(
        text,
        "PARAMETER top_k 0\nPARAMETER repeat_penalty 1\nPARAMETER num_ctx {context}"
    );
    Ok(text)
}
