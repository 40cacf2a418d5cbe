//! What became of one prompt, from its generation to the model that was trained on it.

mod dropped;
mod fate;
mod find;
mod folders;
mod follow;
mod no_pair;
mod ranking;
mod text;

use std::path::Path;

use serde::Serialize;
use srlm_artifact::{BattleRow, JudgmentRow, PairRow, Prompt, PromptSource, ResponseRow};

pub use dropped::DroppedText;
pub use fate::{Fate, Outcome};

use crate::Error;

/// All that a run knows of a prompt.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trace {
    /// What was asked for.
    pub query: String,
    /// In the order of the iterations. Several where a text was generated again, or a prompt used
    /// again.
    pub passages: Vec<Passage>,
}

/// A prompt in one iteration.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Passage {
    /// From 1.
    pub iteration: u32,
    /// `None` for a text that was dropped, and so never became a prompt.
    pub prompt_id: Option<String>,
    /// What is asked.
    pub prompt: Prompt,
    /// Given or generated.
    pub source: PromptSource,
    /// Why it was dropped, if it was.
    pub dropped: Option<DroppedText>,
    /// Responses of the model at hand, then those of M0 and of the future model where there are
    /// any.
    pub responses: Vec<TracedResponse>,
    /// Pairs of the prompt's responses, and of judgments of them.
    pub pairs: Vec<TracedPair>,
    /// What came of it.
    pub fate: Fate,
}

/// A response and what was said and made of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TracedResponse {
    /// `responses`, `anchor-responses` or `future-responses`.
    pub folder: &'static str,
    /// The response.
    pub row: ResponseRow,
    /// What judges said of it.
    pub judgments: Vec<TracedJudgment>,
    /// What the judgments of this iteration's judge come to, as the pairs were selected; `None`
    /// where none counts.
    pub score: Option<f64>,
    /// What it became.
    pub uses: Vec<Use>,
    /// Comparisons of two of its judgments.
    pub battles: Vec<BattleRow>,
}

/// A judgment and where it lies.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TracedJudgment {
    /// `judgments`, `judgments-before`, `safety-judgments`, `anchor-judgments` or
    /// `future-judgments`.
    pub folder: &'static str,
    /// The judgment.
    pub row: JudgmentRow,
}

/// What a response became.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Use {
    /// The folder with the row.
    pub folder: &'static str,
    /// As what.
    pub part: Part,
}

/// The part that a response plays in a row of training data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The better one of a pair.
    Chosen,
    /// The worse one of a pair.
    Rejected,
    /// A good one by itself.
    Good,
    /// A bad one by itself.
    Bad,
    /// One to imitate.
    Perfect,
}

/// A pair and where it lies.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TracedPair {
    /// `pairs`, `guided-pairs`, `judge-pairs` or `all-pairs`.
    pub folder: &'static str,
    /// The pair.
    pub row: PairRow,
    /// Whether it has log-probabilities under the reference, so that the next model can be trained
    /// on it. `None` where another folder holds what is trained on, or they are not computed yet.
    pub fits: Option<bool>,
}

/// Finds a prompt in a run by its id, by the id of a response to it, by its text or that of a
/// dropped one, or by how its id or text begins; and tells what became of it.
///
/// Everything is read through the artifact folders. A reason for having no pair is found again from
/// the rows and the settings that the pairs were selected with.
///
/// # Errors
/// [`Error::UnknownPrompt`] with what is close, [`Error::AmbiguousPrompt`], [`Error::Io`], and
/// [`Error::Artifact`] for a folder that is broken.
pub fn trace(run_dir: &Path, prompt_id: &str) -> Result<Trace, Error> {
    let found = find::find(run_dir, prompt_id)?;
    let passages =
        found.into_iter().map(|found| follow::follow(run_dir, found)).collect::<Result<_, _>>()?;
    Ok(Trace { query: prompt_id.to_owned(), passages })
}
