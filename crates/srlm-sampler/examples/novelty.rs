//! Times the novelty filter: which of the new prompts are unlike a pool and the new ones kept
//! before.
//!
//! `novelty [--first N] POOL NEW` reads two files, a prompt a line; from `.jsonl` the column
//! `prompt`. `novelty --made N_POOL N_NEW SEED` makes prompts up by recombining phrases.
//!
//! Prints a line of JSON: how many were kept, a hash of the decisions, and the seconds that it took
//! to read the pool's words and to decide.
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Instant;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use srlm_sampler::Pool;

/// Self-Instruct's limit.
const MAX_ROUGE_L: f64 = 0.7;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let mut first = usize::MAX;
    if args.first().is_some_and(|arg| arg == "--first") {
        first = args.get(1).ok_or("--first needs a number")?.parse()?;
        args.drain(..2);
    }
    let (known, new) = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--made", n_pool, n_new, seed] => {
            let (n_pool, n_new): (usize, usize) = (n_pool.parse()?, n_new.parse()?);
            let mut made = made(n_pool + n_new, seed.parse()?);
            let new = made.split_off(n_pool);
            (made, new)
        }
        [pool, new] => (prompts(Path::new(pool))?, prompts(Path::new(new))?),
        _ => return Err("give [--first N] POOL NEW, or --made N_POOL N_NEW SEED".into()),
    };
    let new = &new[..first.min(new.len())];

    let start = Instant::now();
    let decisions = decide(&known, new);
    let seconds = start.elapsed().as_secs_f64();
    let kept = decisions.iter().filter(|kept| **kept).count();
    let line = serde_json::json!({
        "pool": known.len(), "new": new.len(), "kept": kept, "decisions": format!("{:016x}", hash(&decisions)),
        "seconds": seconds, "threads": rayon::current_num_threads(),
    });
    println!("{line}");
    Ok(())
}

/// Whether each new prompt is kept; a kept one joins the pool.
fn decide(known: &[String], new: &[String]) -> Vec<bool> {
    let mut pool = Pool::default();
    known.iter().for_each(|prompt| pool.push(prompt));
    let mut decide = |prompt: &String| {
        let kept = pool.nearest(prompt, MAX_ROUGE_L).is_none();
        if kept {
            pool.push(prompt);
        }
        kept
    };
    new.iter().map(&mut decide).collect()
}

/// FNV-1a of 64 bits over one character a decision: 1 for kept, 0 for dropped.
fn hash(decisions: &[bool]) -> u64 {
    let step = |hash: u64, kept: &bool| {
        (hash ^ u64::from(if *kept { b'1' } else { b'0' })).wrapping_mul(0x100_0000_01b3)
    };
    decisions.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

fn prompts(path: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let text = fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let is_json = path.extension().is_some_and(|extension| extension == "jsonl");
    let prompt = |(i, line): (usize, &str)| -> Result<String, Box<dyn Error>> {
        if !is_json {
            return Ok(line.to_owned());
        }
        let row: serde_json::Value = serde_json::from_str(line)?;
        let prompt = row["prompt"]
            .as_str()
            .ok_or_else(|| format!("{}:{}: no `prompt`", path.display(), i + 1))?;
        Ok(prompt.to_owned())
    };
    text.lines().enumerate().map(prompt).collect()
}

/// Prompts of 5 to 40 words: a verb, things of a list of 2,000 words whose frequencies fall like
/// those of a language.
fn made(n: usize, seed: u64) -> Vec<String> {
    const OPENINGS: [&str; 8] = [
        "Write a short story about",
        "Explain in simple terms why",
        "What is the difference between",
        "Give me three reasons for",
        "Summarize the history of",
        "How do I prepare",
        "Suggest a name for",
        "Compare the use of",
    ];
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let word = |rng: &mut ChaCha8Rng| format!("w{}", (2000_f64.powf(rng.random::<f64>())) as u32);
    let mut prompt = || {
        let mut text = OPENINGS[rng.random_range(0..OPENINGS.len())].to_owned();
        for _ in 0..2 + rng.random_range(0..6_u32) * rng.random_range(0..6_u32) {
            text = text + " " + &word(&mut rng);
        }
        text
    };
    (0..n).map(|_| prompt()).collect()
}
