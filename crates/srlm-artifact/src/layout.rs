//! Where a run keeps what it makes: every folder in the order in which it comes to be.
//!
//! A run's folder holds artifacts by these paths. Iteration T is the round in which M_T's answers
//! become M_{T+1}, and `iter-{T}` also holds the evaluation of M_{T+1}; that of M1 is in `iter-0`.

use std::fmt;
use std::path::Path;

use crate::{
    Battles, Eft, Eval, HandOver, Ift, Judgments, Kind, Model, Pairs, Prompts, RefLogps, Responses,
    Unpaired, UnpairedRefLogps,
};

/// Where the data that another program trains with lie: `external/m2` is what `m2` is made of.
const HAND_OVERS: &str = "external";

const ITERATION: &str = "iter-";

/// Folder of M_t.
pub fn model(t: u32) -> String {
    format!("m{t}")
}

/// Folder of iteration t.
pub fn iteration(t: u32) -> String {
    format!("{ITERATION}{t}")
}

/// Folder of a stage of iteration t.
pub fn round(t: u32, stage: &str) -> String {
    format!("{}/{stage}", iteration(t))
}

/// Folder of a stage of the evaluation of M_t, from M1 on.
///
/// # Panics
/// If t is 0: M0 is not evaluated by itself.
pub fn evaluation(t: u32, stage: &str) -> String {
    assert!(t > 0, "M0 has no evaluation");
    round(t - 1, stage)
}

/// Folder of what another program trains the model at `model` with.
pub fn hand_over(model: &str) -> String {
    format!("{HAND_OVERS}/{model}")
}

/// The iteration in whose folder this path lies.
pub fn iteration_of(path: &str) -> Option<u32> {
    path.split('/').next()?.strip_prefix(ITERATION)?.parse().ok()
}

/// What the folder at this path belongs to, a finished run's or one's that has other stages.
pub fn part_of(path: &str) -> Option<Part> {
    if let Some(model) = path.strip_prefix(HAND_OVERS).and_then(|rest| rest.strip_prefix('/')) {
        return part_of(model);
    }
    let (first, stage) = path.split_once('/').unwrap_or((path, ""));
    if let Some(t) = iteration_of(path) {
        let is_evaluation =
            EVALUATION.iter().chain([&M0_ANSWERS]).any(|line| line.0 == Some(stage));
        return Some(if is_evaluation { Part::Evaluation(t + 1) } else { Part::Round(t) });
    }
    match first.strip_prefix('m').and_then(|t| t.parse().ok()) {
        Some(0) => None,
        Some(1) => Some(Part::FirstModel),
        Some(t) => Some(Part::Round(t - 1)),
        None if first.starts_with("seed") => Some(Part::Seed),
        None => (first == "eft").then_some(Part::Examples),
    }
}

/// What a step belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Data that the user brought.
    Seed,
    /// Judging examples made of ranked responses, and the model that judges them.
    Examples,
    /// M1, the first that is trained.
    FirstModel,
    /// The round that makes M_{t+1} of M_t, that model with it.
    Round(u32),
    /// The evaluation of M_t.
    Evaluation(u32),
}

impl Part {
    /// Which model it is made for: M1 or a later one.
    pub fn model(self) -> u32 {
        match self {
            Self::Seed | Self::Examples | Self::FirstModel => 1,
            Self::Round(t) => t + 1,
            Self::Evaluation(t) => t,
        }
    }
}

