//! Responses with their verdicts as tokens.

use srlm_artifact::{Prompt, UnpairedRow};
use srlm_checkpoint::Tokenizer;
use srlm_model::Conversation;

use crate::error::Error;

/// A response as the loop sees it.
#[derive(Clone, Debug)]
pub struct UnpairedExample {
    /// Names the response in errors.
    pub id: String,
    /// Prompt and response.
    pub conversation: Conversation,
    /// The same prompt and a response to another one, to estimate the divergence of policy and
    /// reference by.
    pub mismatched: Conversation,
    /// Whether the response is a good one.
    pub desirable: bool,
    /// Log-probability of the response under the reference, in nats.
    pub ref_logps: f64,
    /// Log-probability of the mismatched response under the reference, in nats.
    pub ref_mismatched_logps: f64,
}

/// A row, the row whose response stands in as the mismatched one, and both conversations.
pub(crate) struct Tokenized<'a> {
    pub(crate) row: &'a UnpairedRow,
    pub(crate) other: &'a UnpairedRow,
    pub(crate) conversation: Conversation,
    pub(crate) mismatched: Conversation,
}

/// Rows as conversations; `None` in place of those whose prompt leaves no room for a response.
///
/// A row's mismatched response is that of the next row with another prompt, the first following the
/// last: TRL takes the neighbor within a batch, which depends on the order of training.
pub(crate) fn tokenized<'a>(
    tokenizer: &Tokenizer,
    rows: &'a [UnpairedRow],
    max_length: usize,
) -> Result<Vec<Option<Tokenized<'a>>>, Error> {
    let conversation = |row: &UnpairedRow, prompt: &Prompt, response: &str| {
        let tokens = Conversation::new(tokenizer, prompt, response);
        let tokens = tokens.map_err(|source| Error::Response {
            response_id: row.response_id.clone(),
            source: Box::new(source),
        })?;
        Ok::<_, Error>(tokens.truncated(max_length))
    };
    let mut all = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        let following = rows[i + 1..].iter().chain(&rows[..i]);
        let other = following.clone().find(|other| other.prompt_id != row.prompt_id);
        let other = other.or_else(|| following.clone().next()).unwrap_or(row);
        let both = conversation(row, &row.prompt, &row.completion)?.zip(conversation(
            row,
            &row.prompt,
            &other.completion,
        )?);
        all.push(both.map(|(conversation, mismatched)| Tokenized {
            row,
            other,
            conversation,
            mismatched,
        }));
    }
    Ok(all)
}
