//! Judges a response with whatever can write: here a script, else a model or a server.
use srlm_judge::{JudgeConfig, Rubric, Scripted, judge};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words = ["Relevant, but the cause is wrong.\nScore: 1", "No score.", "Score: 2"];
    let mut generator = Scripted(|_: &_, sample: usize| words[sample].to_owned());
    let config = JudgeConfig { judgments: 3, ..JudgeConfig::default() };
    let (prompt, response) = ("Why is the sky blue?", "It mirrors the sea.");
    let judged = judge(&mut generator, &Rubric::additive(), prompt, response, &config, 42)?;
    println!("mean score {:?}", judged.mean_score);
    for judgment in &judged.judgments {
        println!("{:?} {:?}: {:?}", judgment.score, judgment.failure, judgment.rationale);
    }
    assert_eq!(judged.mean_score, Some(1.5));
    Ok(())
}
