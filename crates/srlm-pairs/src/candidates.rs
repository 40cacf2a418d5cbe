//! Each prompt with its responses and their mean scores.

use std::collections::HashMap;

use srlm_artifact::{JudgmentRow, Prompt, PromptRow, ResponseRow, Row, Score};

use crate::Error;

/// A prompt and what may become a pair.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptCandidates {
    /// Unique among the prompts.
    pub prompt_id: String,
    /// What is asked.
    pub prompt: Prompt,
    /// The responses to it; there may be none.
    pub candidates: Vec<Candidate>,
}

/// A response that may be chosen or rejected.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Unique among the prompt's candidates.
    pub response_id: String,
    /// Place among the prompt's samples; settles who stands for several with the same score.
    pub sample_index: u32,
    /// The text.
    pub response: String,
    /// Mean of the scores that its judgments have; `None` where none has one.
    pub mean_score: Option<f64>,
}

impl Candidate {
    /// What candidates of one prompt are sorted by.
    pub(crate) fn place(&self) -> (u32, &str) {
        (self.sample_index, &self.response_id)
    }
}

/// Joins prompts, responses and judgments by their ids.
///
/// Sorted by `prompt_id`, candidates by `sample_index` (then `response_id`). The order of the rows does not matter,
/// down to the bits of the means. A prompt without responses is there, with no candidates; a judgment without a score
/// counts for nothing.
///
/// # Errors
/// [`Error::Duplicate`], [`Error::UnknownPrompt`], [`Error::UnknownResponse`], [`Error::OtherPrompt`]
pub fn candidates_by_prompt(
    prompts: &[PromptRow],
    responses: &[ResponseRow],
    judgments: &[JudgmentRow],
) -> Result<Vec<PromptCandidates>, Error> {
    let prompt_at = positions("prompts", prompts, |row| &row.prompt_id)?;
    let mean_scores = mean_scores(responses, judgments)?;
    let mut joined: Vec<PromptCandidates> = prompts.iter().map(without_candidates).collect();
    for (row, mean_score) in responses.iter().zip(mean_scores) {
        let Some(&at) = prompt_at.get(row.prompt_id.as_str()) else {
            let (response_id, prompt_id) = (row.response_id.clone(), row.prompt_id.clone());
            return Err(Error::UnknownPrompt { response_id, prompt_id });
        };
        joined[at].candidates.push(candidate(row, mean_score));
    }
    joined.sort_unstable_by(|a, b| a.prompt_id.cmp(&b.prompt_id));
    for prompt in &mut joined {
        prompt.candidates.sort_unstable_by(|a, b| a.place().cmp(&b.place()));
    }
    Ok(joined)
}

/// Where the row of each id is.
fn positions<'a, R: Row>(
    name: &'static str,
    rows: &'a [R],
    id: impl Fn(&'a R) -> &'a str,
) -> Result<HashMap<&'a str, usize>, Error> {
    let mut positions = HashMap::with_capacity(rows.len());
    for (at, row) in rows.iter().enumerate() {
        if positions.insert(id(row), at).is_some() {
            return Err(Error::Duplicate { rows: name, id: row.id() });
        }
    }
    Ok(positions)
}

/// The mean score of each response.
fn mean_scores(responses: &[ResponseRow], judgments: &[JudgmentRow]) -> Result<Vec<Option<f64>>, Error> {
    let response_at = positions("responses", responses, |row| &row.response_id)?;
    let mut judged: Vec<Vec<&JudgmentRow>> = vec![Vec::new(); responses.len()];
    for row in judgments {
        let (response_id, judge_index) = (&row.response_id, row.judge_index);
        let Some(&at) = response_at.get(response_id.as_str()) else {
            return Err(Error::UnknownResponse { response_id: response_id.clone(), judge_index });
        };
        if row.prompt_id != responses[at].prompt_id {
            let (judged, answered) = (row.prompt_id.clone(), responses[at].prompt_id.clone());
            return Err(Error::OtherPrompt { response_id: response_id.clone(), judge_index, judged, answered });
        }
        judged[at].push(row);
    }
    judged.into_iter().map(mean_score).collect()
}

/// The mean over the judgments of one response.
fn mean_score(mut judgments: Vec<&JudgmentRow>) -> Result<Option<f64>, Error> {
    judgments.sort_unstable_by_key(|row| row.judge_index);
    if let Some(twice) = judgments.windows(2).find(|two| two[0].judge_index == two[1].judge_index) {
        return Err(Error::Duplicate { rows: "judgments", id: twice[0].id() });
    }
    Ok(mean(judgments.iter().filter_map(|row| row.score).collect()))
}

/// The mean of scores, the same for the same scores in any order, and never outside them.
fn mean(mut scores: Vec<Score>) -> Option<f64> {
    scores.sort_unstable();
    let (lowest, highest) = (scores.first()?.get(), scores.last()?.get());
    let sum: f64 = scores.iter().map(|score| score.get()).sum();
    // Rounding lifts the mean of 3.7, 3.7 and 3.7 above 3.7, and what is tied with a single 3.7 would become a pair.
    Some((sum / scores.len() as f64).clamp(lowest, highest))
}

fn without_candidates(row: &PromptRow) -> PromptCandidates {
    PromptCandidates { prompt_id: row.prompt_id.clone(), prompt: row.prompt.clone(), candidates: Vec::new() }
}

