//! One response judged, without files.

use std::collections::HashMap;
use std::ops::ControlFlow;

use srlm_artifact::{FinishReason, JudgmentRow, Place, Prompt, ResponseRow};
use srlm_generate::{Generate, Meter};

use crate::judgment::Court;
use crate::{Error, JudgeConfig, Rubric, mean_scores};

/// What a judge says of a response.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The mean of the scores that could be read; `None` where none could.
    pub mean_score: Option<f64>,
    /// Every judgment: its score or why it has none, and what the judge wrote.
    pub judgments: Vec<JudgmentRow>,
}

/// Judges a response to a prompt `config.judgments` times; `seed` decides what is drawn.
///
/// # Errors
/// [`Error::NotScoring`] where the rubric compares two responses, and those of the settings and the
/// generator.
pub fn judge(
    generator: &mut dyn Generate,
    rubric: &Rubric,
    prompt: impl Into<Prompt>,
    response: &str,
    config: &JudgeConfig,
    seed: u64,
) -> Result<Judged, Error> {
    config.validate()?;
    rubric.check_scores()?;
    let response = ResponseRow {
        response_id: "response".to_owned(),
        prompt_id: "prompt".to_owned(),
        sample_index: 0,
        response: response.to_owned(),
        finish_reason: FinishReason::Stop,
        n_tokens: 0,
        seed,
    };
    let court = Court {
        config,
        rubric,
        place: Place { run_seed: seed, iteration: 0 },
        prompts: HashMap::from([(response.prompt_id.clone(), prompt.into())]),
    };
    let on_progress = &mut |_| ControlFlow::Continue(());
    let mut meter = Meter::new(on_progress, "judgments", u64::from(config.judgments));
    let judgments = court.judge(&[&response], generator, &mut meter)?;
    let mean_score = mean_scores(&judgments).remove(&response.response_id).flatten();
    Ok(Judged { mean_score, judgments })
}

#[cfg(test)]
mod tests {
    use srlm_generate::{Request, Scripted};

    use super::*;

    #[test]
    fn the_mean_is_of_the_scores_that_can_be_read() {
        let answers = ["Good.\nScore: 4", "Hard to say.", "Score: 5"];
        let mut generator = Scripted(|_: &Request, i: usize| answers[i].to_owned());
        let config = JudgeConfig { judgments: 3, ..JudgeConfig::default() };
        let rubric = Rubric::additive();
        let judged = judge(&mut generator, &rubric, "Why?", "Because.", &config, 7).unwrap();
        assert_eq!(judged.mean_score, Some(4.5));
        assert_eq!(judged.judgments.len(), 3);
        assert!(judged.judgments[1].failure.is_some());
        let pairwise = Rubric::pairwise();
        let refused = judge(&mut generator, &pairwise, "Why?", "Because.", &config, 7);
        assert!(matches!(refused, Err(Error::NotScoring { .. })));
    }
}
