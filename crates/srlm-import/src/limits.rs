//! Lengths of prompts and responses, and how many ranked responses make a ranking.

use crate::example::{Content, Example, Parsed};
use crate::target::without_verdict;
use crate::{ImportConfig, Reason};

/// The example with the responses that are within the limits.
pub(crate) fn within(mut example: Example, config: &ImportConfig) -> Parsed {
    let n_characters =
        example.prompt.messages().iter().map(|message| message.content.chars().count()).sum();
    if !fits(n_characters, config.min_prompt_characters, config.max_prompt_characters) {
        return Err(Reason::PromptLength);
    }
    let response_fits = |text: &String| {
        fits(text.chars().count(), config.min_response_characters, config.max_response_characters)
    };
    match &mut example.content {
        Content::Answers { ift, ranked } => {
            let was_enough = ift.is_some() || ranked.len() >= config.min_responses;
            ift.take_if(|text| !response_fits(text));
            ranked.retain(response_fits);
            if ranked.len() < config.min_responses {
                ranked.clear();
            }
            if ift.is_none() && ranked.is_empty() {
                return Err(if was_enough { Reason::ResponseLength } else { Reason::Unranked });
            }
        }
        Content::Rating { response, critique, .. } => {
            if !response_fits(response) {
                return Err(Reason::ResponseLength);
            }
            if config.require_critique && without_verdict(critique).is_empty() {
                return Err(Reason::NoCritique);
            }
        }
        Content::Nothing => {}
    }
    Ok(example)
}

fn fits(n: usize, min: usize, max: usize) -> bool {
    n >= min && (max == 0 || n <= max)
}
