//! What a run would do, without doing it: `--dry-run`.

use std::collections::BTreeSet;
use std::path::Path;

use srlm_artifact::Message;
use srlm_checkpoint::{Checkpoint, ModelConfig};
use srlm_generate::Input;
use srlm_judge::Rubric;

use crate::commands::print;
use crate::config::RunConfig;
use crate::console::Console;
use crate::exit::{Exit, OrExit};
use crate::folders;
use crate::study::StudyRun;
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
    text += &examples(config, &checkpoint)?;
    print(&text)
}

fn stages(config: &RunConfig, dir: &Path) -> String {
    let mut text = "Stages\n".to_owned();
    for step in folders::planned(config) {
        let state = if step.is_made(dir) {
            "made"
        } else if dir.join(format!("{step}.partial")).exists() {
            "begun"
        } else {
            "to do"
        };
        text += &format!("  {state:<6} {:<32} {}\n", step.path(), step.label);
    }
    text
}

/// The runs of a study, how far each is, and the work of all if none took anything over from
/// another.
pub(crate) fn study_plan(name: &str, runs: &[StudyRun], dir: &Path) -> String {
    let mut text = format!("Study {name} in {}\n\nRuns\n", dir.display());
    let (mut responses, mut judgments, mut tokens) = (0, 0, 0);
    for StudyRun { planned, config } in runs {
        let run_dir = dir.join("runs").join(&planned.id);
        let steps = folders::planned(config);
        let n_made = steps.iter().filter(|step| step.is_made(&run_dir)).count();
        text += &format!("  {n_made:>3} of {:>3} stages made  {}\n", steps.len(), planned.id);
        let (work, rounds) = (Work::of(config), u64::from(config.run.iterations));
        responses += rounds * work.responses;
        judgments += rounds * work.judgments;
        tokens += rounds * (work.response_tokens + work.judgment_tokens);
    }
    let trained = |StudyRun { config, .. }: &StudyRun| {
        let (run, model, data, sft, rubric) =
            (config.run.seed, &config.model, &config.data, &config.sft, &config.judge.rubric);
        serde_json::json!([run, model, data, sft, rubric]).to_string()
    };
    let n_m1 = runs.iter().map(trained).collect::<BTreeSet<_>>().len();
    text += &format!(
        "\nIn all {} runs, what they take over from each other counted in each\n",
        runs.len()
    );
    for (name, n) in
        [("responses", responses), ("judgments", judgments), ("tokens of both, at most", tokens)]
    {
        text += &format!("  {name:<28} {n}\n");
    }
    text + &format!(
        "\nM1 is trained {n_m1} times: runs with the same seed, model, data and rubric share it.\n"
    )
}

/// Upper bounds for an iteration: every response and judgment as long as it may be.
struct Work {
    responses: u64,
    response_tokens: u64,
    judgments: u64,
    judgment_tokens: u64,
}

impl Work {
    fn of(config: &RunConfig) -> Self {
        let responses = config.prompts.count as u64 * u64::from(config.responses.samples);
        let judgments = responses * u64::from(config.judge.judgments);
        Self {
            responses,
            response_tokens: responses * u64::from(config.responses.sampling.max_tokens),
            judgments,
            judgment_tokens: judgments * u64::from(config.judge.sampling.max_tokens),
        }
    }
}

fn work(config: &RunConfig) -> String {
    let Work { responses, response_tokens, judgments, judgment_tokens } = Work::of(config);
    let lines = [
        ("prompts wanted", config.prompts.count as u64),
        ("responses", responses),
        ("response tokens, at most", response_tokens),
        ("judgments", judgments),
        ("judgment tokens, at most", judgment_tokens),
        ("prompts with a pair, at most", config.prompts.count as u64),
    ];
    let mut text = format!("\nEach of {} iterations\n", config.run.iterations);
    for (name, n) in lines {
        text += &format!("  {name:<28} {n}\n");
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
    // Kept for the backward pass of each token and layer: inputs, q, k, v, attention and
    // feed-forward.
    let width = 3 * model.hidden_size
        + 3 * (model.n_heads + model.n_kv_heads) * model.head_dim
        + 2 * model.intermediate_size;
    let activations =
        (config.runtime.train.micro_batch_tokens * model.n_layers * width) as u64 * F32;
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

fn examples(config: &RunConfig, checkpoint: &Checkpoint) -> anyhow::Result<String> {
    let rubric = crate::iterate::rubric(config)?;
    let (prompt, response) =
        ("Describe a small boat and a green lamp at night.", "The lamp lights the boat.");
    let chats = [
        ("a response", vec![Message::user(prompt)]),
        ("a judgment", vec![Message::user(rubric.render(prompt, response))]),
        (
            "a comparison",
            vec![Message::user(Rubric::pairwise().render_pair(prompt, response, "A boat."))],
        ),
    ];
    let render = |messages: &[Message]| {
        checkpoint.tokenizer.render_chat(messages, true).or_exit(Exit::Engine)
    };
    let mut requests = Vec::new();
    if config.prompts.source == srlm_sampler::prompts::Source::Generate {
        let asked = match demonstrations(config)? {
            Input::Text(text) => text,
            Input::Chat(messages) => render(&messages)?,
            Input::Tokens(ids) => checkpoint.tokenizer.decode(&ids, false).or_exit(Exit::Engine)?,
        };
        requests.push(("prompts", asked));
    }
    for (name, messages) in chats {
        requests.push((name, render(&messages)?));
    }
    let mut text = String::new();
    for (name, request) in requests {
        let n = checkpoint.tokenizer.encode(&request, false).or_exit(Exit::Engine)?.len();
        text += &format!("\nA request for {name}, {n} tokens\n{}\n", indented(&request));
    }
    Ok(text)
}

/// The first request for prompts, but for the choice of demonstrations.
fn demonstrations(config: &RunConfig) -> anyhow::Result<Input> {
    let prompts = &config.prompts;
    let n = (prompts.seed_demonstrations + prompts.generated_demonstrations) as usize;
    let seeds = crate::seed::prompts(config)?;
    let shown: Vec<&str> = seeds
        .iter()
        .filter_map(|prompt| prompt.as_user_text())
        .filter(|text| text.split_whitespace().count() <= prompts.max_demonstration_words as usize)
        .take(n)
        .collect();
    Ok(srlm_sampler::render(prompts.form, &prompts.instruction, &shown, prompts.tasks_per_request))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  | {line}")).collect::<Vec<_>>().join("\n")
}
