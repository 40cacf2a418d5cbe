//! Commands that read rows and print a line for each: `generate`, `logprobs`, `tokenize`.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::json;
use srlm_artifact::{Message, Prompt, parse_row, row_seed};
use srlm_checkpoint::Checkpoint;
use srlm_generate::{Completion, Generate as _, Input, Request, Sampling};
use srlm_model::{Conversation, Engine, EngineConfig, Model};

use super::print;
use crate::cli::{Generate, ModelArgs, OnRows, SamplingArgs};
use crate::console::Console;
use crate::device;
use crate::exit::{Exit, OrExit};
use crate::source;

/// Conversations of one `logprobs` pass: enough to keep the cores busy, few enough for memory.
const LOGPROBS_ROWS: usize = 8;

/// A prompt as rows give it: `prompt` or `messages`.
#[derive(Deserialize)]
struct PromptRow {
    id: String,
    prompt: Option<Prompt>,
    messages: Option<Vec<Message>>,
}

impl PromptRow {
    fn prompt(self) -> anyhow::Result<(String, Prompt)> {
        let prompt = match (self.prompt, self.messages) {
            (Some(prompt), None) => prompt,
            (None, Some(messages)) => Prompt::conversation(messages),
            _ => bail!("row {:?} needs either prompt or messages", self.id),
        };
        Ok((self.id, prompt))
    }
}

#[derive(Deserialize)]
struct LogprobsRow {
    id: String,
    prompt: Option<Prompt>,
    messages: Option<Vec<Message>>,
    response: String,
}

#[derive(Deserialize)]
struct TextRow {
    id: String,
    text: String,
}

/// Rows of a file, or of standard input for `-`.
pub(crate) fn read<T: serde::de::DeserializeOwned>(path: &Path) -> anyhow::Result<Vec<T>> {
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
    } else {
        text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
    }
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    Ok(lines.map(|(i, line)| parse_row(line, path, i + 1)).collect::<Result<_, _>>()?)
}

/// Opens a model's files.
pub(crate) fn open(
    args: &ModelArgs,
    console: &Console,
) -> anyhow::Result<(Checkpoint, burn::tensor::Device)> {
    let device = device::open(&args.device)?.device;
    let path = source::resolve(&args.model, console, &device)?;
    Ok((Checkpoint::open(&path).or_exit(Exit::Engine)?, device))
}

/// An engine over a model.
pub(crate) fn engine(
    args: &ModelArgs,
    config: EngineConfig,
    console: &Console,
) -> anyhow::Result<Engine> {
    let (checkpoint, device) = open(args, console)?;
    let model = Model::load(&checkpoint, &device).or_exit(Exit::Engine)?;
    Ok(Engine::new(model, checkpoint.tokenizer, config).with_interrupt(console.interrupt()))
}

pub(crate) fn sampling(args: &SamplingArgs, ignore_eos: bool) -> Sampling {
    Sampling {
        max_tokens: args.max_tokens,
        temperature: args.temperature,
        top_p: args.top_p,
        top_k: args.top_k,
        min_p: args.min_p,
        stop: Vec::new(),
        ignore_eos,
    }
}

/// `generate`: prints `{id, sample_index, response, finish_reason, n_tokens}` in input order.
pub(crate) fn generate(args: &Generate, console: &Console) -> anyhow::Result<()> {
    let rows: Vec<PromptRow> = read(&args.rows.input)?;
    let config = EngineConfig {
        max_rows: args.max_rows,
        cache_tokens: args.cache_tokens,
        ..EngineConfig::default()
    };
    let mut engine = engine(&args.rows.model, config, console)?;
    let sampling = sampling(&args.sampling, args.ignore_eos);
    let requests = rows
        .into_iter()
        .map(|row| {
            let (id, prompt) = row.prompt()?;
            let seeds =
                (0..args.n).map(|i| row_seed(args.sampling.seed, "generate", 0, &id, i)).collect();
            Ok(Request {
                id,
                input: Input::Chat(prompt.messages().to_vec()),
                seeds,
                sampling: sampling.clone(),
                top_logprobs: 0,
            })
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let mut done: Vec<Completion> = Vec::new();
    engine.generate(&requests, &mut |completion| done.push(completion)).or_exit(Exit::Engine)?;
    done.sort_by_key(|completion| (completion.request_index, completion.sample_index));
    for completion in done {
        let line = json!({
            "id": requests[completion.request_index].id,
            "sample_index": completion.sample_index,
            "response": completion.text,
            "finish_reason": completion.finish_reason,
            "n_tokens": completion.n_tokens,
        });
        print(&format!("{line}\n"))?;
    }
    let spent = engine.throughput();
    let rate =
        |tokens: u64, time: std::time::Duration| tokens as f64 / time.as_secs_f64().max(1e-9);
    eprintln!(
        "prefill {} tokens, {:.0} tokens/s; decode {} tokens, {:.0} tokens/s",
        spent.prefill_tokens,
        rate(spent.prefill_tokens, spent.prefill_time),
        spent.decode_tokens,
        rate(spent.decode_tokens, spent.decode_time)
    );
    Ok(())
}

/// `logprobs`: prints `{id, logps, n_tokens}` in input order.
pub(crate) fn logprobs(args: &OnRows, console: &Console) -> anyhow::Result<()> {
    let rows: Vec<LogprobsRow> = read(&args.input)?;
    let (checkpoint, device) = open(&args.model, console)?;
    let model = Model::load(&checkpoint, &device).or_exit(Exit::Engine)?;
    let limit = checkpoint.config.context();
    for rows in rows.chunks(LOGPROBS_ROWS) {
        let mut conversations = Vec::new();
        for row in rows {
            let prompt = PromptRow {
                id: row.id.clone(),
                prompt: row.prompt.clone(),
                messages: row.messages.clone(),
            };
            let (id, prompt) = prompt.prompt()?;
            let conversation = Conversation::new(&checkpoint.tokenizer, &prompt, &row.response)
                .with_context(|| format!("row {id:?}"))?;
            if conversation.ids.len() > limit {
                bail!(
                    "row {id:?} has {} tokens, the model's context {limit}: shorten it",
                    conversation.ids.len()
                );
            }
            conversations.push(conversation);
        }
        let sequences: Vec<&[u32]> = conversations.iter().map(|c| c.ids.as_slice()).collect();
        let starts: Vec<usize> = conversations.iter().map(|c| c.response_start).collect();
        let logps = model.response_logps(&sequences, &starts);
        for ((row, conversation), logps) in rows.iter().zip(&conversations).zip(logps) {
            print(&format!(
                "{}\n",
                json!({ "id": row.id, "logps": logps, "n_tokens": conversation.n_response() })
            ))?;
        }
    }
    Ok(())
}

/// `tokenize`: prints `{id, ids}` in input order.
pub(crate) fn tokenize(args: &OnRows, console: &Console) -> anyhow::Result<()> {
    let rows: Vec<TextRow> = read(&args.input)?;
    let (checkpoint, _) = open(&args.model, console)?;
    for row in rows {
        let ids = checkpoint.tokenizer.encode(&row.text, false).or_exit(Exit::Engine)?;
        print(&format!("{}\n", json!({ "id": row.id, "ids": ids })))?;
    }
    Ok(())
}