/// When a run has a step; what holds in a run is known to who reads its configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum When {
    /// In every run.
    Always,
    /// There are judging examples to train on.
    JudgingExamples,
    /// There are ranked judging examples to evaluate on.
    HeldOutExamples,
    /// There are ranked responses, to make judging examples of.
    RankedResponses,
    /// The judging examples to evaluate on are made of ranked responses.
    HeldOutOfRanked,
    /// The judge is tested with known answers.
    Anchors,
    /// It is, and there is a judge to test in this iteration.
    AnchorsJudged,
    /// There are prompts that ask for harm.
    Safety,
    /// There are, and the answers are judged too.
    SafetyJudged,
    /// Models are compared with each other.
    HeadToHead,
    /// Preferences come of judgments or of known answers.
    Scored,
    /// Responses are written with a verdict each.
    Unpaired,
    /// The next model learns of single responses.
    TrainedOnUnpaired,
    /// The next model is fine-tuned on perfect answers.
    PositiveOnly,
    /// Preferences are pairs.
    Paired,
    /// M0's answers are held against M_t's.
    AnchoredRejection,
    /// Pairs are weighted by what the judge before says.
    LabelWeights,
    /// Safety counts as a second reward.
    SafetyReward,
    /// A model trained on the pairs answers too.
    FutureGuided,
    /// It does, and is trained here.
    FutureGuidedHere,
    /// Judgments are compared with each other in this iteration.
    MetaJudged,
    /// The next model is trained here on pairs.
    TrainedOnPairsHere,
}

/// A step of a run: one folder and what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it belongs to.
    pub part: Part,
    /// The kind of its artifact, [`Kind::NAME`].
    pub kind: &'static str,
    /// When a run has it.
    pub when: When,
    /// What it holds, for people to read.
    pub label: &'static str,
    /// Whether it is what another program makes the model of the same name of. A run has it where
    /// `when` holds and that model is trained elsewhere.
    pub is_hand_over: bool,
    /// The folder's path but for a number; `None` for a model of the loop.
    name: Option<&'static str>,
}

impl Step {
    /// Its folder, relative to the run's, with `/` between the parts.
    pub fn path(&self) -> String {
        if self.is_hand_over { hand_over(&self.made()) } else { self.made() }
    }

    /// Its folder; for a hand-over that of the model made of it.
    pub fn made(&self) -> String {
        match (self.part, self.name) {
            (Part::FirstModel, _) => model(1),
            (Part::Round(t), None) => model(t + 1),
            (Part::Round(t), Some(stage)) => round(t, stage),
            (Part::Evaluation(t), stage) => evaluation(t, stage.unwrap_or_default()),
            (Part::Seed | Part::Examples, name) => name.unwrap_or_default().to_owned(),
        }
    }

    /// The last part of its path, the same in every iteration; for a model of the loop the whole.
    pub fn stage(&self) -> String {
        let path = self.made();
        path.rsplit('/').next().unwrap_or_default().to_owned()
    }

    /// Whether it is a model of the loop, or what another program makes one of.
    pub fn is_model_of_the_loop(&self) -> bool {
        self.name.is_none()
    }

    /// The iteration whose folder it is in, where it is in one. A model is in none.
    pub fn iteration(&self) -> Option<u32> {
        match (self.part, self.name) {
            (Part::Round(t), Some(_)) => Some(t),
            (Part::Evaluation(t), _) => Some(t - 1),
            _ => None,
        }
    }

    /// Whether the run in this folder has finished it.
    pub fn is_made(&self, run_dir: &Path) -> bool {
        run_dir.join(self.path()).join(crate::manifest::MANIFEST).exists()
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path())
    }
}

/// Every step that a run of this many iterations may have, in the order in which they are made.
pub fn steps(iterations: u32) -> Vec<Step> {
    let mut steps: Vec<Step> = SEED.iter().map(|row| row.step(Part::Seed)).collect();
    steps.extend(EXAMPLES.iter().map(|row| row.step(Part::Examples)));
    steps.push(TRAINED.step(Part::FirstModel));
    // M0 answers before M1 is evaluated, to be compared with it.
    steps.push(M0_ANSWERS.step(Part::Evaluation(1)));
    steps.extend(EVALUATION.iter().map(|row| row.step(Part::Evaluation(1))));
    for t in 1..=iterations {
        steps.extend(ROUND.iter().map(|row| row.step(Part::Round(t))));
        steps.push(TRAINED.step(Part::Round(t)));
        steps.extend(EVALUATION.iter().map(|row| row.step(Part::Evaluation(t + 1))));
    }
    steps.into_iter().flat_map(with_hand_over).collect()
}

