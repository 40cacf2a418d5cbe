//! What can go wrong around judging. An unreadable judgment is no error: it is a row with a reason.

use std::path::PathBuf;

use crate::ParseFailure;

/// Why a rubric, a training example or a stage has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting cannot be used.
    #[error("`{key}` is {value}; {remedy}")]
    Config {
        /// The setting, as the configuration file names it.
        key: String,
        /// Its value.
        value: String,
        /// What it must be.
        remedy: &'static str,
    },
    /// A rubric's text cannot be used.
    #[error("unusable rubric: {0}")]
    Rubric(RubricProblem),
    /// The rubric compares two responses where one is to be scored.
    #[error(
        "the rubric `{name}` compares two responses; scoring one needs a rubric with {{{{ response }}}}"
    )]
    NotScoring {
        /// The rubric's name.
        name: String,
    },
    /// A response whose prompt is not there.
    #[error(
        "response {response_id} answers the prompt {prompt_id}, which is not among the prompts"
    )]
    UnknownPrompt {
        /// The response.
        response_id: String,
        /// The prompt it names.
        prompt_id: String,
    },
    /// A response to a prompt whose answer is not known.
    #[error("prompt {prompt_id} has no answer to check responses against")]
    NoAnswer {
        /// The prompt.
        prompt_id: String,
    },
    /// A judgment of a response that is not there.
    #[error("response {response_id} was judged and is not among the responses")]
    UnknownResponse {
        /// The response that a judgment or a battle names.
        response_id: String,
    },
    /// A battle of a judgment that is not there.
    #[error(
        "a battle is about judgment {judge_index} of response {response_id}, which is not among the judgments"
    )]
    UnknownJudgment {
        /// The response.
        response_id: String,
        /// Place of the judgment among those of the response.
        judge_index: u32,
    },
    /// A judging example whose target says another score than its `score`.
    #[error(
        "the target of prompt_id {prompt_id:?}, human_rank {human_rank} says {found}, its `score` is {expected}"
    )]
    TargetScore {
        /// The example's prompt.
        prompt_id: String,
        /// The example's rank.
        human_rank: u32,
        /// `score`.
        expected: f64,
        /// What the target says.
        found: f64,
    },
    /// A judging example whose target has no score that can be read.
    #[error("the target of prompt_id {prompt_id:?}, human_rank {human_rank} cannot be read")]
    Target {
        /// The example's prompt.
        prompt_id: String,
        /// The example's rank.
        human_rank: u32,
        /// Why.
        #[source]
        source: ParseFailure,
    },
    /// The generator failed.
    #[error(transparent)]
    Generate(srlm_generate::Error),
    /// Reading or writing an artifact failed.
    #[error(transparent)]
    Artifact(#[from] srlm_artifact::Error),
    /// Reading or writing a file beside the rows failed.
    #[error("cannot read or write {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The measures of a judge cannot be read.
    #[error("{path} does not hold the health of a judge")]
    Health {
        /// The file.
        path: PathBuf,
        /// serde's reason.
        #[source]
        source: serde_json::Error,
    },
    /// The caller asked to stop; what is done is saved.
    #[error("interrupted; run again to go on")]
    Interrupted,
}

impl From<srlm_generate::Error> for Error {
    fn from(error: srlm_generate::Error) -> Self {
        match error {
            srlm_generate::Error::Interrupted => Self::Interrupted,
            error => Self::Generate(error),
        }
    }
}

impl From<RubricProblem> for Error {
    fn from(problem: RubricProblem) -> Self {
        Self::Rubric(problem)
    }
}

/// What a rubric's text lacks.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RubricProblem {
    /// The text does not begin with settings between two lines `---`.
    #[error("it must begin with settings between two lines `---`")]
    NoFrontMatter,
    /// A line of the settings cannot be read.
    #[error("line {line} {problem}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A setting is absent.
    #[error("the setting `{key}` is missing")]
    MissingKey {
        /// Its name.
        key: &'static str,
    },
    /// A bound is not a number.
    #[error("`{key}` is {value:?}, not a number")]
    NotANumber {
        /// Which bound.
        key: &'static str,
        /// What is given.
        value: String,
    },
    /// The bounds leave nothing between them.
    #[error("there are no scores from {min} to {max}; both must be numbers, `min` below `max`")]
    Range {
        /// The lower bound.
        min: f64,
        /// The upper bound.
        max: f64,
    },
    /// A pattern that cannot find a score.
    #[error("`pattern` {pattern:?} {problem}")]
    Pattern {
        /// The regular expression.
        pattern: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Settings of a score in a rubric that compares.
    #[error(
        "`{key}` belongs to rubrics that give a score; this one compares {{{{ response_a }}}} with the other"
    )]
    ScoreKey {
        /// The setting.
        key: &'static str,
    },
    /// Settings of a score in a rubric that compares judgments.
    #[error(
        "`{key}` belongs to rubrics that give a score; this one compares {{{{ judgment_a }}}} with the other"
    )]
    JudgmentsKey {
        /// The setting.
        key: &'static str,
    },
    /// The text lacks a placeholder.
    #[error("the text has no {{{{ {name} }}}}")]
    MissingPlaceholder {
        /// Its name.
        name: &'static str,
    },
    /// A placeholder that nothing can fill.
    #[error("the text has {{{{ {name} }}}}, which {reason}")]
    Placeholder {
        /// Its name.
        name: String,
        /// Why nothing can fill it.
        reason: &'static str,
    },
    /// A placeholder is opened and not closed.
    #[error("the text has a {{{{ that no }}}} closes")]
    OpenPlaceholder,
    /// The text does not tell the judge how to end.
    #[error("the text never says `{prefix}`, the form in which the judge's result is read")]
    MissingPrefix {
        /// How the last line begins.
        prefix: String,
    },
}
