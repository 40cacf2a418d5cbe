//! What a run would do, without doing it: `--dry-run`.

use std::path::Path;

use srlm_artifact::Message;
use srlm_checkpoint::{Checkpoint, ModelConfig};
use srlm_judge::Rubric;

use crate::commands::print;
use crate::config::RunConfig;
use crate::console::Console;
use crate::exit::{Exit, OrExit};
use crate::folders;
use crate::{device, source};

/// Bytes of an f32.
const F32: u64 = 4;

/// Prints stages, tokens and memory, and one rendered example of every prompt.
pub(crate) fn print_plan(config: &RunConfig, dir: &Path, console: &Console) -> anyhow::Result<()> {
    let device = device::open(&config.runtime.device)?.device;
    let path = source::resolve(&config.model.source, console, &device)?;
    let checkpoint = Checkpoint::open(&path).or_exit(Exit::Engine)?;
    let mut text = format!("Run {} in {}\n\n", config.run.name, dir.display());
    text += &stages(config, dir);
    text += &work(config);
    text += &memory(config, &checkpoint.config);
    text += &examples(&checkpoint)?;
    print(&text)
}

fn stages(config: &RunConfig, dir: &Path) -> String {
    let mut text = "Stages\n".to_owned();
    for folder in folders::all(config.run.iterations) {
        let state = if dir.join(&folder).join("manifest.json").exists() {
            "made"
        } else if dir.join(format!("{folder}.partial")).exists() {
            "begun"
        } else {
            "to do"
        };
        text += &format!("  {state:<6} {folder}\n");
    }
    text
}

/// Upper bounds: every response and judgment as long as it may be.
fn work(config: &RunConfig) -> String {
    let responses = config.prompts.count as u64 * u64::from(config.responses.samples);
    let judgments = responses * u64::from(config.judge.judgments);
    let lines = [
        ("prompts wanted", config.prompts.count as u64),
        ("responses", responses),
        ("response tokens, at most", responses * u64::from(config.responses.sampling.max_tokens)),
        ("judgments", judgments),
        ("judgment tokens, at most", judgments * u64::from(config.judge.sampling.max_tokens)),
        ("pairs, at most", config.prompts.count as u64),
    ];
    let mut text = format!("\nEach of {} iterations\n", config.run.iterations);
    for (name, n) in lines {
        text += &format!("  {name:<26} {n}\n");
    }
    text
}

fn memory(config: &RunConfig, model: &ModelConfig) -> String {
    let mib = |bytes: u64| format!("{} MiB", bytes / (1 << 20));
    let parameters = parameters(model);
    let cache = config.engine.cache_tokens as u64
        * (model.n_layers * model.n_kv_heads * model.head_dim * 2) as u64
        * F32;
    let logits = (config.engine.max_rows * model.vocab_size) as u64 * F32;
    let generating = parameters * F32 + cache + logits;
    // Kept for the backward pass of each token and layer: normalized inputs, q, k, v, attention and feed-forward.
    let width = 4 * model.hidden_size
        + 3 * (model.n_heads + model.n_kv_heads) * model.head_dim
        + 3 * model.intermediate_size;
    let activations = (config.runtime.train.micro_batch_tokens * model.n_layers * width) as u64 * F32;
    let training = 4 * parameters * F32 + activations;
    format!(
        "\nMemory, estimated\n  parameters                 {:.1} M\n  generating                 {}\n  training, all parameters   {}\n",
        parameters as f64 / 1e6,
        mib(generating),
        mib(training)
    )
}

fn parameters(model: &ModelConfig) -> u64 {
    let (hidden, inner) = (model.hidden_size, model.intermediate_size);
    let attention = 2 * hidden * (model.n_heads + model.n_kv_heads) * model.head_dim;
    let layer = attention + 3 * hidden * inner + 2 * hidden;
    let heads = if model.tie_word_embeddings { 1 } else { 2 };
    (model.n_layers * layer + heads * model.vocab_size * hidden + hidden) as u64
}

fn examples(checkpoint: &Checkpoint) -> anyhow::Result<String> {
    let rubric = Rubric::additive();
    let (prompt, response) = ("Describe a small boat and a green lamp at night.", "The lamp lights the boat.");
    let seeds: Vec<String> = (1..=8).map(|n| format!("Seed task number {n}")).collect();
    let chats = [
        ("a response", vec![Message::user(prompt)]),
        ("a judgment", vec![Message::user(rubric.render(prompt, response))]),
        ("a comparison", vec![Message::user(Rubric::pairwise().render_pair(prompt, response, "A boat."))]),
    ];
    let mut text = format!("\nA request for prompts\n{}\n", indented(&srlm_sampler::demonstration_prompt(&seeds)));
    for (name, messages) in chats {
        let rendered = checkpoint.tokenizer.render_chat(&messages, true).or_exit(Exit::Engine)?;
        let n = checkpoint.tokenizer.encode(&rendered, false).or_exit(Exit::Engine)?.len();
        text += &format!("\nA request for {name}, {n} tokens\n{}\n", indented(&rendered));
    }
    Ok(text)
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  | {line}")).collect::<Vec<_>>().join("\n")
}
