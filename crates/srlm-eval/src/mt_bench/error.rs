//! Why answers cannot be judged.

/// Why a match cannot be set up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MatchError {
    /// A question has no answer.
    #[error("{model} has no answer to turn {turn} of question {question_id}: answer all questions")]
    NoAnswer {
        /// The model, or the references.
        model: String,
        /// The question.
        question_id: u32,
        /// The turn, from 1.
        turn: usize,
    },
    /// A judge prompt is absent.
    #[error(
        "there is no judge prompt {name:?}: give FastChat's judge_prompts.jsonl, or a file with a row of this name"
    )]
    NoPrompt {
        /// Its name.
        name: String,
    },
    /// A judge prompt asks for what there is not.
    #[error(
        "judge prompt {prompt:?} has {{{placeholder}}}, which this kind of match does not fill"
    )]
    Placeholder {
        /// The prompt's name.
        prompt: String,
        /// What it asks for.
        placeholder: String,
    },
    /// A judge prompt states the verdict in an unknown way.
    #[error(
        "judge prompt {prompt:?} has output_format {format:?}: use [[rating]] for one answer, [[A]] or [[rating_a,rating_b]] for two"
    )]
    OutputFormat {
        /// The prompt's name.
        prompt: String,
        /// What it has.
        format: String,
    },
    /// A comparison needs a baseline among the answers.
    #[error("no answers of the baseline {name:?}: there are {}", known.join(", "))]
    NoBaseline {
        /// Its name.
        name: String,
        /// Models with answers.
        known: Vec<String>,
    },
}
