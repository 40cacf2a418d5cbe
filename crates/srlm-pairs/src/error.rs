//! What can go wrong before pairs are selected; the selection itself cannot fail.

use srlm_artifact::ResponseRow;

/// Why there are no pairs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting cannot be used.
    #[error("`{key}` is {value}; {remedy}")]
    Config {
        /// The setting, as the configuration file names it.
        key: &'static str,
        /// Its value.
        value: String,
        /// What it must be.
        remedy: &'static str,
    },
    /// A setting asks for an input that was not given.
    #[error("`{key}` needs {needs}; give that input, or set {key} = {off}")]
    MissingInput {
        /// The setting, as the configuration file names it.
        key: &'static str,
        /// What it needs.
        needs: &'static str,
        /// The value that does without, as TOML writes it.
        off: &'static str,
    },
    /// Two prompts, two responses or two judgments have one id.
    #[error("two {rows} have {id}; leave one of them out")]
    Duplicate {
        /// `prompts`, `responses`, `judgments` or `seed examples`.
        rows: &'static str,
        /// The id, with the names of its fields.
        id: String,
    },
    /// A response to a prompt that was not given.
    #[error(
        "response_id {response_id:?} answers prompt_id {prompt_id:?}, which is not among the prompts"
    )]
    UnknownPrompt {
        /// The response.
        response_id: String,
        /// The prompt that it names.
        prompt_id: String,
    },
    /// A judgment of a response that was not given.
    #[error(
        "judgment {judge_index} is of response_id {response_id:?}, which is not among the responses"
    )]
    UnknownResponse {
        /// The response that the judgment names.
        response_id: String,
        /// Place among that response's judgments.
        judge_index: u32,
    },
    /// A judgment and its response name different prompts.
    #[error(
        "judgment {judge_index} of response_id {response_id:?} names prompt_id {judged:?}, the response answers \
         {answered:?}"
    )]
    OtherPrompt {
        /// The response.
        response_id: String,
        /// Place among its judgments.
        judge_index: u32,
        /// The prompt that the judgment names.
        judged: String,
        /// The prompt that the response names.
        answered: String,
    },
    /// Reading or writing an artifact failed.
    #[error(transparent)]
    Artifact(#[from] srlm_artifact::Error),
}

impl Error {
    pub(crate) fn unknown_prompt(row: &ResponseRow) -> Self {
        Self::UnknownPrompt {
            response_id: row.response_id.clone(),
            prompt_id: row.prompt_id.clone(),
        }
    }
}
