//! Each prompt with its responses and their scores.

use std::collections::HashMap;

use srlm_artifact::{
    Aggregation, FinishReason, JudgmentRow, Prompt, PromptRow, ResponseRow, Row, aggregate,
};

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
    /// Whether it ended by itself or was cut off.
    pub finish_reason: FinishReason,
    /// What its judgments come to, see [`Aggregation`]; `None` where none counts.
    pub score: Option<f64>,
}

impl Candidate {
    /// What candidates of one prompt are sorted by.
    pub(crate) fn place(&self) -> (u32, &str) {
        (self.sample_index, &self.response_id)
    }
}

/// Joins prompts, responses and judgments by their ids.
///
/// Sorted by `prompt_id`, candidates by `sample_index` (then `response_id`). The order of the rows
/// does not matter, down to the bits of the scores. A prompt without responses is there, with no
/// candidates; a judgment without a score counts for nothing. Takes the rows that have long texts,
/// so that these are moved and not copied.
///
/// # Errors
/// [`Error::Duplicate`], [`Error::UnknownPrompt`], [`Error::UnknownResponse`],
/// [`Error::OtherPrompt`]
pub fn candidates_by_prompt(
    prompts: Vec<PromptRow>,
    responses: Vec<ResponseRow>,
    judgments: &[JudgmentRow],
    aggregation: Aggregation,
) -> Result<Vec<PromptCandidates>, Error> {
    let scores = scores(&responses, judgments, aggregation)?;
    let prompt_at = prompts_of(&prompts, &responses)?;
    let mut joined: Vec<PromptCandidates> = prompts.into_iter().map(without_candidates).collect();
    for ((row, at), score) in responses.into_iter().zip(prompt_at).zip(scores) {
        joined[at].candidates.push(candidate(row, score));
    }
    joined.sort_unstable_by(|a, b| a.prompt_id.cmp(&b.prompt_id));
    for prompt in &mut joined {
        prompt.candidates.sort_unstable_by(|a, b| a.place().cmp(&b.place()));
    }
    Ok(joined)
}

/// Where the prompt of each response is.
fn prompts_of(prompts: &[PromptRow], responses: &[ResponseRow]) -> Result<Vec<usize>, Error> {
    let prompt_at = positions("prompts", prompts, |row| &row.prompt_id)?;
    let of = |row: &ResponseRow| {
        prompt_at.get(row.prompt_id.as_str()).copied().ok_or_else(|| Error::unknown_prompt(row))
    };
    responses.iter().map(of).collect()
}

/// Where the row of each id is.
pub(crate) fn positions<'a, R: Row>(
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

/// The score of each response.
fn scores(
    responses: &[ResponseRow],
    judgments: &[JudgmentRow],
    aggregation: Aggregation,
) -> Result<Vec<Option<f64>>, Error> {
    let response_at = positions("responses", responses, |row| &row.response_id)?;
    let mut judged: Vec<Vec<&JudgmentRow>> = vec![Vec::new(); responses.len()];
    for row in judgments {
        let (response_id, judge_index) = (&row.response_id, row.judge_index);
        let Some(&at) = response_at.get(response_id.as_str()) else {
            return Err(Error::UnknownResponse { response_id: response_id.clone(), judge_index });
        };
        if row.prompt_id != responses[at].prompt_id {
            let (judged, answered) = (row.prompt_id.clone(), responses[at].prompt_id.clone());
            return Err(Error::OtherPrompt {
                response_id: response_id.clone(),
                judge_index,
                judged,
                answered,
            });
        }
        judged[at].push(row);
    }
    judged.into_iter().map(|judgments| score(judgments, aggregation)).collect()
}

/// What the judgments of one response come to.
fn score(mut judgments: Vec<&JudgmentRow>, aggregation: Aggregation) -> Result<Option<f64>, Error> {
    judgments.sort_unstable_by_key(|row| row.judge_index);
    if let Some(twice) = judgments.windows(2).find(|two| two[0].judge_index == two[1].judge_index) {
        return Err(Error::Duplicate { rows: "judgments", id: twice[0].id() });
    }
    Ok(aggregate(aggregation, judgments))
}

fn without_candidates(row: PromptRow) -> PromptCandidates {
    PromptCandidates { prompt_id: row.prompt_id, prompt: row.prompt, candidates: Vec::new() }
}

fn candidate(row: ResponseRow, score: Option<f64>) -> Candidate {
    let ResponseRow { response_id, sample_index, response, finish_reason, .. } = row;
    Candidate { response_id, sample_index, response, finish_reason, score }
}

