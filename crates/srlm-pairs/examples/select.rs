//! Pairs from rows in memory: `cargo run -p srlm-pairs --example select`.
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use srlm_artifact::{
    Aggregation, FinishReason, JudgmentFailure, JudgmentRow, Place, PromptRow, PromptSource,
    ResponseRow, Score,
};
use srlm_pairs::{PairsConfig, Strategy, candidates_by_prompt, select_pairs};

/// A response, and what two judges give it.
type Answer = (&'static str, [Option<f64>; 2]);

/// Prompts with their responses.
const JUDGED: [(&str, [Answer; 3]); 2] = [
    (
        "Why is the sky blue?",
        [
            ("Air scatters blue light more than red.", [Some(5.0), Some(4.0)]),
            ("It mirrors the sea.", [Some(1.0), None]),
            ("Because of the air.", [Some(3.0), Some(2.0)]),
        ],
    ),
    (
        "Say hello.",
        [
            ("Hello!", [Some(5.0), Some(4.0)]),
            ("Hi!", [Some(4.0), Some(5.0)]),
            ("...", [None, None]),
        ],
    ),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (mut prompts, mut responses, mut judgments) = (Vec::new(), Vec::new(), Vec::new());
    for (number, (text, answers)) in JUDGED.iter().enumerate() {
        let prompt_id = format!("p{number}");
        for (sample_index, (answer, scores)) in (0..).zip(answers) {
            let row = response(&prompt_id, sample_index, answer);
            judgments.extend(
                (0..).zip(scores).map(|(judge_index, score)| judgment(&row, judge_index, *score)),
            );
            responses.push(row);
        }
        prompts.push(PromptRow { prompt_id, prompt: (*text).into(), source: PromptSource::Seed });
    }

    let candidates = candidates_by_prompt(prompts, responses, &judgments, Aggregation::Mean)?;
    for strategy in [Strategy::BestWorst, Strategy::AllAboveGap] {
        let config = PairsConfig {
            strategy,
            min_score_gap: 0.5,
            max_pairs_per_prompt: 2,
            ..PairsConfig::default()
        };
        let selection = select_pairs(&candidates, &config, Place { run_seed: 42, iteration: 1 });
        println!("{strategy:?}");
        for pair in &selection.pairs {
            println!("{}", srlm_artifact::to_line(pair)?);
        }
        println!("{:?}", selection.counts);
    }
    Ok(())
}

fn response(prompt_id: &str, sample_index: u32, text: &str) -> ResponseRow {
    ResponseRow {
        response_id: format!("{prompt_id}/{sample_index}"),
        prompt_id: prompt_id.to_owned(),
        sample_index,
        response: text.to_owned(),
        finish_reason: FinishReason::Stop,
        n_tokens: 0,
        seed: 0,
    }
}

fn judgment(of: &ResponseRow, judge_index: u32, score: Option<f64>) -> JudgmentRow {
    JudgmentRow {
        response_id: of.response_id.clone(),
        prompt_id: of.prompt_id.clone(),
        judge_index,
        score: score.and_then(Score::new),
        rationale: String::new(),
        failure: score.is_none().then_some(JudgmentFailure::NoScore),
        seed: 0,
        expected_score: None,
        truncated: false,
    }
}
