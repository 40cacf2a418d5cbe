//! Rows of `model_judgment`.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use srlm_artifact::read_jsonl;

use crate::Error;

/// A judgment of one answer or of two.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Judgment {
    /// Two answers, in both orders.
    Pair(PairJudgment),
    /// One answer.
    Single(SingleJudgment),
}

/// A line of `JUDGE_single.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SingleJudgment {
    /// The question.
    pub question_id: u32,
    /// Whose answer.
    pub model: String,
    /// The judge and the name of its prompt.
    pub judge: [String; 2],
    /// What the judge was asked.
    pub user_prompt: String,
    /// What it wrote.
    pub judgment: String,
    /// The score, mostly 1 to 10; -1 where it stated none.
    pub score: f64,
    /// The turn judged, from 1.
    pub turn: u32,
    /// When, in seconds since 1970.
    pub tstamp: f64,
}

/// Who wins, by the names in the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Winner {
    /// The model `model_1`.
    #[serde(rename = "model_1")]
    Model1,
    /// The model `model_2`.
    #[serde(rename = "model_2")]
    Model2,
    /// Neither.
    Tie,
    /// No verdict can be read.
    Error,
}

/// A line of `JUDGE_pair.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairJudgment {
    /// The question.
    pub question_id: u32,
    /// One model.
    pub model_1: String,
    /// The other model.
    pub model_2: String,
    /// The winner with the answer of `model_1` first.
    pub g1_winner: Winner,
    /// The winner with the answer of `model_2` first.
    pub g2_winner: Winner,
    /// The judge and the name of its prompt.
    pub judge: [String; 2],
    /// What the judge was asked first.
    pub g1_user_prompt: String,
    /// What it wrote.
    pub g1_judgment: String,
    /// What it was asked then.
    pub g2_user_prompt: String,
    /// What it wrote.
    pub g2_judgment: String,
    /// The turn judged, from 1.
    #[serde(default = "first_turn")]
    pub turn: u32,
    /// When, in seconds since 1970.
    pub tstamp: f64,
}

/// FastChat leaves the turn out where it compares two single scores of first turns.
fn first_turn() -> u32 {
    1
}

/// Reads judgments, FastChat's or those of [`Match::judged`](super::Match::judged); a row with
/// `model_1` is of two answers. Columns beside these are left alone.
///
/// # Errors
/// [`Error::Artifact`] names the line that is no JSON, [`Error::ForeignRow`] the row that is no
/// judgment.
pub fn read_judgments(path: &Path) -> Result<Vec<Judgment>, Error> {
    let values: Vec<Value> = read_jsonl(path)?;
    let parse = |value: Value| match value.get("model_1") {
        Some(_) => serde_json::from_value(value).map(Judgment::Pair),
        None => serde_json::from_value(value).map(Judgment::Single),
    };
    let named = |(i, value)| {
        parse(value).map_err(|source| Error::ForeignRow {
            path: path.to_owned(),
            row: i + 1,
            source,
        })
    };
    values.into_iter().enumerate().map(named).collect()
}
