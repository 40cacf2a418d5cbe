//! The loop's generation work on a file of rows, timed: `workload MODEL ROWS.jsonl [--limit N]`.
//!
//! Rows are `{kind: candidate | judge, id, text, n, max_new, temperature, top_p}`; `text` is the
//! rendered prompt and every sample has exactly `max_new` tokens. Prints one JSON object.
#![allow(clippy::print_stdout, missing_docs)]

mod measure;

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use burn::tensor::Device;
use serde::Deserialize;
use srlm_checkpoint::Checkpoint;
use srlm_generate::{Generate, Input, Request, Sampling};
use srlm_model::{Engine, EngineConfig, Model};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Deserialize)]
struct Row {
    kind: String,
    id: String,
    text: String,
    n: u32,
    max_new: u32,
    temperature: f64,
    top_p: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    measure::follow_environment()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, rows] =
        [0, 1].map(|i| arguments.get(i).ok_or("usage: workload MODEL ROWS.jsonl [LIMIT]"));
    let limit = arguments.get(2).map_or(Ok(usize::MAX), |n| n.parse())?;
    let rows: Vec<Row> = srlm_artifact::read_jsonl(Path::new(rows?))?;
    let checkpoint = Checkpoint::open(Path::new(model?))?;
    let started = Instant::now();
    let model = Model::load(&checkpoint, &Device::flex())?;
    let load = started.elapsed().as_secs_f64();
    let mut engine = Engine::new(model, checkpoint.tokenizer, EngineConfig::default());
    let mut total = 0.0;
    let mut parts = serde_json::Map::new();
    for kind in ["candidate", "judge"] {
        let requests: Vec<Request> =
            rows.iter().filter(|row| row.kind == kind).take(limit).map(request).collect();
        let before = engine.throughput();
        let started = Instant::now();
        engine.generate(&requests, &mut |_| {})?;
        let seconds = started.elapsed().as_secs_f64();
        let spent = engine.throughput();
        let tokens = spent.decode_tokens - before.decode_tokens;
        total += seconds;
        parts.insert(
            kind.to_owned(),
            serde_json::json!({
                "seconds": seconds,
                "new_tokens": tokens,
                "tokens_per_s": tokens as f64 / seconds,
                "prefill_tokens": spent.prefill_tokens - before.prefill_tokens,
            }),
        );
    }
    let out = serde_json::json!({ "load_s": load, "total_s": total, "parts": parts, "peak_rss_mib": measure::peak_mib() });
    println!("{out}");
    Ok(())
}

fn request(row: &Row) -> Request {
    Request {
        id: row.id.clone(),
        input: Input::Text(row.text.clone()),
        seeds: (0..u64::from(row.n)).collect(),
        sampling: Sampling {
            max_tokens: row.max_new,
            temperature: row.temperature,
            top_p: row.top_p,
            ignore_eos: true,
            ..Sampling::default()
        },
        top_logprobs: 0,
    }
}
