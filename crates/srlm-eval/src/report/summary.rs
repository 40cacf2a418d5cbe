//! What a report knows of a run, finished or not.

use std::collections::BTreeMap;

use serde::Serialize;
use srlm_artifact::{JudgeHealth, MetricsRow};

use super::{CurveFinding, JudgingExamples, PairExample};
use crate::anchors::AnchorSummary;
use crate::safety::SafetySummary;
use crate::{Best, Evaluation, IterationFunnel};

/// A run as its folders tell it; read with [`RunSummary::read`], or put together by hand.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RunSummary {
    /// Name of the run's folder.
    pub name: String,
    /// The text of `run.toml`, `None` when there is none.
    #[serde(skip)]
    pub config: Option<String>,
    /// Seed data, in order of their folders.
    pub seeds: Vec<Folder>,
    /// M0 first.
    pub models: Vec<ModelSummary>,
    /// From 1.
    pub iterations: Vec<IterationSummary>,
    /// How judging examples were made of ranked responses, where they were.
    pub judging_examples: Option<JudgingExamples>,
    /// Which model to use; `None` before anything is evaluated.
    pub best: Option<Best>,
    /// Every artifact in the run's folder, in the order in which they were finished.
    pub artifacts: Vec<Folder>,
}

/// One model of the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ModelSummary {
    /// `M0`, `M1` ...
    pub label: String,
    /// The folder of weights. M0 usually lies outside the run.
    pub folder: Folder,
    /// The folder of its evaluation; `None` for M0, which the run does not evaluate.
    pub eval_folder: Option<Folder>,
    /// What was measured.
    pub evaluation: Option<Evaluation>,
    /// What the judge of its iteration makes of answers whose truth is known.
    pub anchors: Option<AnchorSummary>,
    /// What it does with harmful and with harmless prompts.
    pub safety: Option<SafetySummary>,
    /// Its training, a row a step.
    #[serde(skip)]
    pub metrics: Vec<MetricsRow>,
    /// What its training curves say.
    pub training: Vec<CurveFinding>,
}

/// One turn of the loop.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IterationSummary {
    /// From 1; the model that learns in it is M of the same number.
    pub iteration: u32,
    /// Who judged: M of the same number, or the name of another model; `None` before anything is
    /// judged.
    pub judged_by: Option<String>,
    /// Prompts, responses, judgments, pairs, reference log-probabilities.
    pub stages: Vec<Folder>,
    /// What became of all that the iteration made.
    pub funnel: IterationFunnel,
    /// How the judge did, once judgments exist.
    pub judge: Option<JudgeHealth>,
    /// A few pairs to read.
    #[serde(skip)]
    pub examples: Vec<PairExample>,
}

/// A place where an artifact is or will be.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Folder {
    /// Relative to the run, such as `iter-1/pairs`.
    pub path: String,
    /// What is there.
    pub state: FolderState,
}

/// What is in a [`Folder`].
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FolderState {
    /// No complete artifact yet.
    #[default]
    Pending,
    /// Something that cannot be opened, and why.
    Unreadable(String),
    /// A complete artifact.
    Complete(Facts),
}

/// What a manifest says.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Facts {
    /// Kind of the artifact, such as `pairs`.
    pub kind: String,
    /// Rows of the artifact.
    pub n_rows: u64,
    /// What was made and dropped, by reason.
    pub counts: BTreeMap<String, u64>,
    /// Hash of the content.
    pub content_hash: String,
    /// Role and content hash of each input.
    pub inputs: Vec<(String, String)>,
    /// Stage and its version, such as `srlm-pairs 1`.
    pub stage: String,
    /// Version of the crate that made it, with the commit where known.
    pub version: String,
    /// Seed of the stage.
    pub seed: u64,
    /// Device it ran on.
    pub device: String,
    /// When it was finished.
    pub created_at: String,
    /// How long it took.
    pub wall_seconds: f64,
}

impl Folder {
    /// The manifest's facts, once complete.
    pub fn facts(&self) -> Option<&Facts> {
        match &self.state {
            FolderState::Complete(facts) => Some(facts),
            FolderState::Pending | FolderState::Unreadable(_) => None,
        }
    }

    /// Whether there is something that cannot be opened.
    pub fn is_unreadable(&self) -> bool {
        matches!(self.state, FolderState::Unreadable(_))
    }
}

impl RunSummary {
    /// Every artifact of the run in the order in which they were finished, then the folders of the
    /// loop that cannot be read or do not exist yet.
    pub fn folders(&self) -> impl Iterator<Item = &Folder> {
        let broken: Vec<&Folder> =
            self.of_the_loop().filter(|folder| folder.is_unreadable()).collect();
        let is_sound =
            move |folder: &&Folder| broken.iter().all(|broken| broken.path != folder.path);
        let left = self.of_the_loop().filter(|folder| folder.facts().is_none());
        self.artifacts.iter().filter(is_sound).chain(left)
    }

    /// The folders that the loop always writes; M0 only where it lies in the run.
    fn of_the_loop(&self) -> impl Iterator<Item = &Folder> {
        let models = self.models.iter().enumerate().flat_map(|(t, model)| {
            let made_from = t.checked_sub(2).and_then(|i| self.iterations.get(i));
            let stages = made_from.into_iter().flat_map(|iteration| &iteration.stages);
            let weights =
                Some(&model.folder).filter(|folder| t > 0 || folder.state != FolderState::Pending);
            stages.chain(weights).chain(&model.eval_folder)
        });
        self.seeds.iter().chain(models)
    }
}
