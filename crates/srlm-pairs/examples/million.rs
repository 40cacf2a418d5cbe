//! A million candidates: `cargo run --release -p srlm-pairs --example million [STRATEGY]`, all
//! strategies without one.
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::time::Instant;

use srlm_artifact::{
    Aggregation, FinishReason, JudgmentRow, Place, PromptRow, PromptSource, ResponseRow, Score,
    row_seed,
};
use srlm_pairs::{PairsConfig, PromptCandidates, Strategy, candidates_by_prompt, select_pairs};

const N_PROMPTS: u32 = 250_000;
const N_SAMPLES: u32 = 4;
const N_JUDGMENTS: u32 = 3;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let candidates = joined()?;
    let n_bytes: usize =
        candidates.iter().flat_map(|prompt| &prompt.candidates).map(|one| one.response.len()).sum();
    println!("texts of {} MB", n_bytes / 1_000_000);
    let only: Option<Strategy> =
        std::env::args().nth(1).map(|name| serde_json::from_value(name.into())).transpose()?;
    let base =
        PairsConfig { candidates_per_end: 2, max_pairs_per_prompt: 0, ..PairsConfig::default() };
    for strategy in [
        Strategy::BestWorst,
        Strategy::BestRandom,
        Strategy::AllAboveGap,
        Strategy::TopBottom,
        Strategy::Random,
    ] {
        if only.is_some_and(|only| only != strategy) {
            continue;
        }
        let max_pairs_per_prompt = if strategy == Strategy::Random { 2 } else { 0 };
        select(
            &format!("{strategy:?}"),
            &candidates,
            &PairsConfig { strategy, max_pairs_per_prompt, ..base.clone() },
        );
    }
    if only.is_none() {
        let by_length = PairsConfig {
            length_control: vec![0.32],
            length_penalty: 0.1,
            max_length_ratio: 4.0,
            ..base
        };
        select("BestWorst by length", &candidates, &by_length);
    }
    Ok(())
}

fn select(name: &str, candidates: &[PromptCandidates], config: &PairsConfig) {
    let start = Instant::now();
    let selection = select_pairs(candidates, config, Place { run_seed: 42, iteration: 1 });
    println!("{name}: {:.2} s, {} pairs", start.elapsed().as_secs_f64(), selection.counts.pairs);
}

/// Rows with texts of 200 to 711 bytes and scores from a hash of their ids, joined.
fn joined() -> Result<Vec<PromptCandidates>, Box<dyn std::error::Error>> {
    let (mut prompts, mut responses, mut judgments) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..N_PROMPTS {
        let prompt_id = format!("iter1-{number:06}");
        for sample_index in 0..N_SAMPLES {
            let row = response(&prompt_id, sample_index);
            judgments.extend((0..N_JUDGMENTS).map(|judge_index| judgment(&row, judge_index)));
            responses.push(row);
        }
        prompts.push(PromptRow {
            prompt_id,
            prompt: "Why is the sky blue?".into(),
            source: PromptSource::Seed,
        });
    }
    let start = Instant::now();
    let candidates = candidates_by_prompt(prompts, responses, &judgments, Aggregation::Mean)?;
    println!("join: {:.2} s", start.elapsed().as_secs_f64());
    Ok(candidates)
}

fn response(prompt_id: &str, sample_index: u32) -> ResponseRow {
    let hash = row_seed(0, "million", 1, prompt_id, sample_index);
    let length = 200 + (hash % 512) as usize;
    ResponseRow {
        response_id: format!("{prompt_id}/{sample_index}"),
        prompt_id: prompt_id.to_owned(),
        sample_index,
        response: format!("{hash:0length$}"),
        finish_reason: FinishReason::Stop,
        n_tokens: 0,
        seed: hash,
    }
}

fn judgment(of: &ResponseRow, judge_index: u32) -> JudgmentRow {
    let hash = of.seed >> (9 * judge_index + 9);
    JudgmentRow {
        response_id: of.response_id.clone(),
        prompt_id: of.prompt_id.clone(),
        judge_index,
        score: Score::new((hash % 6) as f64),
        rationale: String::new(),
        failure: None,
        seed: 0,
        expected_score: None,
        truncated: false,
    }
}
