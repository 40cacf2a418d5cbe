//! Does this device compute what it should?

use anyhow::bail;
use burn::tensor::Device;
use srlm_checkpoint::Checkpoint;
use srlm_generate::{Input, Request, Sampling};
use srlm_model::{Engine, EngineConfig, Model, PackedSequences};
use srlm_sft::{Example, ResponseLoss};
use srlm_train::{Objective, StepNumbers};

use super::doctor_speed::print_speed;
use super::print;
use crate::cli::Doctor;
use crate::console::Console;
use crate::device;
use crate::exit::{Exit, OrExit};
use crate::source;

/// Largest difference of f32 log-probabilities that rounding explains, in nats a token.
const TOLERANCE: f64 = 1e-3;

/// `doctor`: each check is a line; the first that fails decides the exit code.
pub(crate) fn doctor(args: &Doctor, console: &Console) -> anyhow::Result<()> {
    let device = device::open(&args.device)?.device;
    let path = source::resolve(&args.model, console, &device)?;
    let checkpoint = Checkpoint::open(&path).or_exit(Exit::Engine)?;
    let model = Model::load(&checkpoint, &device).or_exit(Exit::Engine)?;
    let texts = [
        "The old clock stops.",
        "A quiet river near the sea.",
        "The old clock rings at night, twice.",
    ];
    let sequences = texts
        .iter()
        .map(|text| checkpoint.tokenizer.encode(text, true))
        .collect::<Result<Vec<_>, _>>()
        .or_exit(Exit::Engine)?;
    let mut failed = Vec::new();
    let mut check = |name: &str, difference: f64| {
        let ok = difference <= TOLERANCE;
        let _ = print(&format!(
            "{} {name}: largest difference {difference:.2e}\n",
            if ok { "ok  " } else { "FAIL" }
        ));
        if !ok {
            failed.push(name.to_owned());
        }
    };
    check("a batch gives what single rows give", batch_difference(&model, &sequences));
    check(
        "cached decoding gives what the whole pass gives",
        decode_difference(&checkpoint, &device)?,
    );
    let reference = Model::load(&checkpoint, &device::open("cpu")?.device).or_exit(Exit::Engine)?;
    check(
        "the device gives the CPU's log-probabilities",
        logps_difference(&model, &reference, &sequences),
    );
    let (loss, gradient) = gradient_difference(&checkpoint, &device, &sequences)?;
    check("the device gives the CPU's loss", loss);
    check("the device gives the CPU's gradient norm (relative)", gradient);
    if !failed.is_empty() {
        let refuse = || -> anyhow::Result<()> {
            bail!("device {} fails: {}", args.device, failed.join("; "))
        };
        return refuse().or_exit(Exit::Device);
    }
    if args.device == "cpu" { print_speed(&checkpoint, model) } else { Ok(()) }
}

fn logps(model: &Model, sequences: &[&[u32]]) -> Vec<f64> {
    model.response_logps(sequences, &vec![1; sequences.len()])
}

fn views(sequences: &[Vec<u32>]) -> Vec<&[u32]> {
    sequences.iter().map(Vec::as_slice).collect()
}

fn largest(a: &[f64], b: &[f64], sequences: &[Vec<u32>]) -> f64 {
    let per_token =
        a.iter().zip(b).zip(sequences).map(|((a, b), s)| (a - b).abs() / s.len() as f64);
    per_token.fold(0.0, f64::max)
}

fn batch_difference(model: &Model, sequences: &[Vec<u32>]) -> f64 {
    let together = logps(model, &views(sequences));
    let alone: Vec<f64> = sequences.iter().map(|s| logps(model, &[s])[0]).collect();
    largest(&together, &alone, sequences)
}

fn logps_difference(model: &Model, reference: &Model, sequences: &[Vec<u32>]) -> f64 {
    largest(&logps(model, &views(sequences)), &logps(reference, &views(sequences)), sequences)
}

/// Greedy continuations by the engine, scored by whole passes: each token must be the likeliest but
/// for rounding.
fn decode_difference(checkpoint: &Checkpoint, device: &Device) -> anyhow::Result<f64> {
    let load = || Model::load(checkpoint, device).or_exit(Exit::Engine);
    let prompts =
        ["Describe a small boat.", "Describe a small boat and a green lamp.", "Explain winter."];
    let sampling =
        Sampling { max_tokens: 12, temperature: 0.0, ignore_eos: true, ..Sampling::default() };
    let requests: Vec<Request> = prompts
        .iter()
        .map(|text| Request {
            id: (*text).to_owned(),
            input: Input::Text((*text).to_owned()),
            seeds: vec![0],
            sampling: sampling.clone(),
            top_logprobs: 0,
        })
        .collect();
    let model = load()?;
    let mut engine = Engine::new(load()?, checkpoint.tokenizer.clone(), EngineConfig::default());
    let mut written = vec![Vec::new(); prompts.len()];
    engine
        .generate_tokens(&requests, &mut |request, tokens| written[request] = tokens)
        .or_exit(Exit::Engine)?;
    let mut worst: f64 = 0.0;
    for (text, tokens) in prompts.iter().zip(&written) {
        let mut ids = checkpoint.tokenizer.encode(text, true).or_exit(Exit::Engine)?;
        let start = ids.len();
        ids.extend(tokens);
        let packed = PackedSequences::new(&[&ids]);
        let hidden = model.hidden(&packed.ids, &std::sync::Arc::new(packed.layout.clone()));
        let vocabulary = checkpoint.config.vocab_size;
        let logits = model.logits(hidden).into_data().try_into_vec::<f32>().unwrap_or_default();
        for position in start..ids.len() {
            let row = &logits[(position - 1) * vocabulary..][..vocabulary];
            let best = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            worst = worst.max(f64::from(best - row[ids[position] as usize]));
        }
    }
    Ok(worst)
}

/// Differences of loss and (relative) gradient norm between `device` and the CPU.
fn gradient_difference(
    checkpoint: &Checkpoint,
    device: &Device,
    sequences: &[Vec<u32>],
) -> anyhow::Result<(f64, f64)> {
    let on = |device: &Device| -> anyhow::Result<(f64, f64)> {
        let model = Model::load(checkpoint, &device.clone().autodiff()).or_exit(Exit::Engine)?;
        let all_of =
            |ids: &Vec<u32>| srlm_model::Conversation { ids: ids.clone(), response_start: 1 };
        let examples: Vec<Example> =
            sequences.iter().map(|ids| Example::response("", all_of(ids))).collect();
        let batch: Vec<&Example> = examples.iter().collect();
        let total_weight = batch.iter().map(|example| ResponseLoss.weight(example)).sum();
        let (packed, scored) = ResponseLoss.pack(&batch);
        let numbers = StepNumbers { total_weight, constant: 0.0 };
        let (loss, _) =
            ResponseLoss.loss(model.token_logps(&packed, &scored), &scored, &batch, numbers);
        let value = f64::from(loss.clone().into_scalar::<f32>());
        Ok((value, srlm_train::gradient_norm(&model, [loss.backward()])))
    };
    let ((loss, norm), (cpu_loss, cpu_norm)) = (on(device)?, on(&device::open("cpu")?.device)?);
    Ok(((loss - cpu_loss).abs(), (norm - cpu_norm).abs() / cpu_norm.max(1e-12)))
}