/// What is handed over for a model comes before the model.
fn with_hand_over(step: Step) -> Vec<Step> {
    if step.kind != Model::NAME {
        return vec![step];
    }
    let label = "what another program trains the model with";
    vec![Step { kind: HandOver::NAME, is_hand_over: true, label, ..step }, step]
}

/// A step without its number.
struct Line(Option<&'static str>, &'static str, When, &'static str);

impl Line {
    fn step(&self, part: Part) -> Step {
        let Self(name, kind, when, label) = *self;
        Step { part, kind, when, label, is_hand_over: false, name }
    }
}

const fn line<K: Kind>(name: &'static str, when: When, label: &'static str) -> Line {
    Line(Some(name), K::NAME, when, label)
}

const TRAINED: Line = Line(None, Model::NAME, When::Always, "the trained model");

const M0_ANSWERS: Line =
    line::<Responses>("m0-responses", When::HeadToHead, "M0's answers to the held-out prompts");

const SEED: [Line; 11] = [
    line::<Ift>("seed/ift", When::Always, "instruction examples to train on"),
    line::<Ift>("seed/judge-sft", When::JudgingExamples, "judging examples to train on"),
    line::<Ift>("seed/ift-held-out", When::Always, "instruction examples to evaluate on"),
    line::<Prompts>("seed/eval-prompts", When::Always, "prompts to evaluate on"),
    line::<Prompts>("seed/ranked-prompts", When::HeldOutExamples, "prompts of ranked responses"),
    line::<Responses>("seed/ranked-responses", When::HeldOutExamples, "ranked responses to judge"),
    line::<Prompts>("seed/to-judge-prompts", When::RankedResponses, "prompts of responses to rank"),
    line::<Responses>("seed/to-judge-responses", When::RankedResponses, "responses people ranked"),
    line::<Prompts>("seed/anchors-prompts", When::Anchors, "questions with known answers"),
    line::<Responses>("seed/anchors-responses", When::Anchors, "right and wrong answers"),
    line::<Prompts>("seed/safety-prompts", When::Safety, "harmful and harmless prompts"),
];

const EXAMPLES: [Line; 7] = [
    line::<Model>("eft/baseline", When::RankedResponses, "the model that judges ranked responses"),
    line::<Judgments>("eft/judgments", When::RankedResponses, "its judgments"),
    line::<Eft>("eft/train", When::RankedResponses, "judgments that agree with people"),
    line::<Eft>("eft/evaluation", When::RankedResponses, "ranked responses kept for evaluation"),
    line::<Ift>("eft/judge-sft", When::RankedResponses, "judging examples to train on"),
    line::<Prompts>("eft/held-out-prompts", When::HeldOutOfRanked, "prompts of ranked responses"),
    line::<Responses>("eft/held-out-responses", When::HeldOutOfRanked, "ranked responses to judge"),
];

/// Most runs have few of them.
const ROUND: [Line; 21] = [
    line::<Prompts>("prompts", When::Always, "new prompts"),
    line::<Responses>("responses", When::Always, "candidate responses"),
    line::<Judgments>("judgments", When::Scored, "judgments of the responses"),
    line::<Unpaired>("unpaired", When::Unpaired, "responses with a verdict each"),
    line::<Ift>("perfect", When::PositiveOnly, "perfect answers"),
    line::<Ift>("seed-and-perfect", When::PositiveOnly, "perfect answers and seed examples"),
    line::<Responses>("anchor-responses", When::AnchoredRejection, "M0's answers"),
    line::<Judgments>("anchor-judgments", When::AnchoredRejection, "judgments of M0's answers"),
    line::<Judgments>("judgments-before", When::LabelWeights, "judgments by the model before"),
    line::<Judgments>("safety-judgments", When::SafetyReward, "judgments by the safety rubric"),
    line::<Pairs>("pairs", When::Paired, "preference pairs"),
    line::<RefLogps>("future-ref-logps", When::FutureGuidedHere, "the future model's reference"),
    line::<Model>("future-model", When::FutureGuided, "a model trained on the pairs"),
    line::<Responses>("future-responses", When::FutureGuided, "its answers"),
    line::<Judgments>("future-judgments", When::FutureGuided, "judgments of its answers"),
    line::<Pairs>("guided-pairs", When::FutureGuided, "pairs with its better answers"),
    line::<Battles>("battles", When::MetaJudged, "comparisons of judgments"),
    line::<Pairs>("judge-pairs", When::MetaJudged, "pairs of judgments"),
    line::<Pairs>("all-pairs", When::MetaJudged, "pairs of answers and of judgments"),
    line::<RefLogps>("ref-logps", When::TrainedOnPairsHere, "log-probabilities under M_t"),
    line::<UnpairedRefLogps>(
        "unpaired-ref-logps",
        When::TrainedOnUnpaired,
        "log-probabilities under M_t",
    ),
];

const EVALUATION: [Line; 8] = [
    line::<Judgments>("anchors-judgments", When::AnchorsJudged, "judgments of known answers"),
    line::<Eval>("anchors", When::AnchorsJudged, "the judge against known answers"),
    line::<Responses>("eval-safety-responses", When::Safety, "answers to the safety prompts"),
    line::<Judgments>("eval-safety-judgments", When::SafetyJudged, "judgments of those answers"),
    line::<Eval>("eval-safety", When::Safety, "what the model refuses"),
    line::<Responses>("eval-responses", When::Always, "answers to the held-out prompts"),
    line::<Judgments>("eval-judgments", When::Always, "judgments of ranked responses"),
    line::<Eval>("eval", When::Always, "the evaluation"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_folder_stands_once_and_after_what_it_is_made_of() {
        let paths: Vec<String> = steps(2).iter().map(Step::path).collect();
        let distinct: BTreeSet<&String> = paths.iter().collect();
        assert_eq!(distinct.len(), paths.len());
        let at = |path: &str| paths.iter().position(|found| found == path).unwrap();
        for (before, after) in [
            ("seed/ift", "external/m1"),
            ("external/m1", "m1"),
            ("m1", "iter-0/m0-responses"),
            ("iter-0/m0-responses", "iter-0/eval"),
            ("iter-0/eval", "iter-1/prompts"),
            ("iter-1/pairs", "m2"),
            ("m2", "iter-1/eval-responses"),
            ("iter-1/eval", "iter-2/prompts"),
            ("iter-1/future-model", "iter-1/guided-pairs"),
        ] {
            assert!(at(before) < at(after), "{before} {after}");
        }
        assert_eq!(paths.last().unwrap(), "iter-2/eval");
    }

    #[test]
    fn a_path_tells_what_its_step_belongs_to() {
        for step in steps(3) {
            assert_eq!(part_of(&step.path()), Some(step.part), "{step}");
            assert_eq!(iteration_of(&step.made()), step.iteration(), "{step}");
        }
        assert_eq!(part_of("iter-2"), Some(Part::Round(2)));
        assert_eq!([part_of("report"), part_of("m0"), part_of("mine")], [None; 3]);
    }

    #[test]
    fn a_step_knows_its_iteration_and_its_stage() {
        let found = steps(1);
        let of = |path: &str| *found.iter().find(|step| step.path() == path).unwrap();
        let facts = |path: &str| (of(path).iteration(), of(path).stage(), of(path).kind);
        assert_eq!(facts("iter-1/pairs"), (Some(1), "pairs".to_owned(), "pairs"));
        assert_eq!(facts("iter-0/eval"), (Some(0), "eval".to_owned(), "eval"));
        assert_eq!(facts("m2"), (None, "m2".to_owned(), "model"));
        assert_eq!(facts("external/m2"), (None, "m2".to_owned(), "hand-over"));
        assert_eq!(facts("eft/baseline").2, "model");
        assert!(
            of("m2").is_model_of_the_loop() && !of("iter-1/future-model").is_model_of_the_loop()
        );
    }
}
