//! Each prompt with its responses and what was said of them.

use std::collections::{BTreeMap, HashMap};

use srlm_artifact::{JudgmentRow, Prompt, PromptRow, ResponseRow};

use crate::{Error, mean_scores};

/// A prompt and its judged responses.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgedPrompt {
    /// Unique among the prompts.
    pub prompt_id: String,
    /// What was asked.
    pub prompt: Prompt,
    /// What was answered; there may be nothing.
    pub responses: Vec<JudgedResponse>,
}

/// A response and its judgments.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgedResponse {
    /// The response.
    pub response: ResponseRow,
    /// What was said of it; those without a score as well.
    pub judgments: Vec<JudgmentRow>,
}

impl JudgedResponse {
    /// The mean of the scores, see [`mean_scores`]; `None` where no judgment has one.
    pub fn mean_score(&self) -> Option<f64> {
        mean_scores(&self.judgments).into_values().next().flatten()
    }
}

/// Joins prompts, responses and judgments by their ids.
///
/// Sorted by `prompt_id`, responses by `sample_index` (then `response_id`), judgments by
/// `judge_index`: the order of the rows does not matter.
///
/// # Errors
/// [`Error::UnknownPrompt`], [`Error::UnknownResponse`]
pub fn judged_prompts(
    prompts: Vec<PromptRow>,
    responses: Vec<ResponseRow>,
    judgments: Vec<JudgmentRow>,
) -> Result<Vec<JudgedPrompt>, Error> {
    let mut of_response: HashMap<String, Vec<JudgmentRow>> = HashMap::new();
    judgments
        .into_iter()
        .for_each(|row| of_response.entry(row.response_id.clone()).or_default().push(row));
    let mut judged: BTreeMap<String, JudgedPrompt> =
        prompts.into_iter().map(without_responses).collect();
    for response in responses {
        let mut judgments = of_response.remove(&response.response_id).unwrap_or_default();
        judgments.sort_by_key(|row| row.judge_index);
        let Some(prompt) = judged.get_mut(&response.prompt_id) else {
            let ResponseRow { response_id, prompt_id, .. } = response;
            return Err(Error::UnknownPrompt { response_id, prompt_id });
        };
        prompt.responses.push(JudgedResponse { response, judgments });
    }
    if let Some(response_id) = of_response.into_keys().min() {
        return Err(Error::UnknownResponse { response_id });
    }
    let mut judged: Vec<JudgedPrompt> = judged.into_values().collect();
    for prompt in &mut judged {
        prompt.responses.sort_by(|a, b| place(a).cmp(&place(b)));
    }
    Ok(judged)
}

fn without_responses(row: PromptRow) -> (String, JudgedPrompt) {
    let PromptRow { prompt_id, prompt, .. } = row;
    (prompt_id.clone(), JudgedPrompt { prompt_id, prompt, responses: Vec::new() })
}

fn place(judged: &JudgedResponse) -> (u32, &str) {
    (judged.response.sample_index, &judged.response.response_id)
}
