//! How fast this machine is, so that a slow path is seen by whoever has it.

use std::hint::black_box;
use std::time::{Duration, Instant};

use srlm_checkpoint::Checkpoint;
use srlm_generate::{Generate, Input, Request, Sampling};
use srlm_kernels::{Cpu, PackedMatrix, matmul_packed, sum_of_squares};
use srlm_model::{Engine, EngineConfig, Model};

use super::print;
use crate::exit::{Exit, OrExit};

/// Samples of the measured batch.
const MANY: usize = 64;

/// Prints the kernels' path with the rates of products and memory, and the model's tokens a second.
pub(crate) fn print_speed(checkpoint: &Checkpoint, model: Model) -> anyhow::Result<()> {
    let threads = rayon::current_num_threads();
    print(&format!(
        "     CPU kernels: {} of {} detected, {threads} threads\n",
        Cpu::current(),
        Cpu::detected()
    ))?;
    print(&format!("     products: {:.0} GF/s\n", product_rate() / 1e9))?;
    print(&format!("     memory: {:.1} GB/s read\n", memory_rate() / 1e9))?;
    let mut engine = Engine::new(model, checkpoint.tokenizer.clone(), EngineConfig::default());
    let one = tokens_a_second(&mut engine, 1)?;
    let many = tokens_a_second(&mut engine, MANY)?;
    print(&format!(
        "     tokens a second: {:.0} of a prompt, {:.1} of one sample, {:.0} of {MANY} at once\n",
        one.prefill, one.decode, many.decode
    ))
}

/// The best of a few tries, in units a second.
fn best(units: f64, mut work: impl FnMut()) -> f64 {
    let seconds = (0..5).map(|_| {
        let began = Instant::now();
        work();
        began.elapsed().as_secs_f64()
    });
    units / seconds.fold(f64::INFINITY, f64::min)
}

/// Multiplications and sums a second of a product like those of a decoding step.
fn product_rate() -> f64 {
    let (rows, width) = (128, 1536);
    let x = vec![0.5f32; rows * width];
    let weight = PackedMatrix::new(&vec![0.25; width * width], width, width);
    let mut out = vec![0.0; rows * width];
    best((2 * rows * width * width) as f64, || {
        matmul_packed(black_box(&mut out), black_box(&x), &weight);
    })
}

/// Bytes a second read from more memory than any cache holds.
fn memory_rate() -> f64 {
    let numbers = vec![0.5f32; 1 << 26];
    best((4 * numbers.len()) as f64, || {
        black_box(sum_of_squares(black_box(&numbers)));
    })
}

struct Rates {
    prefill: f64,
    decode: f64,
}

fn tokens_a_second(engine: &mut Engine, n: usize) -> anyhow::Result<Rates> {
    let sampling = Sampling { max_tokens: 24, ignore_eos: true, ..Sampling::default() };
    let request = Request {
        id: "speed".to_owned(),
        input: Input::Text("The old clock rings at night by the quiet river. ".repeat(12)),
        seeds: (0..n as u64).collect(),
        sampling,
        top_logprobs: 0,
    };
    let before = engine.throughput();
    engine.generate(&[request], &mut |_| ()).or_exit(Exit::Engine)?;
    let after = engine.throughput();
    Ok(Rates {
        prefill: rate(
            after.prefill_tokens - before.prefill_tokens,
            after.prefill_time - before.prefill_time,
        ),
        decode: rate(
            after.decode_tokens - before.decode_tokens,
            after.decode_time - before.decode_time,
        ),
    })
}

fn rate(tokens: u64, time: Duration) -> f64 {
    tokens as f64 / time.as_secs_f64().max(1e-9)
}
