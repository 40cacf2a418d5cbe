//! Perplexity of whole texts: `eval perplexity`.

use std::path::Path;

use anyhow::{Context, anyhow};
use serde::Deserialize;
use serde_json::json;
use srlm_artifact::read_jsonl;
use srlm_checkpoint::Tokenizer;
use srlm_eval::Bootstrap;
use srlm_eval::benchmarks::{PageLikelihood, perplexities, rolling_windows, wikitext_text};
use srlm_model::{Engine, EngineConfig};

use super::{print, rows};
use crate::cli::Perplexity;
use crate::console::Console;
use crate::exit::{Exit, OrExit};

/// Windows of one pass: enough to keep the cores busy, few enough for memory.
const WINDOWS: usize = 4;

/// A text, or a page of WikiText.
#[derive(Deserialize)]
struct TextRow {
    text: Option<String>,
    page: Option<String>,
}

/// A line for each text on standard output, the perplexities on standard error.
pub(crate) fn perplexity(args: &Perplexity, console: &Console) -> anyhow::Result<()> {
    let texts = texts(&args.input).or_exit(Exit::Data)?;
    let (checkpoint, _) = rows::open(&args.model, console)?;
    let engine = rows::engine(&args.model, EngineConfig::default(), console)?;
    let context = engine.model().config().context();
    let length = if args.max_length == 0 { context } else { args.max_length.min(context) };
    let mut pages = Vec::new();
    for (original, scored) in &texts {
        let (sum, n_tokens) = likelihood(&engine, &checkpoint.tokenizer, scored, length)?;
        let page = PageLikelihood::new(original, sum, n_tokens);
        let (n_words, n_bytes) = (page.n_words, page.n_bytes);
        let line = json!({ "log_likelihood": sum, "n_words": n_words, "n_bytes": n_bytes, "n_tokens": n_tokens });
        print(&format!("{line}\n"))?;
        pages.push(page);
    }
    eprintln!("{}", serde_json::to_string(&perplexities(&pages, &Bootstrap::default()))?);
    Ok(())
}

/// Each text as it is in the file, whose words and bytes count, and as it is scored.
fn texts(path: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let row = |(i, row): (usize, TextRow)| match (row.text, row.page) {
        (Some(text), None) => Ok((text.clone(), text)),
        (None, Some(page)) => Ok((page.clone(), wikitext_text(&page))),
        _ => Err(anyhow!(
            "{}:{}: a row has either `text` or, of WikiText, `page`",
            path.display(),
            i + 1
        )),
    };
    read_jsonl(path)?.into_iter().enumerate().map(row).collect()
}

/// The sum of a text's log-probabilities, in nats, and the number of its tokens.
fn likelihood(
    engine: &Engine,
    tokenizer: &Tokenizer,
    text: &str,
    length: usize,
) -> anyhow::Result<(f64, u64)> {
    let first =
        engine.model().config().bos_token_id.or_else(|| tokenizer.eos_ids().first().copied());
    let mut ids =
        vec![first.context("the tokenizer has no token for the beginning or the end of a text")?];
    ids.extend(tokenizer.encode(text, false).or_exit(Exit::Engine)?);
    let windows = rolling_windows(ids.len() - 1, length, 1);
    let mut sum = 0.0;
    for windows in windows.chunks(WINDOWS) {
        // The token at a place of the text stands one further in `ids`.
        let sequences: Vec<&[u32]> =
            windows.iter().map(|one| &ids[one.input.start..one.predicted.end + 1]).collect();
        let starts: Vec<usize> =
            windows.iter().map(|one| one.predicted.start + 1 - one.input.start).collect();
        sum += engine.model().response_logps(&sequences, &starts).iter().sum::<f64>();
    }
    Ok((sum, ids.len() as u64 - 1))
}