#[cfg(test)]
pub(crate) mod tests {
    use srlm_artifact::{JudgmentFailure, PromptSource, Score};

    use super::*;

    /// Candidates from texts and scores, by sample.
    pub(crate) fn prompt(prompt_id: &str, judged: &[(&str, Option<f64>)]) -> PromptCandidates {
        let candidate = |(sample_index, (text, score)): (u32, &(&str, Option<f64>))| {
            let row =
                ResponseRow { response: (*text).to_owned(), ..response(prompt_id, sample_index) };
            candidate(row, *score)
        };
        let candidates = (0..).zip(judged).map(candidate).collect();
        PromptCandidates { prompt_id: prompt_id.to_owned(), prompt: "Why?".into(), candidates }
    }

    fn prompt_row(prompt_id: &str) -> PromptRow {
        PromptRow {
            prompt_id: prompt_id.to_owned(),
            prompt: "Why?".into(),
            source: PromptSource::Seed,
        }
    }

    pub(crate) fn response(prompt_id: &str, sample_index: u32) -> ResponseRow {
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
        let judgments = [
            judgment("b/10", 1, Some(4.0)),
            judgment("b/2", 0, None),
            judgment("b/10", 0, Some(1.0)),
        ]
        .to_vec();
        let responses = [response("b", 10), response("b", 2)];
        let joined = candidates_by_prompt(
            vec![prompt_row("b"), prompt_row("a")],
            responses.to_vec(),
            &judgments,
            Aggregation::Mean,
        )
        .unwrap();
        let ids: Vec<_> = joined
            .iter()
            .map(|prompt| (prompt.prompt_id.as_str(), prompt.candidates.len()))
            .collect();
        assert_eq!(ids, [("a", 0), ("b", 2)]);
        let scores: Vec<_> =
            joined[1].candidates.iter().map(|one| (one.response_id.as_str(), one.score)).collect();
        assert_eq!(scores, [("b/2", None), ("b/10", Some(2.5))]);
    }

    #[test]
    fn the_aggregation_is_that_asked_for() {
        let judgments: Vec<_> =
            (0..).zip([0.0, 4.0, 5.0]).map(|(i, score)| judgment("p/0", i, Some(score))).collect();
        let score = |aggregation| {
            let (prompts, responses) = (vec![prompt_row("p")], vec![response("p", 0)]);
            candidates_by_prompt(prompts, responses, &judgments, aggregation).unwrap()[0].candidates
                [0]
            .score
        };
        assert_eq!(score(Aggregation::Mean), Some(3.0));
        assert_eq!(score(Aggregation::Median), Some(4.0));
        assert_eq!(score(Aggregation::Expected), None);
    }

    #[test]
    fn rows_that_do_not_fit_are_named() {
        let check = |prompts: &[PromptRow],
                     responses: &[ResponseRow],
                     judgments: &[JudgmentRow],
                     expected: &str| {
            let error = {
                let (prompts, responses) = (prompts.to_vec(), responses.to_vec());
                candidates_by_prompt(prompts, responses, judgments, Aggregation::Mean).unwrap_err()
            };
            assert_eq!(error.to_string(), expected);
        };
        let (p, r) = ([prompt_row("p")], [response("p", 0)]);
        check(
            &[prompt_row("p"), prompt_row("p")],
            &r,
            &[],
            r#"two prompts have prompt_id "p"; leave one of them out"#,
        );
        let twice = [response("p", 0), response("p", 0)];
        check(&p, &twice, &[], r#"two responses have response_id "p/0"; leave one of them out"#);
        let twice =
            [judgment("p/0", 3, None), judgment("p/0", 1, None), judgment("p/0", 3, Some(1.0))];
        check(
            &p,
            &r,
            &twice,
            r#"two judgments have response_id "p/0", judge_index 3; leave one of them out"#,
        );
        let unknown = r#"response_id "q/0" answers prompt_id "q", which is not among the prompts"#;
        check(&p, &[response("q", 0)], &[], unknown);
        let unknown = r#"judgment 2 is of response_id "p/1", which is not among the responses"#;
        check(&p, &r, &[judgment("p/1", 2, None)], unknown);
        let other = JudgmentRow { prompt_id: "q".to_owned(), ..judgment("p/0", 2, None) };
        let named =
            r#"judgment 2 of response_id "p/0" names prompt_id "q", the response answers "p""#;
        check(&p, &r, &[other], named);
    }
}
