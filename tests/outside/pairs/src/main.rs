//! Selects a preference pair from scored responses.
use srlm_pairs::{Candidate, FinishReason, PairsConfig, Place, PromptCandidates, select_pairs};

fn candidate(sample_index: u32, response: &str, score: Option<f64>) -> Candidate {
    Candidate {
        response_id: format!("tides/{sample_index}"),
        sample_index,
        response: response.to_owned(),
        finish_reason: FinishReason::Stop,
        score,
    }
}

fn main() {
    let tides = PromptCandidates {
        prompt_id: "tides".to_owned(),
        prompt: "What causes the tides?".into(),
        candidates: vec![
            candidate(0, "The moon pulls on the water.", Some(4.0)),
            candidate(1, "The wind.", Some(1.0)),
            candidate(2, "Hard to say.", None),
        ],
    };
    let place = Place { run_seed: 42, iteration: 1 };
    let selection = select_pairs(&[tides], &PairsConfig::default(), place);
    let pair = &selection.pairs[0];
    println!("{:?} over {:?}", pair.chosen, pair.rejected);
    assert_eq!((pair.chosen_id.as_str(), pair.rejected_id.as_str()), ("tides/0", "tides/1"));
}
