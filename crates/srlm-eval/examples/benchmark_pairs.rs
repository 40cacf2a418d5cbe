//! The pairs of a benchmark as JSON lines, for another program to score:
//! `cargo run -p srlm-eval --example benchmark_pairs -- arc_easy ROWS.jsonl [N_ROWS [EXAMPLES.jsonl
//! N_EXAMPLES]]`.
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;
use std::fs;

use serde_json::{Value, json};
use srlm_eval::benchmarks::{Benchmark, Item};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |place: usize| arguments.get(place).map(String::as_str);
    let name = argument(0).ok_or("name a benchmark and a file of rows")?;
    let benchmark =
        Benchmark::named(name).ok_or_else(|| format!("no benchmark is named {name}"))?;
    let items =
        benchmark.items(rows(argument(1), argument(2))?, &rows(argument(3), argument(4))?)?;
    for item in &items {
        let (choices, target) = match item {
            Item::Choice { choices, target, .. } => (choices.as_slice(), Some(*target)),
            _ => (&[][..], None),
        };
        for (choice, pair) in item.pairs().iter().enumerate() {
            let line = json!({
                "id": item.id(), "choice": choice, "context": pair.context, "continuation": pair.continuation,
                "text": choices.get(choice), "target": target,
            });
            println!("{line}");
        }
    }
    Ok(())
}

/// The first `n` rows of the file, all without `n`, none without a file.
fn rows(path: Option<&str>, n: Option<&str>) -> Result<Vec<Value>, Box<dyn Error>> {
    let Some(path) = path else { return Ok(Vec::new()) };
    let n = n.map_or(Ok(usize::MAX), str::parse)?;
    let text = fs::read_to_string(path)?;
    Ok(text.lines().take(n).map(serde_json::from_str).collect::<Result<_, _>>()?)
}
