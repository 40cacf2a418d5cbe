//! The stage: `iter-T/pairs`.

use std::path::Path;

use srlm_artifact::{
    Artifact, Counts, Judgments, Made, PairRow, Pairs, Place, Prompts, Recipe, Responses, Settings,
    Stage, make, stage,
};

use crate::config::check;
use crate::counts::by_name;
use crate::safety::check_weight;
use crate::side_stages::Judged;
use crate::{
    Error, LabelWeights, PairsConfig, RankConsistency, SafetyReward, anchor, rank_consistency,
    select_pairs, weigh, with_safety,
};

const STAGE: Stage = stage!("srlm-pairs", 2);

/// What the stage reads.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// What was asked.
    pub prompts: &'a Artifact<Prompts>,
    /// The candidates.
    pub responses: &'a Artifact<Responses>,
    /// What the judge said of them.
    pub judgments: &'a Artifact<Judgments>,
    /// M0's responses to the same prompts and what the judge said of them; read with
    /// `anchored_rejection` only.
    pub anchors: Option<(&'a Artifact<Responses>, &'a Artifact<Judgments>)>,
    /// What the judge of the iteration before says of `responses`; read with `label_weights` only.
    pub judgments_before: Option<&'a Artifact<Judgments>>,
    /// What the judge says of `responses` by a safety rubric, which counts beside its `judgments`;
    /// see
    /// [`with_safety`]. Not with `anchored_rejection`.
    pub safety: Option<SafetyReward<'a>>,
}

/// Selects the pairs and writes them with their counts; none at all is an artifact as well.
///
/// # Errors
/// [`Error::MissingInput`] where a setting needs an input that is not there, and those of
/// [`PairsConfig::validate`],
/// [`candidates_by_prompt`](crate::candidates_by_prompt) and the artifacts.
pub fn run(
    config: &PairsConfig,
    inputs: Inputs<'_>,
    place: Place,
    out: &Path,
) -> Result<Artifact<Pairs>, Error> {
    config.validate()?;
    let extra = Extra::of(config, inputs)?;
    make(out, recipe(config, inputs, &extra, place), |_| {
        let (pairs, counts) = select(config, inputs, &extra, place)?;
        Ok(Made::on_cpu(pairs, counts))
    })
}

fn select(
    config: &PairsConfig,
    inputs: Inputs<'_>,
    extra: &Extra<'_>,
    place: Place,
) -> Result<(Vec<PairRow>, Counts), Error> {
    let mut candidates = own(inputs).candidates(config.aggregation)?;
    let mut counts = Counts::new();
    let mut consistency = None;
    if let Some(before) = extra.before {
        let found = rank_consistency(&candidates, &before.candidates(config.aggregation)?);
        counts.extend(consistency_counts(&found));
        consistency = Some(found);
    }
    if let Some(safety) = inputs.safety {
        let judged = Judged { judgments: safety.judgments, ..own(inputs) };
        let (combined, found) =
            with_safety(candidates, &judged.candidates(config.aggregation)?, safety.weight);
        counts.extend(by_name(&found));
        candidates = combined;
    }
    let mut selection = match extra.anchors {
        None => select_pairs(&candidates, config, place),
        Some(anchors) => {
            anchor(&candidates, &anchors.candidates(config.aggregation)?, config, place)
        }
    };
    drop(candidates);
    counts.extend(Counts::from(selection.counts));
    if let Some(consistency) = consistency {
        weigh(&mut selection.pairs, &consistency, config.label_weights);
    }
    Ok((selection.pairs, counts))
}

/// The inputs that the settings ask for beyond the usual ones.
struct Extra<'a> {
    anchors: Option<Judged<'a>>,
    before: Option<Judged<'a>>,
}

impl<'a> Extra<'a> {
    fn of(config: &PairsConfig, inputs: Inputs<'a>) -> Result<Self, Error> {
        let Inputs { prompts, responses, .. } = inputs;
        if let Some(safety) = inputs.safety {
            check_weight(safety.weight)?;
            let remedy =
                "M0's responses have no safety scores: set it to false, or safety_weight to 0";
            check(!config.anchored_rejection, "anchored_rejection", true, remedy)?;
        }
        let missing = |key, needs, off| Error::MissingInput { key, needs, off };
        let anchors =
            inputs.anchors.map(|(responses, judgments)| Judged { prompts, responses, judgments });
        let before =
            inputs.judgments_before.map(|judgments| Judged { prompts, responses, judgments });
        let needs = "M0's responses to the prompts and their judgments";
        let anchors = config
            .anchored_rejection
            .then(|| anchors.ok_or(missing("anchored_rejection", needs, "false")))
            .transpose()?;
        let needs = "judgments of the responses by the model of the iteration before";
        let is_weighed = config.label_weights != LabelWeights::None;
        let before = is_weighed
            .then(|| before.ok_or(missing("label_weights", needs, "\"none\"")))
            .transpose()?;
        Ok(Self { anchors, before })
    }
}

fn own(inputs: Inputs<'_>) -> Judged<'_> {
    let Inputs { prompts, responses, judgments, .. } = inputs;
    Judged { prompts, responses, judgments }
}

/// Prompts with and without a consistency.
fn consistency_counts(consistency: &RankConsistency) -> Counts {
    let ranked_twice = ("ranked_twice".to_owned(), consistency.by_prompt.len() as u64);
    Counts::from([ranked_twice, ("not_ranked_twice".to_owned(), consistency.n_undefined)])
}

/// The seed and the iteration are part of the recipe where they change what comes out.
fn recipe(config: &PairsConfig, inputs: Inputs<'_>, extra: &Extra<'_>, place: Place) -> Recipe {
    let mut sources = own(inputs).as_inputs("").to_vec();
    if let Some(anchors) = extra.anchors {
        sources.extend_from_slice(&anchors.as_inputs("anchor_")[1..]);
    }
    if let Some(before) = extra.before {
        sources.push(before.judgments.as_input("judgments_before"));
    }
    sources.extend(inputs.safety.map(|safety| safety.judgments.as_input("safety_judgments")));
    let seed = if config.draws() { place.run_seed } else { 0 };
    let mut recipe = STAGE.recipe(Settings::of(config), seed, sources);
    if config.depends_on_iteration() {
        recipe = recipe.with("iteration", place.iteration);
    }
    if let Some(safety) = inputs.safety {
        recipe = recipe.with("safety_weight", safety.weight);
    }
    recipe
}
