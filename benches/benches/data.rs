//! The loop's work without a model: parsing scores, selecting pairs, the novelty filter.
#![allow(missing_docs)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use srlm_artifact::{
    Aggregation, FinishReason, JudgmentRow, Place, Prompt, PromptRow, PromptSource, ResponseRow,
    Score,
};
use srlm_pairs::{PairsConfig, candidates_by_prompt, select_pairs};
use srlm_sampler::Pool;

const PROMPTS: u32 = 10_000;
const SAMPLES: u32 = 4;

fn scores(c: &mut Criterion) {
    let text = "The answer is relevant and covers most of the question. It is clear, though not expert.\n\n**Score: 4/5**";
    let mut group = c.benchmark_group("judge");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("parse_score", |b| b.iter(|| srlm_judge::parse_score(black_box(text))));
}

fn pairs(c: &mut Criterion) {
    let (mut prompts, mut responses, mut judgments) = (Vec::new(), Vec::new(), Vec::new());
    for p in 0..PROMPTS {
        let prompt_id = format!("p{p:05}");
        prompts.push(PromptRow {
            prompt_id: prompt_id.clone(),
            prompt: Prompt::user("Explain tides."),
            source: PromptSource::Generated,
        });
        for s in 0..SAMPLES {
            let response_id = format!("{prompt_id}/{s}");
            let score = Score::new(f64::from((p * 7 + s * 3) % 6)).expect("0 to 5 is in range");
            responses.push(ResponseRow {
                response_id: response_id.clone(),
                prompt_id: prompt_id.clone(),
                sample_index: s,
                response: format!("Answer {s}."),
                finish_reason: FinishReason::Stop,
                n_tokens: 3,
                seed: 0,
            });
            judgments.push(JudgmentRow {
                response_id,
                prompt_id: prompt_id.clone(),
                judge_index: 0,
                score: Some(score),
                rationale: String::new(),
                failure: None,
                seed: 0,
                expected_score: None,
                truncated: false,
            });
        }
    }
    let mut group = c.benchmark_group("pairs");
    group.sample_size(20).throughput(Throughput::Elements(u64::from(PROMPTS * SAMPLES)));
    group.bench_function("join_and_select", |b| {
        b.iter(|| {
            let candidates = candidates_by_prompt(
                prompts.clone(),
                responses.clone(),
                &judgments,
                Aggregation::Mean,
            )
            .expect("the rows fit each other");
            select_pairs(&candidates, &PairsConfig::default(), Place { run_seed: 0, iteration: 1 })
        })
    });
}

fn novelty(c: &mut Criterion) {
    let words = [
        "river", "bread", "clock", "music", "winter", "garden", "train", "story", "letter",
        "market", "bridge",
    ];
    let text = |i: usize| {
        let word = |k: usize| words[(i * (k + 3) + i / (k + 1)) % words.len()];
        (0..12).map(word).collect::<Vec<_>>().join(" ")
    };
    let mut pool = Pool::default();
    (0..5000).for_each(|i| pool.push(&text(i)));
    let mut group = c.benchmark_group("rouge_l");
    group.throughput(Throughput::Elements(pool.len() as u64));
    group.bench_function("nearest_of_5000", |b| {
        b.iter(|| pool.nearest(black_box("a letter to the market by the river"), 0.7))
    });
}

criterion_group!(benches, scores, pairs, novelty);
criterion_main!(benches);
