//! Selects a pair from a handful of judged candidates with nothing but `srlm-pairs`.

use srlm_pairs::{Candidate, FinishReason, PairsConfig, Place, PromptCandidates, select_pairs};

fn main() {
    let candidate = |sample_index, response: &str, score| Candidate {
        response_id: format!("tides/{sample_index}"),
        sample_index,
        response: response.to_owned(),
        finish_reason: FinishReason::Stop,
        score,
    };
    let prompt = PromptCandidates {
        prompt_id: "tides".to_owned(),
        prompt: "What causes the tides?".into(),
        candidates: vec![
            candidate(0, "The moon pulls on the water.", Some(4.0)),
            candidate(1, "The wind.", Some(1.0)),
            candidate(2, "Hard to say.", None),
        ],
    };
    let config = PairsConfig { min_score_gap: 1.0, ..PairsConfig::default() };
    let selection = select_pairs(&[prompt], &config, Place { run_seed: 0, iteration: 1 });
    let pair = &selection.pairs[0];
    println!("{:?} ({}) over {:?} ({})", pair.chosen, pair.score_chosen, pair.rejected, pair.score_rejected);
    assert_eq!((pair.chosen_id.as_str(), pair.rejected_id.as_str()), ("tides/0", "tides/1"));
}
