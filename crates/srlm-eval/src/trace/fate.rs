//! What came of a prompt, with the reason.

use serde::Serialize;
use srlm_artifact::{Manifest, layout};

use super::no_pair::no_pair;
use super::ranking::Settings;
use super::{Part, TracedPair, TracedResponse};

/// The last that is known of a prompt, or of a text that did not become one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fate {
    /// What came of it.
    pub outcome: Outcome,
    /// Why, by the name of the count under which it went: `similar`, `tied`, `prompt_too_long`.
    /// Where nothing is wrong, the folder that is awaited, or the model that was trained.
    pub reason: String,
    /// The reason in words, with numbers.
    pub told: String,
}

/// How far a prompt came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Generated and not kept.
    Dropped,
    /// The loop is not there yet.
    Waiting,
    /// Its responses gave no pair.
    NotPaired,
    /// None of its responses is perfect, where only such are trained on.
    NotPerfect,
    /// It left no room for a response.
    DidNotFit,
    /// The next model was trained on it.
    TrainedOn,
}

/// What there is of an iteration.
pub(super) struct Stages {
    pub(super) iteration: u32,
    pub(super) settings: Settings,
    pub(super) is_answered: bool,
    pub(super) is_judged: bool,
    pub(super) pairs: Option<Manifest>,
    pub(super) guided: Option<Manifest>,
    pub(super) perfect: Option<Manifest>,
    pub(super) has_ref_logps: bool,
    pub(super) is_trained: bool,
}

impl Stages {
    pub(super) fn fate(&self, responses: &[TracedResponse], pairs: &[TracedPair]) -> Fate {
        match (&self.pairs, &self.perfect) {
            (Some(manifest), _) => self.of_pairs(manifest, responses, pairs),
            (None, Some(_)) => self.of_perfect(responses),
            (None, None) if !self.is_answered => self.waiting("responses"),
            (None, None) if !self.is_judged => self.waiting("judgments"),
            (None, None) => self.waiting("pairs"),
        }
    }

    fn of_pairs(
        &self,
        manifest: &Manifest,
        responses: &[TracedResponse],
        pairs: &[TracedPair],
    ) -> Fate {
        let has = |folder| pairs.iter().any(|pair| pair.folder == folder);
        if !has("pairs") {
            let fate = self.not_paired(manifest, responses);
            let n_of_judgments = pairs.iter().filter(|pair| pair.fits == Some(true)).count();
            let also = match n_of_judgments {
                0 => String::new(),
                n => format!("; {n} pairs of judgments of its responses are trained on"),
            };
            return Fate { told: fate.told + &also, ..fate };
        }
        if let Some(guided) = self.guided.as_ref().filter(|_| !has("guided-pairs")) {
            let told = "its pair was left out when the future model's responses came in";
            let is_identical = guided.counts.get("identical").is_some_and(|n| *n > 0);
            let (reason, why) = match is_identical {
                true => ("identical", "the future model's best is the rejected text"),
                false => ("not_lower", "the chosen one scores no higher than the rejected one"),
            };
            return fate(Outcome::NotPaired, reason, format!("{told}: {why}"));
        }
        if !self.has_ref_logps {
            return self.waiting("ref-logps");
        }
        let n_fitting = pairs.iter().filter(|pair| pair.fits == Some(true)).count();
        let n_all = pairs.iter().filter(|pair| pair.fits.is_some()).count();
        if n_fitting == 0 {
            let told = "the prompt leaves no room for a response within max_length: no reference log-probabilities";
            return fate(Outcome::DidNotFit, "prompt_too_long", told.to_owned());
        }
        self.trained(format!("{n_fitting} of {n_all} pairs of it"))
    }

    fn not_paired(&self, manifest: &Manifest, responses: &[TracedResponse]) -> Fate {
        if manifest.provenance.stage == "srlm-pairs/spin" {
            let told =
                "each response has the text of the human's answer, or there is none".to_owned();
            return fate(Outcome::NotPaired, "identical", told);
        }
        let (reason, told) = no_pair(responses, &self.settings, self.iteration, &manifest.counts);
        fate(Outcome::NotPaired, &reason, told)
    }

    fn of_perfect(&self, responses: &[TracedResponse]) -> Fate {
        let is_perfect = |one: &&TracedResponse| one.uses.iter().any(|it| it.part == Part::Perfect);
        let (n_perfect, n_all) = (responses.iter().filter(is_perfect).count(), responses.len());
        if n_perfect > 0 {
            return self.trained(format!("{n_perfect} of {n_all} responses to it"));
        }
        let scores = || responses.iter().filter_map(|one| one.score);
        let best = scores().fold(f64::NEG_INFINITY, f64::max);
        match scores().count() {
            0 => fate(
                Outcome::NotPerfect,
                "unscored",
                format!("none of {n_all} responses has a score"),
            ),
            _ => fate(
                Outcome::NotPerfect,
                "imperfect",
                format!("the best of {n_all} responses scores {best:.2}"),
            ),
        }
    }

    fn trained(&self, on_what: String) -> Fate {
        let next = self.iteration + 1;
        let folder = layout::model(next);
        if !self.is_trained {
            return self.waiting(&folder);
        }
        fate(Outcome::TrainedOn, &folder, format!("M{next} was trained on {on_what}"))
    }

    fn waiting(&self, folder: &str) -> Fate {
        fate(
            Outcome::Waiting,
            folder,
            format!("{folder} of iteration {} is not complete yet", self.iteration),
        )
    }
}

fn fate(outcome: Outcome, reason: &str, told: String) -> Fate {
    Fate { outcome, reason: reason.to_owned(), told }
}
