//! Training steps on ranked replies, timed: `train_steps dpo|sft MODEL GROUPS.jsonl`.
//!
//! Groups are `{id, messages, replies: [{rank, text}]}`. The first 32 by id whose prompt has at
//! most 128 tokens are taken, best against worst, four a step, at most 256 tokens each side: the
//! rows of TRL's measurement. The reference's log-probabilities are computed before the clock
//! starts. Prints one JSON object.
#![allow(clippy::print_stdout, missing_docs)]

mod measure;

use std::error::Error;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use burn::tensor::Device;
use serde::Deserialize;
use srlm_artifact::{Message, MetricsRow, Prompt};
use srlm_checkpoint::{Checkpoint, Tokenizer};
use srlm_dpo::{LossSettings, LossType, PairExample, PreferenceObjective};
use srlm_model::{Conversation, LoraConfig, Model};
use srlm_sft::{Example, ResponseLoss};
use srlm_train::{Decay, Hooks, Objective, Settings, TrainConfig, TrainRuntime, train};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const GROUPS: usize = 32;
const MAX_PROMPT: usize = 128;
const MAX_LENGTH: usize = 256;

#[derive(Deserialize)]
struct Group {
    id: String,
    messages: Vec<Message>,
    replies: Vec<Reply>,
}

#[derive(Deserialize)]
struct Reply {
    rank: u32,
    text: String,
}

/// Id, best and worst.
type Ranked = (String, Conversation, Conversation);

fn ranked(tokenizer: &Tokenizer, path: &Path) -> Result<Vec<Ranked>, Box<dyn Error>> {
    let mut groups: Vec<Group> = srlm_artifact::read_jsonl(path)?;
    groups.sort_by(|a, b| a.id.cmp(&b.id));
    let mut found = Vec::new();
    for mut group in groups {
        group.replies.sort_by_key(|reply| reply.rank);
        let (Some(best), Some(worst)) = (group.replies.first(), group.replies.last()) else {
            continue;
        };
        let prompt = Prompt::conversation(group.messages);
        let n_prompt = tokenizer.encode_chat(prompt.messages(), true)?.len();
        if best.rank == worst.rank || n_prompt > MAX_PROMPT || found.len() == GROUPS {
            continue;
        }
        let conversation = |reply: &Reply| Conversation::new(tokenizer, &prompt, &reply.text);
        let both =
            (conversation(best)?.truncated(MAX_LENGTH), conversation(worst)?.truncated(MAX_LENGTH));
        if let (Some(best), Some(worst)) = both {
            found.push((group.id, best, worst));
        }
    }
    Ok(found)
}

fn time<O: Objective>(
    model: Model,
    objective: &O,
    examples: &[O::Example],
    runtime: &TrainRuntime,
) -> Result<Vec<(f64, MetricsRow)>, Box<dyn Error>> {
    let config = TrainConfig {
        batch_size: 4,
        learning_rate: 1e-6,
        final_learning_rate: 1e-6,
        decay: Decay::Constant,
        checkpoint_every: 0,
        ..TrainConfig::default()
    };
    let dir = std::env::temp_dir().join(format!("train-steps-{}", std::process::id()));
    let (mut steps, mut last) = (Vec::new(), Instant::now());
    let on_step = &mut |row: &MetricsRow, _| {
        steps.push((last.elapsed().as_secs_f64(), row.clone()));
        last = Instant::now();
        ControlFlow::Continue(())
    };
    let settings =
        Settings { config: &config, runtime, more_devices: &[], adapter_dropout: 0.0, seed: 1 };
    train(model, objective, examples, settings, &dir, Hooks { on_step, validate: None })?;
    Ok(steps)
}

fn main() -> Result<(), Box<dyn Error>> {
    measure::follow_environment()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, model, groups] = [0, 1, 2].map(|i| {
        arguments
            .get(i)
            .ok_or("usage: train_steps dpo|sft MODEL GROUPS.jsonl [lora] [stored] [recompute]")
    });
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    let lora = LoraConfig { stored_base: has("stored"), ..LoraConfig::default() };
    let runtime = TrainRuntime { recompute_layers: has("recompute"), ..TrainRuntime::default() };
    let checkpoint = Checkpoint::open(Path::new(model?))?;
    let ranked = ranked(&checkpoint.tokenizer, Path::new(groups?))?;
    let trainable =
        || Model::load_trainable(&checkpoint, has("lora").then_some(&lora), &Device::flex(), 1);
    let steps = if kind? == "sft" {
        let model = trainable()?;
        let examples: Vec<Example> = ranked
            .into_iter()
            .map(|(id, conversation, _)| Example::response(id, conversation))
            .collect();
        time(model, &ResponseLoss, &examples, &runtime)?
    } else {
        let reference = Model::load(&checkpoint, &Device::flex())?;
        let pair = |(id, chosen, rejected): Ranked| {
            let starts = [chosen.response_start, rejected.response_start];
            let logps = reference.response_logps(&[&chosen.ids, &rejected.ids], &starts);
            PairExample {
                id,
                chosen,
                rejected,
                ref_chosen_logps: logps[0],
                ref_rejected_logps: logps[1],
                label_weight: 1.0,
            }
        };
        let pairs: Vec<PairExample> = ranked.into_iter().map(pair).collect();
        drop(reference);
        let model = trainable()?;
        let objective =
            PreferenceObjective { loss: LossSettings::of(LossType::Sigmoid, 0.1), ld_alpha: 1.0 };
        time(model, &objective, &pairs, &runtime)?
    };
    let mut seconds: Vec<f64> = steps.iter().skip(1).map(|(seconds, _)| *seconds).collect();
    seconds.sort_by(f64::total_cmp);
    let all: Vec<f64> = steps.iter().map(|(seconds, _)| *seconds).collect();
    let losses: Vec<f64> = steps.iter().map(|(_, row)| row.loss).collect();
    let out = serde_json::json!({
        "steps": steps.len(),
        "s_per_step_median": seconds[seconds.len() / 2],
        "s_per_step_all": all,
        "computed_tokens_per_step": steps.iter().map(|(_, row)| row.n_tokens).sum::<u64>() / steps.len() as u64,
        "losses": losses,
        "peak_rss_mib": measure::peak_mib(),
    });
    println!("{out}");
    Ok(())
}
