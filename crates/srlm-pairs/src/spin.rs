//! Self-play: the human's answer against the model's own.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use srlm_artifact::{IftRow, PairRow, ResponseRow};

use crate::Error;
use crate::candidates::positions;

/// The pairs, and what became of every response.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spin {
    /// One for each response with another text than the human's, in the order of the responses.
    pub pairs: Vec<PairRow>,
    /// How many responses and seed examples there are.
    pub counts: SpinCounts,
}

/// Responses by what became of them, `responses = pairs + identical`, and seed examples: `seeds =
/// answered + unanswered`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SpinCounts {
    /// Responses given.
    pub responses: u64,
    /// Pairs made.
    pub pairs: u64,
    /// Responses with the human's text.
    pub identical: u64,
    /// Seed examples given.
    pub seeds: u64,
    /// Seed examples with a response, or several.
    pub answered: u64,
    /// Seed examples without one.
    pub unanswered: u64,
}

/// Pairs the human's answer, chosen, with each response that the model sampled to the same prompt,
/// rejected.
///
/// No judge is asked. The scores are 1 and 0: they say which of the two is which, and nothing about
/// quality. The `chosen_id` is `{prompt_id}/seed`.
///
/// # Errors
/// [`Error::Duplicate`]; [`Error::UnknownPrompt`] for a response to a prompt that is not among the
/// seed examples.
///
/// # Source
/// Chen et al. 2024, "Self-Play Fine-Tuning Converts Weak Language Models to Strong Language
/// Models", arXiv 2401.01335, algorithm 1.
pub fn spin(seeds: &[IftRow], responses: &[ResponseRow]) -> Result<Spin, Error> {
    let seed_at: HashMap<&str, usize> = positions("seed examples", seeds, |row| &row.prompt_id)?;
    positions("responses", responses, |row| &row.response_id)?;
    let (mut spin, mut answered) = (Spin::default(), HashSet::new());
    for response in responses {
        let Some(&at) = seed_at.get(response.prompt_id.as_str()) else {
            return Err(Error::unknown_prompt(response));
        };
        answered.insert(at);
        if seeds[at].response == response.response {
            spin.counts.identical += 1;
        } else {
            spin.pairs.push(pair(&seeds[at], response));
        }
    }
    let (n_seeds, n_answered) = (seeds.len() as u64, answered.len() as u64);
    let (responses, pairs) = (responses.len() as u64, spin.pairs.len() as u64);
    let SpinCounts { identical, .. } = spin.counts;
    let unanswered = n_seeds - n_answered;
    spin.counts = SpinCounts {
        responses,
        pairs,
        identical,
        seeds: n_seeds,
        answered: n_answered,
        unanswered,
    };
    Ok(spin)
}

fn pair(seed: &IftRow, response: &ResponseRow) -> PairRow {
    PairRow {
        prompt_id: seed.prompt_id.clone(),
        prompt: seed.prompt.clone(),
        chosen: seed.response.clone(),
        rejected: response.response.clone(),
        chosen_id: format!("{}/seed", seed.prompt_id),
        rejected_id: response.response_id.clone(),
        score_chosen: 1.0,
        score_rejected: 0.0,
        label_weight: 1.0,
    }
}

#[cfg(test)]
mod tests {
    use srlm_artifact::Row;

    use super::*;
    use crate::candidates::tests::response;

    fn seed(prompt_id: &str) -> IftRow {
        let (response, source) = ("Air.".to_owned(), "people".to_owned());
        IftRow { prompt_id: prompt_id.to_owned(), prompt: "Why?".into(), response, source }
    }

    #[test]
    fn the_human_answer_is_chosen_over_each_other_text() {
        let same = ResponseRow { response: "Air.".to_owned(), ..response("p", 1) };
        let spin =
            spin(&[seed("p"), seed("q")], &[response("p", 0), same, response("p", 2)]).unwrap();
        let ids: Vec<_> = spin
            .pairs
            .iter()
            .map(|row| (row.chosen_id.as_str(), row.rejected_id.as_str()))
            .collect();
        assert_eq!(ids, [("p/seed", "p/0"), ("p/seed", "p/2")]);
        assert!(spin.pairs.iter().all(|row| row.check().is_ok()));
        let expected = SpinCounts {
            responses: 3,
            pairs: 2,
            identical: 1,
            seeds: 2,
            answered: 1,
            unanswered: 1,
        };
        assert_eq!(spin.counts, expected);
    }

    #[test]
    fn a_response_to_another_prompt_is_named() {
        let error = spin(&[seed("p")], &[response("q", 0)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"response_id "q/0" answers prompt_id "q", which is not among the prompts"#
        );
    }
}
