//! Questions, answers and judge prompts.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use srlm_artifact::read_jsonl;

use crate::Error;

/// A line of `question.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Question {
    /// Its number.
    pub question_id: u32,
    /// Its kind; `math`, `reasoning` and `coding` are judged beside a reference answer.
    #[serde(default)]
    pub category: String,
    /// What the user says, turn by turn.
    pub turns: Vec<String>,
}

/// Reads `question.jsonl`.
///
/// # Errors
/// [`Error::Artifact`] names the line.
pub fn read_questions(path: &Path) -> Result<Vec<Question>, Error> {
    Ok(read_jsonl(path)?)
}

/// The category of each question by its number.
pub fn categories(questions: &[Question]) -> BTreeMap<u32, String> {
    questions.iter().map(|question| (question.question_id, question.category.clone())).collect()
}

/// A model's answers, or the references.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers {
    /// The model: the name of the file without `.jsonl`, as FastChat has it.
    pub model: String,
    /// Answers of each question, turn by turn.
    pub turns: BTreeMap<u32, Vec<String>>,
}

#[derive(Deserialize)]
struct AnswerRow {
    question_id: u32,
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    turns: Vec<String>,
}

/// Reads `model_answer/MODEL.jsonl` or `reference_answer/JUDGE.jsonl`; of several choices the first
/// counts.
///
/// # Errors
/// [`Error::Artifact`] names the line.
pub fn read_answers(path: &Path) -> Result<Answers, Error> {
    let rows: Vec<AnswerRow> = read_jsonl(path)?;
    let first = |row: AnswerRow| {
        (row.question_id, row.choices.into_iter().next().map_or(Vec::new(), |one| one.turns))
    };
    let model =
        path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    Ok(Answers { model, turns: rows.into_iter().map(first).collect() })
}

/// A line of `judge_prompts.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct JudgePrompt {
    /// Its name, such as `single-v1`.
    pub name: String,
    /// The system message.
    pub system_prompt: String,
    /// The user's message, with `{question}` and its like; `{{` stands for a brace.
    pub prompt_template: String,
    /// How the verdict is stated: `[[rating]]`, `[[A]]` or `[[rating_a,rating_b]]`.
    pub output_format: String,
}