fn candidate(row: &ResponseRow, mean_score: Option<f64>) -> Candidate {
    Candidate {
        response_id: row.response_id.clone(),
        sample_index: row.sample_index,
        response: row.response.clone(),
        mean_score,
    }
}

#[cfg(test)]
mod tests {
    use srlm_artifact::{FinishReason, JudgmentFailure, PromptSource};

    use super::*;

    fn prompt(prompt_id: &str) -> PromptRow {
        PromptRow { prompt_id: prompt_id.to_owned(), prompt: "Why?".into(), source: PromptSource::Seed }
    }

    fn response(prompt_id: &str, sample_index: u32) -> ResponseRow {
        ResponseRow {
            response_id: format!("{prompt_id}/{sample_index}"),
            prompt_id: prompt_id.to_owned(),
            sample_index,
            response: "Because.".to_owned(),
            finish_reason: FinishReason::Stop,
            n_tokens: 3,
            seed: 0,
        }
    }

    fn judgment(response_id: &str, judge_index: u32, score: Option<f64>) -> JudgmentRow {
        JudgmentRow {
            response_id: response_id.to_owned(),
            prompt_id: response_id.split_once('/').unwrap().0.to_owned(),
            judge_index,
            score: score.map(|score| Score::new(score).unwrap()),
            rationale: String::new(),
            failure: score.is_none().then_some(JudgmentFailure::NoScore),
            seed: 0,
            expected_score: None,
            truncated: false,
        }
    }

    #[test]
    fn everything_is_joined_and_sorted() {
        let judgments =
            [judgment("b/10", 1, Some(4.0)), judgment("b/2", 0, None), judgment("b/10", 0, Some(1.0))].to_vec();
        let responses = [response("b", 10), response("b", 2)];
        let joined = candidates_by_prompt(&[prompt("b"), prompt("a")], &responses, &judgments).unwrap();
        let ids: Vec<_> = joined.iter().map(|prompt| (prompt.prompt_id.as_str(), prompt.candidates.len())).collect();
        assert_eq!(ids, [("a", 0), ("b", 2)]);
        let means: Vec<_> = joined[1].candidates.iter().map(|one| (one.response_id.as_str(), one.mean_score)).collect();
        assert_eq!(means, [("b/2", None), ("b/10", Some(2.5))]);
    }

    #[test]
    fn a_mean_is_over_the_scores_that_there_are() {
        let check = |scores: &[Option<f64>], expected: Option<f64>| {
            let rows: Vec<_> = (0..).zip(scores).map(|(i, score)| judgment("p/0", i, *score)).collect();
            assert_eq!(mean_score(rows.iter().collect()).unwrap(), expected, "{scores:?}");
            assert_eq!(mean_score(rows.iter().rev().collect()).unwrap(), expected, "{scores:?} backwards");
        };
        check(&[], None);
        check(&[None, None], None);
        check(&[Some(3.0)], Some(3.0));
        check(&[Some(0.0)], Some(0.0));
        check(&[Some(3.0), None, Some(4.0)], Some(3.5));
        check(&[Some(5.0), Some(5.0), Some(5.0)], Some(5.0));
        check(&[Some(0.0), Some(0.0), Some(1.0)], Some(1.0 / 3.0));
    }

    #[test]
    fn equal_scores_have_equal_means() {
        let mean_of = |scores: &[f64]| mean(scores.iter().map(|score| Score::new(*score).unwrap()).collect());
        assert_ne!((3.7 + 3.7 + 3.7) / 3.0, 3.7);
        assert_eq!(mean_of(&[3.7, 3.7, 3.7]), mean_of(&[3.7]));
        assert_ne!((0.1 + 0.2) + 0.3, (0.3 + 0.2) + 0.1);
        assert_eq!(mean_of(&[0.1, 0.2, 0.3]), mean_of(&[0.3, 0.2, 0.1]));
    }

    #[test]
    fn rows_that_do_not_fit_are_named() {
        let check = |prompts: &[PromptRow], responses: &[ResponseRow], judgments: &[JudgmentRow], expected: &str| {
            let error = candidates_by_prompt(prompts, responses, judgments).unwrap_err();
            assert_eq!(error.to_string(), expected);
        };
        let (p, r) = ([prompt("p")], [response("p", 0)]);
        check(&[prompt("p"), prompt("p")], &r, &[], r#"two prompts have prompt_id "p"; leave one of them out"#);
        let twice = [response("p", 0), response("p", 0)];
        check(&p, &twice, &[], r#"two responses have response_id "p/0"; leave one of them out"#);
        let twice = [judgment("p/0", 3, None), judgment("p/0", 1, None), judgment("p/0", 3, Some(1.0))];
        check(&p, &r, &twice, r#"two judgments have response_id "p/0", judge_index 3; leave one of them out"#);
        let unknown = r#"response_id "q/0" answers prompt_id "q", which is not among the prompts"#;
        check(&p, &[response("q", 0)], &[], unknown);
        let unknown = r#"judgment 2 is of response_id "p/1", which is not among the responses"#;
        check(&p, &r, &[judgment("p/1", 2, None)], unknown);
        let other = JudgmentRow { prompt_id: "q".to_owned(), ..judgment("p/0", 2, None) };
        let named = r#"judgment 2 of response_id "p/0" names prompt_id "q", the response answers "p""#;
        check(&p, &r, &[other], named);
    }
}
