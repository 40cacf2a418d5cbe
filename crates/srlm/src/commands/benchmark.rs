//! Benchmarks without a judge: `eval benchmark NAME`.

use std::path::Path;

use anyhow::{Context, anyhow};
use serde_json::{Value, json};
use srlm_checkpoint::Tokenizer;
use srlm_eval::Bootstrap;
use srlm_eval::benchmarks::{
    Benchmark, Item, ItemScore, Likelihood, MAX_NEW_TOKENS, Pair, summary,
};
use srlm_generate::{Generate as _, Input, Request, Sampling};
use srlm_model::{Engine, EngineConfig};

use super::{print, rows};
use crate::cli::RunBenchmark;
use crate::console::Console;
use crate::exit::{Exit, OrExit};

/// Pairs of one pass: enough to keep the cores busy, few enough for memory.
const PAIRS: usize = 32;

/// A line for each question on standard output, the accuracies on standard error.
pub(crate) fn benchmark(args: &RunBenchmark, console: &Console) -> anyhow::Result<()> {
    let known: Vec<&str> = Benchmark::ALL.iter().map(|benchmark| benchmark.name()).collect();
    let unknown = || anyhow!("no benchmark {:?}: there are {}", args.name, known.join(", "));
    let benchmark = Benchmark::named(&args.name).with_context(unknown).or_exit(Exit::Config)?;
    let examples = args.examples.as_deref().map_or(Ok(Vec::new()), values)?;
    let mut questions = values(&args.input)?;
    questions.truncate(if args.limit == 0 { usize::MAX } else { args.limit });
    let named = || args.input.display().to_string();
    let items = benchmark.items(questions, &examples).with_context(named).or_exit(Exit::Data)?;
    let (checkpoint, _) = rows::open(&args.model, console)?;
    let mut engine = rows::engine(&args.model, EngineConfig::default(), console)?;
    let mut likelihoods = likelihoods(&mut engine, &checkpoint.tokenizer, &items)?.into_iter();
    let responses = responses(&mut engine, &items)?;
    let mut scores: Vec<ItemScore> = Vec::new();
    for (item, response) in items.iter().zip(responses) {
        let own: Vec<Likelihood> = likelihoods.by_ref().take(item.pairs().len()).collect();
        let score = match &response {
            Some(response) => item.score_response(response),
            None => item.score(&own),
        };
        let sums: Vec<f64> = own.iter().map(|likelihood| likelihood.sum).collect();
        let line = json!({ "id": score.id, "values": score.values, "log_likelihoods": sums, "response": response });
        print(&format!("{line}\n"))?;
        scores.push(score);
    }
    eprintln!("{}", serde_json::to_string(&summary(&scores, &Bootstrap::default()))?);
    Ok(())
}

/// The rows of a file, JSON Lines.
fn values(path: &Path) -> anyhow::Result<Vec<Value>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let value = |(i, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| anyhow!("{}:{}: {error}", path.display(), i + 1))
    };
    lines.map(value).collect::<anyhow::Result<_>>().or_exit(Exit::Data)
}

/// The likelihoods of all pairs of all items, in order.
fn likelihoods(
    engine: &mut Engine,
    tokenizer: &Tokenizer,
    items: &[Item],
) -> anyhow::Result<Vec<Likelihood>> {
    let pairs: Vec<Pair> = items.iter().flat_map(Item::pairs).map(Pair::for_tokenizer).collect();
    let mut sums = Vec::new();
    for pairs in pairs.chunks(PAIRS) {
        let tokens = pairs
            .iter()
            .map(|pair| tokens(engine, tokenizer, pair))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let sequences: Vec<&[u32]> = tokens.iter().map(|(ids, _)| ids.as_slice()).collect();
        let starts: Vec<usize> = tokens.iter().map(|&(_, start)| start).collect();
        sums.extend(engine.model().response_logps(&sequences, &starts));
    }
    let is_greedy = greedy(engine, tokenizer, items)?;
    let greedy = items
        .iter()
        .zip(is_greedy)
        .flat_map(|(item, greedy)| item.pairs().iter().map(move |_| greedy));
    Ok(sums.into_iter().zip(greedy).map(|(sum, greedy)| Likelihood { sum, greedy }).collect())
}

/// A pair's tokens and where those of the continuation begin; what does not fit the context goes on
/// the left.
fn tokens(
    engine: &Engine,
    tokenizer: &Tokenizer,
    pair: &Pair,
) -> anyhow::Result<(Vec<u32>, usize)> {
    let encode = |text: &str| tokenizer.encode(text, true).or_exit(Exit::Engine);
    let mut context = encode(&pair.context)?;
    let mut ids = encode(&format!("{}{}", pair.context, pair.continuation))?;
    if context.is_empty() {
        let config = engine.model().config();
        let first = config.bos_token_id.or_else(|| tokenizer.eos_ids().first().copied());
        context.push(
            first.context("the tokenizer has no token for the beginning or the end of a text")?,
        );
        ids.insert(0, context[0]);
    }
    let excess = ids.len().saturating_sub(engine.model().config().context());
    Ok((ids.split_off(excess), context.len().saturating_sub(excess).max(1)))
}

/// Whether each item's single continuation is what the model writes; `false` for choices, which do
/// not ask.
fn greedy(engine: &mut Engine, tokenizer: &Tokenizer, items: &[Item]) -> anyhow::Result<Vec<bool>> {
    let mut requests = Vec::new();
    for item in items {
        if let Item::Continuation { id, pair } = item {
            let pair = pair.for_tokenizer();
            let n_tokens =
                tokenizer.encode(&pair.continuation, false).or_exit(Exit::Engine)?.len() + 2;
            requests.push(request(id, pair.context, n_tokens, Vec::new()));
        }
    }
    let mut written = generated(engine, &requests)?.into_iter();
    let is_greedy = |item: &Item| match item {
        Item::Continuation { pair, .. } => {
            written.next().is_some_and(|text| text.starts_with(&pair.for_tokenizer().continuation))
        }
        _ => false,
    };
    Ok(items.iter().map(is_greedy).collect())
}

/// What the model writes to each item that asks for a text.
fn responses(engine: &mut Engine, items: &[Item]) -> anyhow::Result<Vec<Option<String>>> {
    let mut requests = Vec::new();
    for item in items {
        if let Item::Generation { id, prompt, stop, .. } = item {
            requests.push(request(
                id,
                prompt.clone(),
                MAX_NEW_TOKENS,
                stop.iter().map(|stop| (*stop).to_owned()).collect(),
            ));
        }
    }
    let mut written = generated(engine, &requests)?.into_iter();
    Ok(items
        .iter()
        .map(|item| {
            matches!(item, Item::Generation { .. }).then(|| written.next().unwrap_or_default())
        })
        .collect())
}

fn request(id: &str, text: String, max_tokens: usize, stop: Vec<String>) -> Request {
    let sampling =
        Sampling { max_tokens: max_tokens as u32, temperature: 0.0, stop, ..Sampling::default() };
    Request {
        id: id.to_owned(),
        input: Input::Text(text),
        seeds: vec![0],
        sampling,
        top_logprobs: 0,
    }
}

fn generated(engine: &mut Engine, requests: &[Request]) -> anyhow::Result<Vec<String>> {
    let mut texts = vec![String::new(); requests.len()];
    engine
        .generate(requests, &mut |completion| texts[completion.request_index] = completion.text)
        .or_exit(Exit::Engine)?;
    Ok(texts)
}
