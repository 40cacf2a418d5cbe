//! Measures a judge against people's ranks, beside always preferring the longer answer.
use srlm_eval::{Bootstrap, RankedGroup, RankedResponse, agreement};

fn response(human_rank: u32, mean_score: Option<f64>, n_characters: u64) -> RankedResponse {
    RankedResponse { human_rank, mean_score, n_characters }
}

fn main() {
    let group = RankedGroup {
        prompt_id: "tides".to_owned(),
        responses: vec![
            response(0, Some(4.0), 80),
            response(1, Some(2.0), 120),
            response(2, None, 10),
        ],
    };
    let found = agreement(&[group], &Bootstrap::default());
    println!("judge {:?}", found.judge.pairwise_accuracy);
    println!("longer {:?}", found.length_baseline.pairwise_accuracy);
    assert_eq!(found.judge.pairwise_accuracy.map(|accuracy| accuracy.value), Some(1.0));
    assert_eq!((found.n_pairs, found.n_unscored_pairs), (3, 2));
}
